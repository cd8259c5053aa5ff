import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from '../host/make-folder.ts';
import { codeOf, UsageError } from '../util/errors.ts';
import { counted } from '../util/units.ts';
import { unlike } from './alike.ts';
import {
  BASELINE_FILE,
  baselineFolder,
  folderName,
  listBaselines,
  MORE_RUNS_FOLDER,
  requireBaselineName,
  runFoldersOf,
} from './baseline-index.ts';
import type { Baseline, BaselineFile } from './baseline-schema.ts';
import { type LostCell, lostCells } from './cells.ts';
import { EXPLANATION_FILE } from './explanation.ts';
import { CALIBRATIONS_FILE, TRIALS_FILE } from './lines.ts';
import { type OpenedRun, openRuns } from './open-run.ts';
import type { CellName, RunResult } from './schema.ts';
import { createStore, RECORD_FILE, readRun, writing } from './store.ts';

export interface SaveRequest {
  readonly name: string;
  /** Each as `openRuns` takes it; the first one is what it is called by. */
  readonly runs: readonly string[];
  readonly outDir: string;
  /** Replaces a baseline of the same name, host and kernel, and keeps a run that is not whole. */
  readonly force: boolean;
  /** Cells that the replaced baseline has and the run may lack; absent: none. */
  readonly mayBeMissing?: (cell: CellName) => boolean;
  /** ISO 8601. */
  readonly now: string;
}

export interface SavedBaseline {
  readonly baseline: Baseline;
  /** The one that it took the place of. */
  readonly replaced: Baseline | null;
  readonly warnings: readonly string[];
}

/**
 * Copies the files of runs to where their host's and kernel's baselines are kept; they are where the run was
 * measured, not where it is saved. Throws `UsageError` for a name that cannot be one and, without
 * `force`, for a run that is not whole or a name that is taken, and in any case for one that lacks cells
 * of the baseline that it would replace and may not; `EnvironmentError` where it cannot be written.
 * Whatever happens, there is never half a baseline.
 */
export async function saveBaseline(request: SaveRequest): Promise<SavedBaseline> {
  const { name, outDir, force } = request;
  requireBaselineName(name);
  const opened: OpenedRun[] = [];
  for (const run of request.runs) opened.push(...(await openRuns(run, outDir)));
  const [result, ...more] = opened;
  if (result === undefined) throw new UsageError('a baseline needs a run');
  requireAlike(result, more);
  const lacks = opened.flatMap((run) => lacking(run).map((lack) => ({ run, lack })));
  const [wrong] = lacks;
  if (wrong !== undefined && !force)
    throw new UsageError(
      `run ${wrong.run.record.runId} makes no baseline: ${lacks.map(({ lack }) => lack).join('; ')}. Measure it again, or keep it as it is with --force`,
    );
  const folder = baselineFolder(outDir, result.record.environment, name);
  const replaced = await baselineIn(folder, outDir);
  if (replaced !== null && !force)
    throw new UsageError(
      `there is already a baseline ${name} of kernel ${replaced.kernel}: run ${replaced.runId}, saved ${replaced.savedAt}. Choose another name, or replace it with --force`,
    );
  const lost = replaced === null ? [] : await lostFrom(replaced, opened);
  requireNoLoss(request, result, lost);
  const shadowed = replaced === null ? await shadowedBy(opened, outDir) : null;
  await writing(folder, () => keep(opened, folder, request.now));
  const baseline = await baselineIn(folder, outDir);
  if (baseline === null) throw new Error(`${folder} was written and cannot be read`);
  const losses = lost.map((cell) => `it has no ${named(cell)}, which the one before had`);
  const warnings = [
    ...lacks.map(({ lack }) => lack),
    ...opened.flatMap(failures),
    ...partly(opened),
    ...losses,
    ...(shadowed ?? []),
  ];
  return { baseline, replaced, warnings };
}

/** Cells of a baseline that a run lacks; none where the baseline cannot be read any more. */
async function lostFrom(baseline: Baseline, runs: readonly RunResult[]): Promise<readonly LostCell[]> {
  const folders = runFoldersOf(baseline);
  const before = await Promise.all(folders.map((folder) => readRun(folder, '.').catch(() => null)));
  const names = runs.map(({ record }) => record.runId).join(' and ');
  return lostCells(
    before.filter((run) => run !== null),
    runs,
    `run ${names}`,
  );
}

