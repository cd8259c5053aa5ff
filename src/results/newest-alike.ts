import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../util/errors.ts';
import { unlike } from './alike.ts';
import type { Place } from './baseline-schema.ts';
import { listRuns } from './run-index.ts';
import type { RunKind, RunRecord } from './schema.ts';
import { parseRecord, RECORD_FILE } from './store.ts';

export interface NewestAlike {
  /** The oldest first. */
  readonly folders: readonly string[];
  /** Which later runs are not among them, and why; the newest first. */
  readonly passedOver: readonly string[];
}

export interface AlikeOptions {
  readonly count: number;
  readonly kinds: readonly RunKind[];
  /** Runs of other hosts and kernels are left out. */
  readonly here: Place;
}

/** The newest complete run of this host and kernel, and the newest of those that were measured as it was; up to `count`. */
export async function newestAlike(
  outDir: string,
  { count, kinds, here }: AlikeOptions,
): Promise<NewestAlike> {
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
    const why = typeof record === 'string' ? record : whyNot(record, newest, here);
    if (why !== null || typeof record === 'string') passedOver.push(`${runId}: ${why}`);
    else {
      newest ??= record;
      folders.unshift(folder);
    }
  }
  return { folders, passedOver };
}

function whyNot(record: RunRecord, newest: RunRecord | null, here: Place): string | null {
  const { host, kernel, kernelVersion } = record.environment;
  if (host !== here.host) return 'of another host';
  if (kernel !== here.kernel || kernelVersion !== here.kernelVersion) return `of kernel ${kernel}`;
  const [first] = newest === null ? [] : unlike(record, newest);
  return first === undefined
    ? null
    : `${first.what}: ${first.values[0]}, ${first.values[1]} in ${newest?.runId}`;
}
