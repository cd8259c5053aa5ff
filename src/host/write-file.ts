import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, readlink, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { codeOf } from '../util/errors.ts';

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
/** As the kernel's own: more links in a row are a loop. */
const LINKS_MAX = 40;
const PERMISSION_BITS = 0o777;

/** A descriptor of this process under a name of its own; it is written to, whatever it is. */
const DESCRIPTOR =
  /^\/(?:dev\/(?:stdin|stdout|stderr|fd\/\d+)|proc\/(?:self|thread-self|\d+)(?:\/task\/\d+)?\/fd\/\d+)$/;

/**
 * Writes a text file as a whole: whoever reads it meanwhile sees the old or the new one. A symbolic link
 * stays and its target is written; the file keeps the permissions, and where allowed the owner, of the
 * one that it replaces. What is no regular file (a device, a FIFO, a descriptor such as /dev/stdout) is written
 * through. Rejects with the system error, and leaves nothing behind.
 */
export async function replaceWhole(path: string, text: string): Promise<void> {
  const target = await targetOf(path);
  if (target.through) return writeThrough(target.path, text);
  // Not to be guessed, so that nobody waits there with a link; and not to be read under the name's ending.
  const partial = join(
    dirname(target.path),
    `.${basename(target.path)}.${randomBytes(8).toString('hex')}.partial`,
  );
  const file = await open(partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666);
  try {
    try {
      if (target.found) await keepAccess(file, target.found);
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    await rename(partial, target.path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** Whether a path is written through rather than replaced: it exists, and is neither file nor folder. */
export async function isWrittenThrough(path: string): Promise<boolean> {
  return (await targetOf(path)).through;
}

interface Target {
  readonly path: string;
  readonly through: boolean;
  readonly found: Stats | null;
}

/** Where links lead to, also to a file that is not there yet. */
async function targetOf(path: string): Promise<Target> {
  let at = resolve(path);
  for (let links = 0; links < LINKS_MAX; links++) {
    if (DESCRIPTOR.test(at)) return { path: at, through: true, found: null };
    const next = await readlink(at).catch(() => null);
    if (next === null) break;
    at = resolve(dirname(at), next);
  }
  const found = await stat(at).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });
  const through = found !== null && !found.isFile() && !found.isDirectory();
  return { path: at, through, found };
}

/** Behind what is there: what was opened by `> file` is not to be overwritten from its beginning. */
async function writeThrough(path: string, text: string): Promise<void> {
  const file = await open(path, O_WRONLY | O_APPEND);
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}

async function keepAccess(file: FileHandle, { mode, uid, gid }: Stats): Promise<void> {
  // Not allowed to others than root, who may replace a file of theirs all the same.
  await file.chown(uid, gid).catch(() => {});
  await file.chmod(mode & PERMISSION_BITS);
}