/** Runs of one baseline stand for one measurement. */
function requireAlike({ record: first }: OpenedRun, more: readonly OpenedRun[]): void {
  const ids = new Set([first.runId]);
  for (const { record } of more) {
    if (ids.has(record.runId)) throw new UsageError(`run ${record.runId} is named twice`);
    ids.add(record.runId);
    const differences = unlike(first, record);
    if (differences.length > 0)
      throw new UsageError([
        `runs ${first.runId} and ${record.runId} make no baseline together; they differ in`,
        ...differences.map(({ what, values }) => `  ${what}: ${values[0]} and ${values[1]}`),
      ]);
  }
}

/** Cells that some of several runs have and others lack: they are kept, of those that have them. */
function partly(runs: readonly OpenedRun[]): readonly string[] {
  return runs.flatMap((run) =>
    lostCells(runs, [run], `run ${run.record.runId}`).map(
      (cell) => `not all of its runs have ${named(cell)}`,
    ),
  );
}

function requireNoLoss(
  { name, mayBeMissing }: SaveRequest,
  { record }: RunResult,
  lost: readonly LostCell[],
): void {
  const refused = lost.filter((cell) => !mayBeMissing?.(cell));
  if (refused.length === 0) return;
  throw new UsageError([
    `run ${record.runId} would make baseline ${name} smaller; it lacks`,
    ...refused.map((cell) => `  ${named(cell)}`),
    'Measure it again, choose another name, or allow it with --allow-missing <list>',
  ]);
}

function named({ label, workload, reason }: LostCell): string {
  return `${label} under ${workload} (${reason})`;
}

/** What `this-kernel` finds no longer, once the last one saved has another name and fewer cells. */
async function shadowedBy(runs: readonly RunResult[], outDir: string): Promise<readonly string[]> {
  const environment = runs[0]?.record.environment;
  if (environment === undefined) return [];
  const { baselines } = await listBaselines(outDir);
  const last = baselines.find(
    (baseline) => dirname(baseline.folder) === dirname(baselineFolder(outDir, environment, baseline.name)),
  );
  if (last === undefined) return [];
  return (await lostFrom(last, runs)).map(
    (cell) => `it has no ${named(cell)}, which ${last.name} has, the last one saved of this kernel until now`,
  );
}

/** What makes a run unfit to be compared with: it holds less than was planned. */
function lacking({ record, problems }: RunResult): readonly string[] {
  return [...(record.status === 'complete' ? [] : [`it is ${record.status}, not complete`]), ...problems];
}

function failures({ trials }: RunResult): readonly string[] {
  const failed = trials.filter((trial) => trial.status === 'failed').length;
  return failed > 0
    ? [`${failed} of its ${counted(trials.length, 'trial')} failed; the others are kept`]
    : [];
}

async function baselineIn(folder: string, outDir: string): Promise<Baseline | null> {
  const { baselines } = await listBaselines(outDir);
  return baselines.find((baseline) => baseline.folder === folder) ?? null;
}

/** Copies beside the place and renames. What is replaced may be among the runs. */
async function keep([first, ...more]: readonly OpenedRun[], to: string, savedAt: string): Promise<void> {
  if (first === undefined) return;
  await makeFolder(dirname(to));
  // A dot first: no name of a baseline starts so.
  const room = await mkdtemp(join(dirname(to), `.${basename(to)}-`));
  try {
    const partial = join(room, 'new');
    await mkdir(partial);
    await copyRun(first, partial);
    for (const run of more) {
      const folder = join(partial, MORE_RUNS_FOLDER, folderName(run.record.runId));
      await makeFolder(dirname(folder));
      await mkdir(folder);
      await copyRun(run, folder);
    }
    const runIds = [first, ...more].map(({ record }) => record.runId);
    const own: BaselineFile =
      more.length === 0 ? { schemaVersion: 1, savedAt } : { schemaVersion: 2, savedAt, runIds };
    await writeFile(join(partial, BASELINE_FILE), `${JSON.stringify(own)}\n`);
    await rename(to, join(room, 'old')).catch(unlessMissing);
    await rename(partial, to);
  } finally {
    await rm(room, { recursive: true, force: true });
  }
}

function copyRun(run: OpenedRun, to: string): Promise<void> {
  return run.source === run.folder ? copyFiles(run.folder, to) : writeFiles(run, to);
}

async function copyFiles(from: string, to: string): Promise<void> {
  for (const file of [RECORD_FILE, TRIALS_FILE, CALIBRATIONS_FILE, EXPLANATION_FILE])
    await copyFile(join(from, file), join(to, file)).catch(unlessMissing);
}

/** Of a run that was one file. */
async function writeFiles({ record, trials, calibrations }: RunResult, to: string): Promise<void> {
  const store = await createStore(dirname(to), basename(to));
  await store.saveRecord(record);
  for (const trial of trials) await store.appendTrial(trial);
  for (const calibration of calibrations) await store.appendCalibration(calibration);
}

function unlessMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}
