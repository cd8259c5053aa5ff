import { readFileSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';

/** What a folder lies on. */
export interface FileSystem {
  /** As the kernel calls it, such as `ext4`; null: not told. */
  readonly type: string | null;
  /** Whether its files are memory: what is measured there is no disk. */
  readonly inMemory: boolean;
  /** What is free for this user; null: the file system does not count, as ramfs. */
  readonly freeBytes: number | null;
  /** Where the kernel counts what its block device does; null: it has none of its own, as overlay, btrfs and NFS. */
  readonly deviceStat: string | null;
}

const IN_MEMORY = new Set(['tmpfs', 'ramfs', 'devtmpfs']);

/** Rejects with the system's error where the folder is missing. */
export async function fileSystemOf(folder: string): Promise<FileSystem> {
  const [{ bavail, blocks, bsize }, { dev }] = await Promise.all([statfs(folder), stat(folder)]);
  const [major, minor] = deviceNumbers(dev);
  const type = typeIn(read('/proc/self/mountinfo'), folder, `${major}:${minor}`);
  const deviceStat = `/sys/dev/block/${major}:${minor}/stat`;
  return {
    type,
    inMemory: type !== null && IN_MEMORY.has(type),
    freeBytes: blocks === 0 ? null : bavail * bsize,
    deviceStat: read(deviceStat) === '' ? null : deviceStat,
  };
}

/** Of a `dev_t` as glibc has it: 12 bits, 20 bits, and the rest. */
export function deviceNumbers(dev: number): [number, number] {
  const value = BigInt(dev);
  const major = ((value >> 8n) & 0xfffn) | ((value >> 32n) & 0xfffff000n);
  const minor = (value & 0xffn) | ((value >> 12n) & 0xffffff00n);
  return [Number(major), Number(minor)];
}

/**
 * The type of a file system by its device, in the text of /proc/self/mountinfo (proc(5)). Where several mounts have the
 * number, the one nearest above the folder; where none has, as with btrfs, likewise.
 */
export function typeIn(mountinfo: string, folder: string, device: string): string | null {
  const mounts = mountinfo.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ');
    const [, , number, , point] = before?.split(' ') ?? [];
    const type = after?.split(' ')[0];
    if (number === undefined || point === undefined || type === undefined) return [];
    return [{ number, point: point.replaceAll('\\040', ' '), type }];
  });
  const above = mounts
    .filter(({ point }) => point === '/' || folder === point || folder.startsWith(`${point}/`))
    .sort((a, b) => a.point.length - b.point.length);
  const same = above.filter(({ number }) => number === device);
  return (same.at(-1) ?? mounts.find(({ number }) => number === device) ?? above.at(-1))?.type ?? null;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
