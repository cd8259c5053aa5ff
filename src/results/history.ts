import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workload } from '../workloads/schema.ts';
import { listBaselines, runFoldersOf } from './baseline-index.ts';
import { cellKey } from './cells.ts';
import { type OpenedRun, openRun } from './open-run.ts';
import { listRuns } from './run-index.ts';
import type { RunRecord } from './schema.ts';
import { parseRecord, RECORD_FILE } from './store.ts';

/** So many runs say how far runs lie apart as well as more would. */
export const HISTORY_MAX = 20;

/** Stored runs that may be compared with one. */
export interface History {
  /** The oldest first. */
  readonly runs: readonly OpenedRun[];
  /** Runs that should be among them and cannot be read. */
  readonly problems: readonly string[];
}

export interface HistoryOptions {
  /** The newest so many; default: `HISTORY_MAX`. */
  readonly max?: number;
  /** Ids of runs that are left out. */
  readonly exclude?: ReadonlySet<string>;
  /** Which of the others are meant; default: all. */
  readonly where?: (record: RunRecord) => boolean;
}

/**
 * The stored runs of the host of `like`, measured with its settings: what says how far equal runs lie apart. Under
 * `outDir` and in its baselines, each run once, complete ones of the kind `run` alone; other kernels, builds and handicaps
 * are among them, for their readers to tell apart.
 */
export async function readHistory(
  outDir: string,
  like: RunRecord,
  { max = HISTORY_MAX, exclude = new Set(), where = () => true }: HistoryOptions = {},
): Promise<History> {
  const found = new Map<string, { folder: string; record: RunRecord }>();
  for (const folder of await foldersOf(outDir)) {
    const file = join(folder, RECORD_FILE);
    const record = await readFile(file, 'utf8').then(
      (text) => tried(() => parseRecord(file, text)),
      () => null,
    );
    if (record === null || found.has(record.runId) || exclude.has(record.runId)) continue;
    if (isLike(record, like) && where(record)) found.set(record.runId, { folder, record });
  }
  const newest = [...found.values()]
    .sort((a, b) => Date.parse(a.record.startedAt) - Date.parse(b.record.startedAt))
    .slice(-max);
  const problems: string[] = [];
  const runs: OpenedRun[] = [];
  for (const { folder, record } of newest) {
    const run = await openRun(folder, outDir).catch(() => null);
    if (run === null) problems.push(`run ${record.runId} of the history cannot be read`);
    else runs.push(run);
  }
  return { runs, problems };
}

/** Of runs of the kind `run`, and of baselines. */
async function foldersOf(outDir: string): Promise<string[]> {
  const { runs } = await listRuns(outDir);
  const { baselines } = await listBaselines(outDir);
  const kept = await Promise.all(
    baselines.filter(({ status }) => status === 'complete').map((baseline) => runFoldersOf(baseline)),
  );
  return [
    ...runs.filter(({ kind, status }) => kind === 'run' && status === 'complete').map(({ folder }) => folder),
    ...kept.flat(),
  ];
}

/** Null for a record that is none: a folder of the history may hold anything. */
function tried(read: () => RunRecord): RunRecord | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** Whether both come from one host, and were measured alike in what moves the numbers of a cell. */
export function isLike(run: RunRecord, like: RunRecord): boolean {
  return sameHost(run, like) && sameSettings(run, like) && sameCommands(run, like) && shareCell(run, like);
}

function sameHost({ environment: a }: RunRecord, { environment: b }: RunRecord): boolean {
  return a.host === b.host && a.arch === b.arch && a.cpuModel === b.cpuModel && a.cpus === b.cpus;
}

function sameSettings({ settings: a }: RunRecord, { settings: b }: RunRecord): boolean {
  return (
    a.durationMs === b.durationMs &&
    a.warmupMs === b.warmupMs &&
    a.serverCpus?.length === b.serverCpus?.length &&
    a.clientCpus?.length === b.clientCpus?.length
  );
}

/** Rows of one label start their servers alike: a name of a variant may mean another command in another run. */
function sameCommands(run: RunRecord, like: RunRecord): boolean {
  const commands = ({ settings }: RunRecord) =>
    new Map(settings.entries.map(({ label, variant }) => [label, JSON.stringify(variant?.prefix ?? [])]));
  const own = commands(run);
  return [...commands(like)].every(([label, command]) => (own.get(label) ?? command) === command);
}

/** A row under a workload of equal definition in both. */
function shareCell(run: RunRecord, like: RunRecord): boolean {
  const definition = ({ settings }: RunRecord, id: string) => {
    const workload = settings.workloads.find((one) => one.id === id);
    return workload === undefined ? null : JSON.stringify(definitionOf(workload));
  };
  const own = new Set(run.cells.map(cellKey));
  return like.cells.some(
    (cell) => own.has(cellKey(cell)) && definition(run, cell.workload) === definition(like, cell.workload),
  );
}

/** What of a workload moves numbers; its texts do not. */
function definitionOf({ title: _title, description: _description, profile: _profile, ...load }: Workload) {
  return Object.entries(load).sort(([a], [b]) => a.localeCompare(b));
}
