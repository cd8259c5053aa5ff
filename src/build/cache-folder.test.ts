import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isTrustedFile, openCacheFolder } from './cache-folder.ts';

/** nobody, on every distribution. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const modeOf = (path: string) => statSync(path).mode & 0o777;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-cache-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the cache', () => {
  test('is made for this user alone', async () => {
    const cache = join(folder, 'a', 'cache');
    await openCacheFolder(cache);
    expect(modeOf(cache)).toBe(0o700);
  });

  test('of an older version is closed to others', async () => {
    chmodSync(folder, 0o755);
    await openCacheFolder(folder);
    expect(modeOf(folder)).toBe(0o700);
  });

  test('may be a link to a folder of this user', async () => {
    mkdirSync(join(folder, 'real'), 0o700);
    symlinkSync('real', join(folder, 'link'));
    await openCacheFolder(join(folder, 'link'));
  });

  test('is refused where others may write to it', async () => {
    chmodSync(folder, 0o770);
    await expect(openCacheFolder(folder)).rejects.toThrow(
      /others may write to it \(mode 770\).*XDG_CACHE_HOME/,
    );
  });

  test('is refused where everybody may put another in its place, and taken where the folder is sticky', async () => {
    const cache = join(folder, 'cache');
    chmodSync(folder, 0o777);
    await expect(openCacheFolder(cache)).rejects.toThrow(/everybody may write to .* above it/);
    chmodSync(folder, 0o1777);
    await openCacheFolder(cache);
  });

  test('is refused where it belongs to another user, and taken where it is of root', async ({ skip }) => {
    if (!isRoot) skip('only root can give a folder away');
    chmodSync(folder, 0o755);
    await openCacheFolder(folder, NOBODY);
    expect(modeOf(folder)).toBe(0o755);
    chownSync(folder, NOBODY, NOBODY);
    await expect(openCacheFolder(folder)).rejects.toThrow(/belongs to user 65534/);
  });

  test('that cannot be made says what to do', async () => {
    await expect(openCacheFolder('/proc/none/cache')).rejects.toThrow(/ENOENT.*XDG_CACHE_HOME/);
  });
});

describe('a file in it', () => {
  const file = (mode: number, content = 'x') => {
    const path = join(folder, 'helper');
    writeFileSync(path, content);
    chmodSync(path, mode);
    return path;
  };

  test('is trusted where only this user can have written it', async () => {
    expect(await isTrustedFile(file(0o755))).toBe(true);
  });
  test.each([
    ['others may write to', () => file(0o757)],
    ['is empty', () => file(0o755, '')],
    ['is missing', () => join(folder, 'missing')],
    ['is a folder', () => folder],
  ])('that %s is not', async (_what, make) => {
    expect(await isTrustedFile(make())).toBe(false);
  });
  test('of another user is not, nor a link', async ({ skip }) => {
    const path = file(0o755);
    symlinkSync('helper', join(folder, 'link'));
    expect(await isTrustedFile(join(folder, 'link'))).toBe(false);
    if (!isRoot) skip('only root can give a file away');
    chownSync(path, NOBODY, NOBODY);
    expect(await isTrustedFile(path)).toBe(false);
  });
});
