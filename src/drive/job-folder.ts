import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, readdir, realpath, rm, rmdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { formatBytes } from '../document/format.ts';
import { type FileSystem, fileSystemOf } from '../host/file-system.ts';
import { EnvironmentError, messageOf } from '../util/errors.ts';

/** Folders of this prefix are ours; what a killed run left is removed by the next one. */
const PREFIX = 'iomodels-bench-files-';
const LOCK = 'lock';
/** A folder gets its lock at once: one that has none for so long was left by a run that was killed between the two. */
const MAKING_MS = 60_000;
/** Left free beside the files, so that others can go on. */
const SPARE_BYTES = 256 * 1024 ** 2;

export interface JobFolderRequest {
  /** Where the user wants it; null: the first of the usual places that is no memory and has room. */
  readonly directory: string | null;
  /** Where else it may be, behind the folder for temporary files. */
  readonly elsewhere: readonly string[];
  /** Of all files together. */
  readonly bytes: number;
  /** flock(2), exclusive, without waiting: 0, or an errno. The kernel releases it with the descriptor. */
  tryLock(fd: number): number;
}

/** A folder for the files of one run. */
export interface JobFolder {
  readonly path: string;
  /** The folder that the user named, or that was chosen. */
  readonly directory: string;
  readonly fileSystem: FileSystem;
  /** What to know of it. */
  readonly warnings: readonly string[];
  /** Removes it with all that is in it. */
  remove(): Promise<void>;
}

/**
 * Makes a folder that nobody else has, and removes those that killed runs left beside it: the kernel has released their
 * locks. Throws `EnvironmentError` where there is no room, or none can be made.
 */
export async function openJobFolder(request: JobFolderRequest): Promise<JobFolder> {
  const { directory, fileSystem } = await choose(request);
  await removeLeftovers(directory, request.tryLock);
  let path: string;
  try {
    path = await mkdtemp(join(directory, PREFIX));
  } catch (cause) {
    throw new EnvironmentError(
      `no file can be made in ${directory}: ${messageOf(cause)}; name another folder with --dir`,
      { cause },
    );
  }
  const lock = openSync(join(path, LOCK), constants.O_CREAT | constants.O_RDWR, 0o600);
  request.tryLock(lock);
  await removeUnfinished(directory, path);
  let open = true;
  return {
    path,
    directory,
    fileSystem,
    warnings: warningsOf(directory, fileSystem),
    remove: async () => {
      await rm(path, { recursive: true, force: true });
      if (open) closeSync(lock);
      open = false;
    },
  };
}

function warningsOf(directory: string, { type, inMemory, deviceStat }: FileSystem): string[] {
  if (inMemory)
    return [
      `${directory} is ${type}: its files are memory: what is measured is no disk, with O_DIRECT neither, and no file can be cold`,
    ];
  if (deviceStat === null)
    return [
      `${directory} is ${type ?? 'a file system without a name'}, which has no block device of its own: what the device did is not known`,
    ];
  return [];
}

async function choose(request: JobFolderRequest) {
  const { directory, elsewhere, bytes } = request;
  if (directory !== null) {
    const found = await look(directory);
    if (typeof found === 'string') throw new EnvironmentError(`--dir ${directory}: ${found}`);
    requireRoom(found, bytes);
    return found;
  }
  const refused: string[] = [];
  let memory: { directory: string; fileSystem: FileSystem } | null = null;
  for (const place of [tmpdir(), '/var/tmp', ...elsewhere]) {
    const found = await look(place);
    if (typeof found === 'string') refused.push(`${place}: ${found}`);
    else if (!hasRoom(found.fileSystem, bytes)) refused.push(noRoom(found, bytes));
    else if (found.fileSystem.inMemory) memory ??= found;
    else return found;
  }
  // Told in a warning: nothing else is there.
  if (memory !== null) return memory;
  throw new EnvironmentError(`no folder for the files:\n${refused.join('\n')}\nname one with --dir`);
}

/** The folder, or why it is none. */
async function look(place: string): Promise<{ directory: string; fileSystem: FileSystem } | string> {
  try {
    const directory = await realpath(resolve(place));
    return { directory, fileSystem: await fileSystemOf(directory) };
  } catch (error) {
    return messageOf(error);
  }
}

function requireRoom(found: { directory: string; fileSystem: FileSystem }, bytes: number): void {
  if (!hasRoom(found.fileSystem, bytes)) throw new EnvironmentError(noRoom(found, bytes));
}

/** Where nobody counts, it is found out by laying out. */
function hasRoom({ freeBytes }: FileSystem, bytes: number): boolean {
  return freeBytes === null || freeBytes >= bytes + SPARE_BYTES;
}

function noRoom(
  { directory, fileSystem }: { directory: string; fileSystem: FileSystem },
  bytes: number,
): string {
  return `${directory}: the files take ${formatBytes(bytes)} and ${formatBytes(SPARE_BYTES)} are to stay free, and there are ${formatBytes(fileSystem.freeBytes ?? 0)}; name another folder with --dir, or take fewer or smaller workloads`;
}

/** Those whose lock can be had: whoever made them is gone. */
async function removeLeftovers(directory: string, tryLock: (fd: number) => number): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(PREFIX))) {
    const path = join(directory, name);
    let fd: number;
    try {
      fd = openSync(join(path, LOCK), constants.O_RDWR | constants.O_NOFOLLOW);
    } catch {
      // Not ours, or one that is being made.
      continue;
    }
    try {
      if (tryLock(fd) === 0) await rm(path, { recursive: true, force: true }).catch(() => {});
    } finally {
      closeSync(fd);
    }
  }
}

/** Folders without a lock that are much older than one that was just made: nothing is in them. */
async function removeUnfinished(directory: string, made: string): Promise<void> {
  const now = await stat(made);
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(PREFIX))) {
    const path = join(directory, name);
    const found = await stat(path).catch(() => now);
    if (now.mtimeMs - found.mtimeMs > MAKING_MS) await rmdir(path).catch(() => {});
  }
}
