import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFolder } from './make-folder.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-folder-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('makes what is missing, and takes what is there', async () => {
  const deep = join(folder, 'a', 'b', 'c');
  await makeFolder(deep);
  await makeFolder(deep);
  expect(statSync(deep).isDirectory()).toBe(true);
});

test('several at once do not disturb each other', async () => {
  const deep = join(folder, 'd', 'e', 'f');
  await Promise.all(Array.from({ length: 8 }, () => makeFolder(deep)));
  expect(statSync(deep).isDirectory()).toBe(true);
});

test.each([
  ['/proc/no/such/folder', /ENOENT/],
  ['/proc/none', /ENOENT/],
  ['/dev/null/folder', /ENOTDIR/],
])('ends with the error for %s', async (path, error) => {
  await expect(makeFolder(path)).rejects.toThrow(error);
});

test('a file in the way is an error', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  await expect(makeFolder(file)).rejects.toThrow(/EEXIST/);
  await expect(makeFolder(join(file, 'below'))).rejects.toThrow(/ENOTDIR/);
});
