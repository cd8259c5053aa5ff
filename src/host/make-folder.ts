import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { codeOf } from '../util/errors.ts';

/**
 * Makes a folder and all that are missing above it. Node's own recursive mkdir never ends where making a
 * folder answers ENOENT although all above is there, as /proc and /sys do. Rejects with the system error.
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  const folder = resolve(path);
  try {
    await mkdir(folder, mode);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && folder !== dirname(folder)) {
      // Where it is there now, somebody else made it meanwhile, or making a folder in it is refused: once more tells.
      if (!(await isFolder(dirname(folder)))) await makeFolder(dirname(folder), mode);
      await mkdir(folder, mode).catch((again: unknown) => unlessThere(folder, again));
      return;
    }
    await unlessThere(folder, error);
  }
}

/** Somebody else may have made it meanwhile; and a read-only file system says so before it looks. */
async function unlessThere(folder: string, error: unknown): Promise<void> {
  if (!(await isFolder(folder))) throw error;
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
