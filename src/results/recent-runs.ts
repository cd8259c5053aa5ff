import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, UsageError } from '../util/errors.ts';
import { elsewhere } from './alike.ts';
import { listRuns, newestRun } from './run-index.ts';
import type { RunKind, RunRecord } from './schema.ts';
import { parseRecord, RECORD_FILE } from './store.ts';

export interface RecentRuns {
  /** Of their folders, the newest first. */
  readonly folders: readonly string[];
  /** Later or as late ones, and why they are not among them. */
  readonly passedOver: readonly string[];
}

/**
 * The newest complete run of these kinds, and the newest of those that were measured by the same servers on the same host and kernel, on
 * as many CPUs; up to `count`. Throws `UsageError` that names what there is where there is none.
 */
export async function recentRuns(
  outDir: string,
  { count, kinds }: { readonly count: number; readonly kinds: readonly RunKind[] },
): Promise<RecentRuns> {
  await newestRun(outDir, kinds);
  const { runs } = await listRuns(outDir);
  const folders: string[] = [];
  const passedOver: string[] = [];
  let newest: RunRecord | null = null;
  for (const { folder, runId, kind, status } of runs.toReversed()) {
    if (folders.length === count) break;
    if (status !== 'complete' || !kinds.includes(kind)) continue;
    const file = join(folder, RECORD_FILE);
    // The index reads less of it: what is damaged elsewhere is passed over.
    const record = await readFile(file, 'utf8')
      .then((text) => parseRecord(file, text))
      .catch(messageOf);
    if (typeof record === 'string') {
      passedOver.push(`${runId}: ${record}`);
      continue;
    }
    const [first] = newest === null ? [] : elsewhere(record, newest);
    if (first !== undefined) {
      passedOver.push(`${runId}: ${first.what} ${first.values[0]}, ${first.values[1]} in ${newest?.runId}`);
      continue;
    }
    newest ??= record;
    folders.push(folder);
  }
  if (folders.length === 0) throw new UsageError(['no complete run can be read', ...passedOver]);
  return { folders, passedOver };
}
