import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type OpenedRun, openRun } from '../results/open-run.ts';
import { listRuns } from '../results/run-index.ts';
import { parseRecord, RECORD_FILE } from '../results/store.ts';

/** The complete boots of a series that are stored already, by the hash of their kernel's image. */
export async function storedBoots(
  series: string,
  outDir: string,
): Promise<ReadonlyMap<string, readonly OpenedRun[]>> {
  const { runs } = await listRuns(outDir);
  const found = new Map<string, OpenedRun[]>();
  for (const { folder, status } of runs) {
    if (status !== 'complete') continue;
    const file = join(folder, RECORD_FILE);
    const record = await readFile(file, 'utf8')
      .then((text) => parseRecord(file, text))
      .catch(() => null);
    const guest = record?.environment.guest;
    if (guest?.series !== series) continue;
    found.set(guest.imageHash, [...(found.get(guest.imageHash) ?? []), await openRun(folder, outDir)]);
  }
  return found;
}
