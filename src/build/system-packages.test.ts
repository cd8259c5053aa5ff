import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findSystemPackage, type SystemPackage } from './system-packages.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-packages-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A pkg-config that knows these packages; the environment that names it. */
function pkgConfig(
  known: Readonly<Record<string, readonly [version: string, cflags: string, libs: string]>>,
) {
  const path = join(folder, 'pkg-config');
  const cases = Object.entries(known).map(
    ([name, [version, cflags, libs]]) =>
      `"--modversion ${name}") echo '${version}';; "--cflags ${name}") echo '${cflags}';; "--libs ${name}") echo '${libs}';;`,
  );
  writeFileSync(path, `#!/bin/sh\ncase "$*" in\n${cases.join('\n')}\n*) exit 1;; esac\n`);
  chmodSync(path, 0o755);
  return { PKG_CONFIG: path, PATH: process.env.PATH };
}

function reasonOf(found: SystemPackage): string {
  if (found.status === 'found') throw new Error('it was found');
  return found.reason;
}

test('a package is compiled and linked as pkg-config says, and finds its libraries again where they are', async () => {
  const env = pkgConfig({ liburing: ['2.9', '-I/opt/u/include -DX', '-L/opt/u/lib -luring'] });
  expect(await findSystemPackage('liburing', env)).toEqual({
    status: 'found',
    compile: ['-I/opt/u/include', '-DX'],
    link: ['-L/opt/u/lib', '-luring', '-Wl,-rpath,/opt/u/lib'],
    version: '2.9',
  });
});

test('PKG_CONFIG may have arguments, and a package of the system needs none of its own', async () => {
  const { PKG_CONFIG, PATH } = pkgConfig({ liburing: ['2.3', '', '-luring'] });
  const found = await findSystemPackage('liburing', { PKG_CONFIG: `env ${PKG_CONFIG}`, PATH });
  expect(found).toEqual({ status: 'found', compile: [], link: ['-luring'], version: '2.3' });
});

test('a package that pkg-config does not know is missing, with how to get it', async () => {
  expect(reasonOf(await findSystemPackage('liburing', pkgConfig({})))).toMatch(
    /^needs liburing, and .*pkg-config does not find it\. .*apt-get install liburing-dev pkg-config.*in the variable LIBURING_DIR$/,
  );
});

test('without pkg-config every package is missing', async () => {
  const env = { PKG_CONFIG: join(folder, 'nothing') };
  expect(reasonOf(await findSystemPackage('liburing', env))).toMatch(/there is no \S+nothing to find it by/);
});

test.each(['lib', 'lib64'])('a prefix that the variable names comes first, with its %s', async (lib) => {
  mkdirSync(join(folder, 'include/kqueue'), { recursive: true });
  mkdirSync(join(folder, lib));
  writeFileSync(join(folder, lib, 'libkqueue.so'), '');
  const env = { ...pkgConfig({ libkqueue: ['2.7.0', '', '-lkqueue'] }), LIBKQUEUE_DIR: folder };
  expect(await findSystemPackage('libkqueue', env)).toEqual({
    status: 'found',
    compile: [`-I${folder}/include/kqueue`],
    link: [`-L${folder}/${lib}`, `-Wl,-rpath,${folder}/${lib}`, '-lkqueue'],
    version: `${folder}/${lib}`,
  });
});

test('a prefix without the library is said, whatever pkg-config knows', async () => {
  const env = { ...pkgConfig({ libkqueue: ['2.7.0', '', '-lkqueue'] }), LIBKQUEUE_DIR: folder };
  expect(reasonOf(await findSystemPackage('libkqueue', env))).toContain(
    `LIBKQUEUE_DIR=${folder} has no include/kqueue with its headers, or no lib/libkqueue.so`,
  );
});
