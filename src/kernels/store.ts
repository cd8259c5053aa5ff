import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from '../build/compile.ts';
import { type Origin, originSchema } from './schema.ts';

/** Beside what was fetched: an `Origin`. */
export const ORIGIN_FILE = 'origin.json';
export const STORED_IMAGE = 'vmlinuz';

/** The tool's own kernels: a folder each, named by release. */
export function kernelStore(cacheFolder: string = cacheDir()): string {
  return join(cacheFolder, 'kernels');
}

export function storedKernelFolder(release: string, cacheFolder?: string): string {
  return join(kernelStore(cacheFolder), release);
}

/** Releases that are complete in the store; what is being fetched has a name with a dot in front. */
export async function storedReleases(cacheFolder?: string): Promise<string[]> {
  const names = await readdir(kernelStore(cacheFolder)).catch(() => []);
  return names.filter((name) => !name.startsWith('.'));
}

/** Null where there is none, or it is damaged. */
export async function readOrigin(folder: string): Promise<Origin | null> {
  try {
    return originSchema.parse(JSON.parse(await readFile(join(folder, ORIGIN_FILE), 'utf8')));
  } catch {
    return null;
  }
}
