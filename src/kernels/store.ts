import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { cacheDir } from '../build/compile.ts';

/** What was fetched, beside the image: `package.json` is not its name, for it is none of npm's. */
export const ORIGIN_FILE = 'origin.json';
export const STORED_IMAGE = 'vmlinuz';

const originSchema = z.object({
  /** What was asked for, such as `debian:trixie`. */
  asked: z.string(),
  /** Binary packages with their versions. */
  packages: z.array(z.string()),
  /** Whether apt checked the archive's signature. */
  signed: z.boolean(),
});
/** Where a stored thing is from. */
export type Origin = z.infer<typeof originSchema>;

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
