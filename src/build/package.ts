import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of the package; src/build and dist/build are equally deep below it. */
const root = new URL('../../', import.meta.url);

/** Where the C sources are. */
export const HELPERS_DIR = fileURLToPath(new URL('c-helpers', root));

/** Name and version of this tool, from its package.json. */
export function readTool(): { name: string; version: string } {
  const manifest: unknown = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  const { name, version } = manifest as { name: string; version: string };
  return { name, version };
}
