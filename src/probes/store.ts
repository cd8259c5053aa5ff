import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
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
 * What probes last observed on a host under a kernel, each its newest answer, under the id of the newest file; null where there is
 * nothing. Files that are none, or of a version that this one does not know, are passed over.
 */
export async function findProbes(
  outDir: string,
  place: { readonly host?: string | null | undefined; readonly kernel: string },
): Promise<StoredProbes | null> {
  const folder = resolve(outDir, PROBES_FOLDER);
  const names = await readdir(folder).catch(() => [] as string[]);
  const oldestFirst = names.filter((file) => file.endsWith('.json')).sort();
  const all = await Promise.all(oldestFirst.map((name) => readProbes(join(folder, name)).catch(() => null)));
  const own = all.filter(
    (found) =>
      found !== null &&
      (found.environment.host ?? null) === (place.host ?? null) &&
      found.environment.kernel === place.kernel,
  );
  const newest = own.at(-1);
  if (newest == null) return null;
  const answers = own.flatMap((found) => found?.observations ?? []);
  return { ...newest, observations: [...new Map(answers.map((answer) => [answer.probe, answer])).values()] };
}

/** Observations of a file. Throws `UsageError` where it holds none. */
export async function readProbes(file: string): Promise<StoredProbes> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UsageError(cleanText(`cannot read ${file}: ${codeOf(cause) ?? messageOf(cause)}`), { cause });
  });
  const parsed = storedProbesSchema.safeParse(named(jsonOf(text), basename(file, '.json')));
  if (!parsed.success) throw new UsageError(cleanText(`${file} holds no observations of probes`));
  return cleaned(parsed.data);
}

/** Files of verify have their name alone for an id. */
function named(json: unknown, probesId: string): unknown {
  return typeof json === 'object' && json !== null ? { probesId, ...json } : json;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
