import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, UsageError } from '../util/errors.ts';
import { type OpenedRun, openRun } from './open-run.ts';
import { listRuns } from './run-index.ts';
import { parseRecord, RECORD_FILE } from './store.ts';

/** The boots of one series of `kernels run`. */
export interface StoredSeries {
  readonly id: string;
  readonly runs: readonly OpenedRun[];
  /** Boots that are stored and did not end well, and what could not be read. */
  readonly problems: readonly string[];
}

/** Begins the ids of series that a search for a kernel fills as it goes on. */
export const SEARCH_PREFIX = 'bisect-';

/**
 * The complete runs of a series, by its id; without one, of the newest that `kernels run` measured. Throws `UsageError` where there is none.
 * @param outDir the folder of the runs.
 */
export async function openSeries(id: string | undefined, outDir: string): Promise<StoredSeries> {
  const { runs, problems } = await listRuns(outDir);
  const unread = [...problems];
  const guests = (
    await Promise.all(
      runs.map(async ({ folder, runId, status, kind }) => {
        const file = join(folder, RECORD_FILE);
        const record = await readFile(file, 'utf8')
          .then((text) => parseRecord(file, text))
          .catch((error: unknown) => {
            unread.push(`${runId} cannot be read: ${messageOf(error)}`);
            return null;
          });
        const series = record?.environment.guest?.series;
        return series === undefined ? [] : [{ series, folder, runId, status, kind }];
      }),
    )
  ).flat();
  const asked =
    id ??
    guests
      .filter(({ series, kind }) => kind === 'run' && !series.startsWith(SEARCH_PREFIX))
      .map(({ series }) => series)
      .sort()
      .at(-1);
  const own = guests.filter(({ series }) => series === asked);
  if (asked === undefined)
    throw new UsageError(
      [`no run in ${outDir} was measured in a guest: kernels run measures some`, ...unread].join('\n'),
    );
  if (own.length === 0) throw new UsageError(`no run in ${outDir} belongs to a series ${asked}`);
  const complete = own.filter(({ status }) => status === 'complete');
  return {
    id: asked,
    runs: await Promise.all(complete.map(({ folder }) => openRun(folder, outDir))),
    problems: [
      ...unread,
      ...own.flatMap(({ status, runId }) =>
        status === 'complete' ? [] : [`${runId} is ${status}, and left out`],
      ),
    ],
  };
}
