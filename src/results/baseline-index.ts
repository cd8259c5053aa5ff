import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { codeOf, EnvironmentError, messageOf, UsageError } from '../util/errors.ts';
import { type Baseline, baselineFileSchema, type Place } from './baseline-schema.ts';
import { cleaned, cleanText } from './clean.ts';
import { runRecordSchema } from './schema.ts';

/** Under the folder of the runs: `baselines/<host>/<kernel>/<name>/`, each a run's folder. */
export const BASELINES_FOLDER = 'baselines';
/** Beside the run's own files: what the run itself does not know. */
export const BASELINE_FILE = 'baseline.json';
/** In a baseline of several runs: the folders of all but the first. */
export const MORE_RUNS_FOLDER = 'more';
/** Wherever a command takes a run, this before a name makes it a baseline. */
export const BASELINE_PREFIX = 'baseline:';

export interface BaselineIndex {
  /** The last one saved first. */
  readonly baselines: readonly Baseline[];
  /** Folders that should hold a baseline and do not. */
  readonly problems: readonly string[];
}

/** Names that mean a search, not a name. */
const SEARCHES = ['previous-kernel', 'this-kernel'] as const;
/** No separators, and no dot first: a name is one folder below its kernel's, wherever it comes from. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** What may stand before the id of a run. */
const NAMED = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(@[^/]*)?$/;

/** Throws `UsageError` for a name that cannot be a folder's, or that means a search. */
export function requireBaselineName(name: string): void {
  if (SEARCHES.some((search) => search === name))
    throw new UsageError(`a baseline cannot be called ${name}: that finds one; choose another name`);
  if (NAME.test(name)) return;
  throw new UsageError(
    `${JSON.stringify(name)} cannot name a baseline: up to 64 letters, digits, '.', '_' and '-', the first a letter or a digit`,
  );
}

/** Where the baseline `name` of a host and kernel is kept. Two builds of one release are two kernels. */
export function baselineFolder(outDir: string, place: Place, name: string): string {
  const build = createHash('sha256').update(place.kernelVersion).digest('hex').slice(0, 8);
  const kernel = `${folderName(place.kernel)}_${build}`;
  return resolve(outDir, BASELINES_FOLDER, hostFolder(place.host), kernel, name);
}

/** A run.json may come from anywhere: what it calls its host and kernel is no path. */
export function folderName(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9._+-]/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'unknown';
}

function hostFolder(host: string | null): string {
  return host === null ? 'unknown-host' : folderName(host);
}

/** All baselines of all hosts under `outDir`. */
export async function listBaselines(outDir: string): Promise<BaselineIndex> {
  const top = resolve(outDir, BASELINES_FOLDER);
  const baselines: Baseline[] = [];
  const problems: string[] = [];
  for (const host of await foldersIn(top))
    for (const kernel of await foldersIn(join(top, host)))
      for (const name of await foldersIn(join(top, host, kernel))) {
        const folder = join(top, host, kernel, name);
        try {
          baselines.push({ ...cleaned({ name, host }), ...(await readBaseline(folder)), folder });
        } catch (error) {
          problems.push(cleanText(`${folder} is no baseline: ${messageOf(error)}`));
        }
      }
  baselines.sort((a, b) => b.savedAt.localeCompare(a.savedAt) || a.folder.localeCompare(b.folder));
  return { baselines, problems };
}

/** Names that a baseline's folder may have: one that is being written has another. */
async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return [];
    throw new EnvironmentError(`cannot read ${folder}: ${codeOf(cause) ?? messageOf(cause)}`, { cause });
  });
  return entries.flatMap((entry) => (entry.isDirectory() && !entry.name.startsWith('.') ? [entry.name] : []));
}

/** What the index takes from run.json; whether the rest of it can be read is for its readers to say. */
const indexedSchema = z.object({
  runId: runRecordSchema.shape.runId,
  status: runRecordSchema.shape.status,
  environment: runRecordSchema.shape.environment.pick({ kernel: true, kernelVersion: true }),
});

async function readBaseline(folder: string): Promise<Omit<Baseline, 'name' | 'host' | 'folder'>> {
  const { runId, status, environment } = await readJson(join(folder, 'run.json'), indexedSchema);
  const file = await readJson(join(folder, BASELINE_FILE), baselineFileSchema);
  const runIds = file.schemaVersion === 1 ? [runId] : file.runIds;
  const statuses = [status];
  for (const [i, own] of runFoldersOf({ folder, runIds }).entries()) {
    const found = i === 0 ? { runId, status } : await readJson(join(own, 'run.json'), indexedSchema);
    if (found.runId !== runIds[i])
      throw new UsageError(`${own} holds run ${found.runId} in place of run ${runIds[i]}`);
    statuses.push(found.status);
  }
  return {
    ...environment,
    runId,
    runs: runIds.length,
    runIds,
    status: statuses.find((one) => one !== 'complete') ?? 'complete',
    savedAt: file.savedAt,
  };
}

