import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deviceNumbers, fileSystemOf, typeIn } from './file-system.ts';

const MOUNTS = `22 28 0:21 / /proc rw,nosuid - proc proc rw
28 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 28 0:25 / /dev/shm rw - tmpfs shm rw
40 28 0:44 / /mnt/my\\040disk rw shared:9 master:2 - btrfs /dev/vdb rw,subvol=/
41 28 0:50 / /mnt/nfs rw - nfs4 host:/x rw
`;

test('The type of a file system is that of the nearest mount with its device', () => {
  expect(typeIn(MOUNTS, '/tmp/x', '254:0')).toBe('ext4');
  expect(typeIn(MOUNTS, '/dev/shm/a', '0:25')).toBe('tmpfs');
  expect(typeIn(MOUNTS, '/mnt/nfs', '0:50')).toBe('nfs4');
});

test('A file system whose mounts have another number, as btrfs, is told by the mount above', () => {
  expect(typeIn(MOUNTS, '/mnt/my disk/sub', '0:99')).toBe('btrfs');
});

test('Where nothing tells, there is no type', () => {
  expect(typeIn('', '/tmp', '1:2')).toBeNull();
  expect(typeIn('garbage\n1 2', '/tmp', '1:2')).toBeNull();
});

test('Device numbers are parted as glibc parts them', () => {
  expect(deviceNumbers(0xfe00)).toEqual([254, 0]);
  expect(deviceNumbers(0x0801)).toEqual([8, 1]);
  // makedev(259, 300)
  expect(deviceNumbers(0x11032c)).toEqual([259 & 0xfff, 300]);
});

test('A real folder has room, and memory is told as such', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'iomb-fs-'));
  try {
    const found = await fileSystemOf(folder);
    expect(found.type).toMatch(/^\w+$/);
    expect(found.freeBytes).toBeGreaterThan(0);
    const [major, minor] = deviceNumbers((await stat(folder)).dev);
    if (found.deviceStat !== null) expect(found.deviceStat).toContain(`/${major}:${minor}/`);
  } finally {
    await rm(folder, { recursive: true });
  }
  await expect(fileSystemOf('/proc/self')).resolves.toMatchObject({ type: 'proc', deviceStat: null });
  await expect(fileSystemOf('/nowhere/at/all')).rejects.toThrow('ENOENT');
});
