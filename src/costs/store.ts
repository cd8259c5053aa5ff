import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder } from '../host/make-folder.ts';
import { cleaned } from '../results/clean.ts';
import { schemaId } from '../results/schema-id.ts';
import { replaceFile, writing } from '../results/store.ts';
import { type CostsResult, costsResultSchema } from './schema.ts';

/** Under the folder of the runs; it holds no run. */
export const COSTS_FOLDER = 'costs';

/** Keeps costs as `<outDir>/costs/<id>.json`, and returns that path. */
export async function saveCosts(outDir: string, result: CostsResult): Promise<string> {
  const folder = resolve(outDir, COSTS_FOLDER);
  await writing(folder, () => makeFolder(folder));
  const file = join(folder, `${result.costsId}.json`);
  await replaceFile(file, `${JSON.stringify({ $schema: schemaId('costs'), ...result }, null, 1)}\n`);
  return file;
}

/**
 * The newest costs of a host and a kernel; null where there are none. Files that are none, or of a version that this one
 * does not know, are passed over.
 */
export async function findCosts(
  outDir: string,
  place: { readonly host?: string | null | undefined; readonly kernel: string },
): Promise<CostsResult | null> {
  const folder = resolve(outDir, COSTS_FOLDER);
  const names = await readdir(folder).catch(() => [] as string[]);
  for (const name of names
    .filter((file) => file.endsWith('.json'))
    .sort()
    .reverse()) {
    const found = parseCosts(await readFile(join(folder, name), 'utf8').catch(() => ''));
    const { host, kernel } = found?.environment ?? {};
    if (found && (host ?? null) === (place.host ?? null) && kernel === place.kernel) return found;
  }
  return null;
}

function parseCosts(text: string): CostsResult | null {
  try {
    const parsed = costsResultSchema.safeParse(JSON.parse(text));
    return parsed.success ? cleaned(parsed.data) : null;
  } catch {
    return null;
  }
}
