import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** The folder of the package; src/build and dist/build are equally deep below it. */
const root = new URL('../../', import.meta.url);

/** Where the C sources are. */
export const HELPERS_DIR = fileURLToPath(new URL('c-helpers', root));

const manifestSchema = z.object({ name: z.string(), version: z.string() });

/** Name and version of this tool, from its package.json. */
export function readTool(): { name: string; version: string } {
  return manifestSchema.parse(JSON.parse(readFileSync(new URL('package.json', root), 'utf8')));
}
