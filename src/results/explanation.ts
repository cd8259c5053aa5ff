import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf, UsageError } from '../util/errors.ts';
import { cleaned, cleanText } from './clean.ts';
import { type Explanation, explanationSchema } from './explanation-schema.ts';
import { schemaId } from './schema-id.ts';
import { replaceFile } from './store.ts';

export const EXPLANATION_FILE = 'explain.json';

/** Replaces explain.json in the folder of a run. Throws `EnvironmentError` where it cannot be written. */
export function saveExplanation(folder: string, explanation: Explanation): Promise<void> {
  const json = JSON.stringify({ $schema: schemaId('explanation'), ...explanation });
  return replaceFile(join(folder, EXPLANATION_FILE), `${json}\n`);
}

/** What is stored beside a run; null: it has none. Throws `UsageError` where it cannot be read or is something else. */
export async function readExplanation(folder: string): Promise<Explanation | null> {
  const file = join(folder, EXPLANATION_FILE);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR') return null;
    throw new UsageError(cleanText(`cannot read ${file}: ${codeOf(cause) ?? messageOf(cause)}`), { cause });
  }
  try {
    return cleaned(explanationSchema.parse(JSON.parse(text)));
  } catch (cause) {
    throw new UsageError(cleanText(`${file} is no explanation of this version`), { cause });
  }
}
