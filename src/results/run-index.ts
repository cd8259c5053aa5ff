import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { codeOf, EnvironmentError, messageOf, UsageError } from '../util/errors.ts';
import { cleaned, cleanText } from './clean.ts';
import { NOISE_FOLDER } from './noise.ts';
import type { RunEntry } from './run-entry-schema.ts';
import { type RunKind, type RunStatus, runRecordSchema } from './schema.ts';
import { RECORD_FILE } from './store.ts';

export interface RunIndex {
  /** In the order in which they ended; those without an end by their start. */
  readonly runs: readonly RunEntry[];
  /** Folders whose run.json cannot be read. */
  readonly problems: readonly string[];
}

/** Of run.json no more than the index takes: one that is damaged elsewhere can still be listed. */
const indexedSchema = runRecordSchema.pick({
  runId: true,
  kind: true,
  status: true,
  startedAt: true,
  finishedAt: true,
});
const sizesSchema = z.object({
  environment: runRecordSchema.shape.environment.pick({ kernel: true }),
  settings: z.object({ entries: z.array(z.unknown()), workloads: z.array(z.object({ id: z.string() })) }),
});

/** All runs under `outDir`, the one that ended last at the end. */
export async function listRuns(outDir: string): Promise<RunIndex> {
  const names = await readdir(outDir).catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return [] as string[];
    throw new EnvironmentError(`cannot read ${resolve(outDir)}: ${codeOf(cause) ?? messageOf(cause)}`, {
      cause,
    });
  });
  const found: { entry: RunEntry; writtenMs: number }[] = [];
  const problems: string[] = [];
  for (const name of names) {
    const folder = resolve(outDir, name);
    const record = await stat(join(folder, RECORD_FILE)).catch(() => null);
    if (!record?.isFile()) continue;
    try {
      found.push({ entry: await readEntry(folder, outDir), writtenMs: record.mtimeMs });
    } catch (error) {
      problems.push(cleanText(`${folder} is no run that can be read: ${messageOf(error)}`));
    }
  }
  // Ids have whole seconds and a random end: of two runs of a second they do not say which came later.
  const endOf = ({ entry }: (typeof found)[number]) => Date.parse(entry.finishedAt ?? entry.startedAt);
  found.sort(
    (a, b) => endOf(a) - endOf(b) || a.writtenMs - b.writtenMs || a.entry.runId.localeCompare(b.entry.runId),
  );
  return { runs: found.map(({ entry }) => entry), problems };
}

async function readEntry(folder: string, outDir: string): Promise<RunEntry> {
  const json: unknown = JSON.parse(await readFile(join(folder, RECORD_FILE), 'utf8'));
  const { kind, ...indexed } = cleaned(indexedSchema.parse(json));
  const { environment, settings } = cleaned(sizesSchema.parse(json));
  return {
    ...indexed,
    kind: kind ?? (await kindOfOld(folder, outDir, settings.workloads)),
    kernel: environment.kernel,
    models: settings.entries.length,
    workloads: settings.workloads.length,
    bytes: await bytesUnder(folder),
    folder,
  };
}

/** Versions that did not store the kind left it in the ids of a sweep, and in the certificate of equals. */
async function kindOfOld(
  folder: string,
  outDir: string,
  workloads: readonly { readonly id: string }[],
): Promise<RunKind> {
  if (workloads.length > 0 && workloads.every(({ id }) => /^idle-\d+-active-\d+$/.test(id))) return 'scale';
  const certificate = join(outDir, NOISE_FOLDER, `${basename(folder)}.json`);
  return (await stat(certificate).catch(() => null)) === null ? 'run' : 'noise';
}

async function bytesUnder(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => stat(join(entry.parentPath, entry.name)).catch(() => null)),
  );
  return sizes.reduce((sum, found) => sum + (found?.size ?? 0), 0);
}

export interface NewestRun {
  readonly run: RunEntry;
  /** Later ones, and why they are not it. */
  readonly passedOver: readonly string[];
}

/** So many runs that are of no use here are named. */
const PASSED_NAMED_MAX = 3;

/**
 * The newest complete run of one of these kinds under `outDir`. Throws `UsageError` that names what there
 * is where there is none.
 */
export async function newestRun(outDir: string, kinds: readonly RunKind[]): Promise<NewestRun> {
  const { runs, problems } = await listRuns(outDir);
  const isUsable = ({ kind, status }: RunEntry) => status === 'complete' && kinds.includes(kind);
  const at = runs.findLastIndex(isUsable);
  const run = runs[at];
  const others = runs.slice(at + 1).toReversed();
  if (run !== undefined) return { run, passedOver: others.map(nameOf) };
  if (runs.length > 0)
    throw new UsageError(
      `no complete run of ${kinds.join(' or ')} under ${resolve(outDir)}, only ${some(others.map(nameOf))}; name one to take it as it is`,
    );
  throw new UsageError([
    `no run under ${resolve(outDir)}; measure one with iomodels-bench run, or name a folder with --results`,
    ...problems.slice(0, PASSED_NAMED_MAX),
  ]);
}

function nameOf({ runId, kind, status }: RunEntry): string {
  const what: Readonly<Record<RunStatus, string>> = {
    complete: kind,
    running: `${kind}, still running or killed`,
    interrupted: `${kind}, interrupted`,
    broken: `${kind}, broken off`,
  };
  return `${runId} (${what[status]})`;
}

/** The first few, and how many more. */
export function some(names: readonly string[]): string {
  const more = names.length - PASSED_NAMED_MAX;
  return `${names.slice(0, PASSED_NAMED_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
