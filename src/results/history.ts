import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isLike } from './alike.ts';
import { listBaselines, runFoldersOf } from './baseline-index.ts';
import type { TrialsReading } from './lines.ts';
import { listRuns } from './run-index.ts';
import type { RunOf, RunRecord } from './schema.ts';
import { parseRecord, RECORD_FILE, readMeasured } from './store.ts';

/** So many runs say how far runs lie apart as well as more would. */
export const HISTORY_MAX = 20;

/** Stored runs that may be compared with one. */
export interface History<Kept> {
  /** The oldest first. */
  readonly runs: readonly RunOf<Kept>[];
  /** Runs that should be among them and cannot be read. */
  readonly problems: readonly string[];
}

export interface HistoryOptions<Kept> extends TrialsReading<Kept> {
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
export async function readHistory<Kept>(
  outDir: string,
  like: RunRecord,
  { max = HISTORY_MAX, exclude = new Set(), where = () => true, ...reading }: HistoryOptions<Kept>,
): Promise<History<Kept>> {
  const found = new Map<string, { folder: string; record: RunRecord }>();
  for (const folder of await foldersOf(outDir)) {
    const file = join(folder, RECORD_FILE);
    const record = await readFile(file, 'utf8').then(
      (text) => tried(() => parseRecord(file, text)),
      () => null,
    );
    if (record === null || found.has(record.runId) || exclude.has(record.runId)) continue;
    if (isTold(record) && isLike(record, like) && where(record)) found.set(record.runId, { folder, record });
  }
  const newest = [...found.values()]
    .sort((a, b) => Date.parse(a.record.startedAt) - Date.parse(b.record.startedAt))
    .slice(-max);
  const problems: string[] = [];
  const runs: RunOf<Kept>[] = [];
  for (const { folder, record } of newest) {
    const run = await readMeasured(folder, record, reading).catch(() => null);
    if (run === null) problems.push(`run ${record.runId} of the history cannot be read`);
    else runs.push(run);
  }
  return { runs, problems };
}

/** A baseline may be of anything: of equals, which hold every row twice, or of what was broken off. */
function isTold({ kind, status }: RunRecord): boolean {
  return (kind === null || kind === 'run') && status === 'complete';
}

/** Of runs of the kind `run`, and of baselines. */
async function foldersOf(outDir: string): Promise<string[]> {
  const { runs } = await listRuns(outDir);
  const { baselines } = await listBaselines(outDir);
  return [
    ...runs.filter(({ kind, status }) => kind === 'run' && status === 'complete').map(({ folder }) => folder),
    ...baselines.flatMap(runFoldersOf),
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
