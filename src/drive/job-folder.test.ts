import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EnvironmentError } from '../util/errors.ts';
import { openJobFolder } from './job-folder.ts';

const EWOULDBLOCK = 11;

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'iomb-job-folder-'));
});
afterAll(() => rm(base, { recursive: true }));

const open = (change: Partial<Parameters<typeof openJobFolder>[0]> = {}) =>
  openJobFolder({ directory: base, elsewhere: [], bytes: 4096, tryLock: () => 0, ...change });

test('A folder is made, says what it lies on, and goes with all that is in it', async () => {
  const folder = await open();
  await writeFile(join(folder.path, 'file'), 'x');
  expect(folder.directory).toBe(base);
  expect(folder.fileSystem.freeBytes).toBeGreaterThan(0);
  await folder.remove();
  await folder.remove();
  expect(existsSync(folder.path)).toBe(false);
});

test('What a killed run left is removed by the next one, and what another run has is not', async () => {
  const left = join(base, 'iomodels-bench-files-abc123');
  const busy = join(base, 'iomodels-bench-files-def456');
  const making = join(base, 'iomodels-bench-files-ghi789');
  for (const path of [left, busy, making]) await mkdir(path);
  for (const path of [left, busy]) await writeFile(join(path, 'lock'), '');
  let asked = 0;
  // The first that is asked for is the left one, in the order of the folder's names.
  const names = (await readdir(base)).filter((name) => existsSync(join(base, name, 'lock')));
  const folder = await open({
    tryLock: () => (names[asked++] === 'iomodels-bench-files-def456' ? EWOULDBLOCK : 0),
  });
  expect([left, busy, making].map((path) => existsSync(path))).toEqual([false, true, true]);
  await folder.remove();
  await rm(busy, { recursive: true });
  await rm(making, { recursive: true });
});

test('A folder that a run left before it had a lock goes once it is old, if it is empty', async () => {
  const left = join(base, 'iomodels-bench-files-jkl012');
  const full = join(base, 'iomodels-bench-files-mno345');
  for (const path of [left, full]) await mkdir(path);
  await writeFile(join(full, 'file'), 'x');
  for (const path of [left, full]) await utimes(path, new Date(0), new Date(0));
  const folder = await open();
  expect([left, full].map((path) => existsSync(path))).toEqual([false, true]);
  await folder.remove();
  await rm(full, { recursive: true });
});

test('A lock that is a link to elsewhere is not followed', async () => {
  const odd = join(base, 'iomodels-bench-files-odd');
  await mkdir(odd);
  await writeFile(join(base, 'target'), '');
  await symlink(join(base, 'target'), join(odd, 'lock'));
  const folder = await open();
  expect(existsSync(odd)).toBe(true);
  await folder.remove();
  await rm(odd, { recursive: true });
});

test.each([
  ['a folder that is not there', { directory: '/nowhere/at/all' }, /--dir \/nowhere\/at\/all: .*ENOENT/],
  ['no room', { bytes: 2 ** 60 }, /the files take .*there are .*--dir/],
  ['a folder in which nothing can be made', { directory: '/proc' }, /stay free|no file can be made/],
])('%s is named', async (_what, change, message) => {
  const opened = open(change);
  await expect(opened).rejects.toThrow(message);
  await expect(opened).rejects.toBeInstanceOf(EnvironmentError);
});

test('Without --dir a place that is no memory and has room is taken; where none has, all are named', async () => {
  const folder = await open({ directory: null, elsewhere: [base] });
  expect(folder.fileSystem.freeBytes).toBeGreaterThan(4096);
  await folder.remove();
  await expect(open({ directory: null, elsewhere: [base], bytes: 2 ** 60 })).rejects.toThrow(
    /no folder for the files:\n.*\n.*name one with --dir/s,
  );
});

test.runIf(existsSync('/dev/shm'))('Memory is told of: it takes O_DIRECT, and is no disk', async () => {
  const folder = await open({ directory: '/dev/shm' });
  try {
    if (folder.fileSystem.type === 'tmpfs')
      expect(folder.warnings.join()).toMatch(/is tmpfs: its files are memory/);
  } finally {
    await folder.remove();
  }
});
