import { rowOf } from '../compare/sides.ts';
import { BASELINE_PREFIX } from '../results/baseline-index.ts';
import { type OpenedRun, openRuns } from '../results/open-run.ts';
import { UsageError } from '../util/errors.ts';

/** Runs that are taken together. */
export interface Side {
  readonly runs: OpenedRun[];
  /** The row that it is about; null: all of them. */
  readonly row: string | null;
}

/**
 * Runs by their names, separated by commas; each may be `<run>:<row>`, of the same row then. Throws `UsageError` where one
 * is not there or is named twice.
 */
export async function readSide(names: string, outDir: string): Promise<Side> {
  const list = names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (list.length === 0) throw new UsageError('a side names no run');
  const opened = await Promise.all(list.map((name) => openWithRow(name, outDir)));
  const sources = opened.flatMap(({ runs }) => runs.map(({ source }) => source));
  const twice = sources.find((source, i) => sources.indexOf(source) !== i);
  if (twice !== undefined) throw new UsageError(`${twice} is named twice on one side`);
  const rows = new Set(opened.map(({ row }) => row));
  if (rows.size > 1)
    throw new UsageError(`${names} names several rows on one side: name one, of each of its runs`);
  return { runs: opened.flatMap(({ runs }) => runs), row: opened[0]?.row ?? null };
}

/** A run by its name; where there is none, what stands after the last colon is a row of it. */
async function openWithRow(name: string, outDir: string): Promise<{ runs: OpenedRun[]; row: string | null }> {
  const at = name.lastIndexOf(':');
  try {
    return { runs: await openRuns(name, outDir), row: null };
  } catch (error) {
    if (!(error instanceof UsageError) || at < 0 || `${name.slice(0, at)}:` === BASELINE_PREFIX) throw error;
    const runs = await openRuns(name.slice(0, at), outDir);
    const row = name.slice(at + 1);
    for (const run of runs) rowOf(run, row);
    return { runs, row };
  }
}
