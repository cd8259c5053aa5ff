import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder } from '../host/make-folder.ts';
import { cleaned, cleanText } from '../results/clean.ts';
import { schemaId } from '../results/schema-id.ts';
import { replaceFile, writing } from '../results/store.ts';
import { codeOf, messageOf, UsageError } from '../util/errors.ts';
import { type StoredProbes, storedProbesSchema } from './stored-schema.ts';

/** Under the folder of the runs; it holds no run. */
export const PROBES_FOLDER = 'probes';

/** Keeps observations as `<outDir>/probes/<id>.json`, and returns that path. */
export async function saveProbes(outDir: string, probes: StoredProbes): Promise<string> {
  const folder = resolve(outDir, PROBES_FOLDER);
  await writing(folder, () => makeFolder(folder));
  const file = join(folder, `${probes.probesId}.json`);
  await replaceFile(file, `${JSON.stringify({ $schema: schemaId('probes'), ...probes }, null, 1)}\n`);
  return file;
}

/**
 * The newest observations of a host and a kernel; null where there are none. Files that are none, or of a version that this
 * one does not know, are passed over.
 */
export async function findProbes(
  outDir: string,
  place: { readonly host?: string | null | undefined; readonly kernel: string },
): Promise<StoredProbes | null> {
  const folder = resolve(outDir, PROBES_FOLDER);
  const names = await readdir(folder).catch(() => [] as string[]);
  const newestFirst = names.filter((file) => file.endsWith('.json')).sort((a, b) => (a < b ? 1 : -1));
  for (const name of newestFirst) {
    const found = await readProbes(join(folder, name)).catch(() => null);
    const { host, kernel } = found?.environment ?? {};
    if (found !== null && (host ?? null) === (place.host ?? null) && kernel === place.kernel) return found;
  }
  return null;
}

/** Observations of a file. Throws `UsageError` where it holds none. */
export async function readProbes(file: string): Promise<StoredProbes> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UsageError(cleanText(`cannot read ${file}: ${codeOf(cause) ?? messageOf(cause)}`), { cause });
  });
  const parsed = storedProbesSchema.safeParse(jsonOf(text));
  if (!parsed.success) throw new UsageError(cleanText(`${file} holds no observations of probes`));
  return cleaned(parsed.data);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