async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (parsed.success) return cleaned(parsed.data);
  const [issue] = parsed.error.issues;
  throw new UsageError(`${file}: $.${issue?.path.join('.')}: ${issue?.message}`);
}

/** The folders of all runs of a baseline, the one that it is called by first. */
export function runFoldersOf({ folder, runIds }: Pick<Baseline, 'folder' | 'runIds'>): string[] {
  return runIds.map((runId, i) => (i === 0 ? folder : join(folder, MORE_RUNS_FOLDER, folderName(runId))));
}

/** What a reference stands for: a baseline, and the folders of all of its runs or of the one that is named. */
export interface FoundRuns {
  readonly baseline: Baseline;
  readonly folders: readonly string[];
}

/**
 * The runs that `<baseline>` or `<baseline>/<run id>` names, `<baseline>` as `findBaseline` takes it. Throws as that does,
 * and `UsageError` for a run that the baseline does not hold.
 */
export function findBaselineRuns(reference: string, index: BaselineIndex, here: Place): FoundRuns {
  const at = reference.lastIndexOf('/');
  const inside = at > 0 && NAMED.test(reference.slice(0, at));
  const baseline = findBaseline(inside ? reference.slice(0, at) : reference, index, here);
  const folders = runFoldersOf(baseline);
  if (!inside) return { baseline, folders };
  const runId = reference.slice(at + 1);
  const own = folders[baseline.runIds.indexOf(runId)];
  if (own === undefined)
    throw new UsageError(
      `baseline ${baseline.name} holds no run ${cleanText(runId)}; it holds ${baseline.runIds.join(', ')}`,
    );
  return { baseline, folders: [own] };
}

/** Throws `UsageError` that says what to name where a reference stands for several runs. */
export function requireOneRun(reference: string, { baseline, folders }: FoundRuns): string {
  const [folder, ...more] = folders;
  if (folder !== undefined && more.length === 0) return folder;
  const names = baseline.runIds.map((runId) => `${BASELINE_PREFIX}${reference}/${runId}`);
  throw new UsageError(
    `baseline ${reference} holds ${folders.length} runs, and one is needed: name ${names.slice(0, 5).join(' or ')}`,
  );
}

/** Whether it was measured on this host. */
export function isOfHost(baseline: Baseline, here: Place): boolean {
  return baseline.host === hostFolder(here.host);
}

/** Whether it was measured on this build of this release, on whatever host. */
export function isOfKernel(baseline: Baseline, here: Place): boolean {
  return baseline.kernel === here.kernel && baseline.kernelVersion === here.kernelVersion;
}

/**
 * The baseline that a reference names:
 *
 * - `<name>`: the last one saved under it; of this host, if it has one,
 * - `<name>@<kernel>`: the same, of the kernel with this release,
 * - `previous-kernel`: the last one saved of this host that was measured on another kernel,
 * - `this-kernel`: the last one saved of this host and kernel.
 *
 * Throws `UsageError` if there is no baseline of that name, `EnvironmentError` if a search finds none:
 * then nobody mistyped, there is only nothing yet.
 */
export function findBaseline(reference: string, { baselines }: BaselineIndex, here: Place): Baseline {
  const ofThisHost = baselines.filter((baseline) => isOfHost(baseline, here));
  const isHere = (baseline: Baseline) => isOfKernel(baseline, here);
  if (reference === 'previous-kernel')
    return (
      ofThisHost.find((baseline) => !isHere(baseline)) ?? nothingYet('another kernel than', here, ofThisHost)
    );
  if (reference === 'this-kernel')
    return ofThisHost.find(isHere) ?? nothingYet('the running kernel', here, ofThisHost);
  const [name = '', kernel] = reference.split('@', 2);
  const fits = (baseline: Baseline) =>
    baseline.name === name && (kernel === undefined || baseline.kernel === kernel);
  return ofThisHost.find(fits) ?? baselines.find(fits) ?? unknownBaseline(reference, baselines);
}

function nothingYet(which: string, here: Place, known: readonly Baseline[]): never {
  const has = known.map((baseline) => `${baseline.name}@${baseline.kernel}`);
  throw new EnvironmentError(
    `this host has no baseline of ${which} ${here.kernel}; ` +
      (has.length > 0
        ? `it has ${has.slice(0, 5).join(', ')}`
        : 'save one with iomodels-bench baseline save <name>'),
  );
}

function unknownBaseline(reference: string, baselines: readonly Baseline[]): never {
  const known = [...new Set(baselines.map((baseline) => `${baseline.name}@${baseline.kernel}`))];
  throw new UsageError(
    `no baseline ${reference}; ` +
      (known.length > 0
        ? `there are ${known.slice(0, 5).join(', ')}`
        : 'save one with iomodels-bench baseline save <name>'),
  );
}
