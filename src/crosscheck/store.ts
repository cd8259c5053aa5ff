import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder } from '../host/make-folder.ts';
import { cleaned, cleanText } from '../results/clean.ts';
import { schemaId } from '../results/schema-id.ts';
import { replaceFile, writing } from '../results/store.ts';
import { codeOf, messageOf, UsageError } from '../util/errors.ts';
import { type Crosscheck, crosscheckSchema } from './result-schema.ts';

/** Under the folder of the runs; it holds no run. */
export const CROSSCHECK_FOLDER = 'crosscheck';

/** Where a crosscheck is kept: `<outDir>/crosscheck/<id>.json`. */
export function crosscheckFile(outDir: string, crosscheckId: string): string {
  return join(resolve(outDir, CROSSCHECK_FOLDER), `${crosscheckId}.json`);
}

/** Keeps it, in place of what was kept of it before, and returns where. Throws `NotWrittenError`. */
export async function saveCrosscheck(outDir: string, found: Crosscheck): Promise<string> {
  const folder = resolve(outDir, CROSSCHECK_FOLDER);
  await writing(folder, () => makeFolder(folder));
  const file = crosscheckFile(outDir, found.crosscheckId);
  await replaceFile(file, `${JSON.stringify({ $schema: schemaId('crosscheck'), ...found }, null, 1)}\n`);
  return file;
}

/**
 * A stored crosscheck, with clean texts.
 * @param name its id under `outDir`, or a path: what has a slash, or ends in `.json`.
 * Throws `UsageError` where there is none, or one of a version that this one does not know.
 */
export async function readCrosscheck(name: string, outDir: string): Promise<Crosscheck> {
  const file = /\/|\.json$/.test(name) ? resolve(name) : crosscheckFile(outDir, name);
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UsageError(cleanText(`cannot read ${file}: ${codeOf(cause) ?? messageOf(cause)}`), { cause });
  });
  const parsed = crosscheckSchema.safeParse(jsonOf(text));
  if (!parsed.success)
    throw new UsageError(cleanText(`${file} holds no crosscheck that this version can read`));
  return cleaned(parsed.data);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
