import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EnvironmentError } from '../util/errors.ts';
import { findCompiler, type Loader } from './compiler.ts';

const X64: Loader = { arch: 'x64', libc: 'glibc' };
const MACROS = ['__x86_64__ 1', '__SIZEOF_POINTER__ 8', '__GLIBC__ 2', '__GLIBC_MINOR__ 28'];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-compiler-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function program(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A compiler that answers what it is asked. */
function fake(name: string, macros: readonly string[] = MACROS, before = ''): string {
  const defines = macros.map((macro) => `'#define ${macro}'`).join(' ');
  return program(
    name,
    `${before}\ncase "$*" in *--version*) echo "${name} 1.0";; *-dumpmachine*) echo x86_64-fake-linux;; *-dM*) printf '%s\\n' ${defines};; esac`,
  );
}

async function refusalOf(env: NodeJS.ProcessEnv, loader = X64): Promise<string> {
  const error = await findCompiler(env, loader).then(
    (compiler) => `found ${compiler.command}`,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(EnvironmentError);
  return (error as EnvironmentError).message.replaceAll(folder, '<folder>');
}

describe('the variable CC', () => {
  test('names a compiler, and says what it compiles for', async () => {
    const CC = fake('mycc');
    expect(await findCompiler({ CC }, X64)).toEqual({
      command: CC,
      words: [CC],
      version: 'mycc 1.0',
      target: 'x86_64-fake-linux',
      libc: 'glibc 2.28',
      arch: 'x86-64, 64 bits',
    });
  });

  test('may have a wrapper before the compiler and arguments behind it', async () => {
    const wrapper = program('wrapper', 'exec "$@"');
    const CC = ` ${wrapper}  ${fake('mycc')} -m64 `;
    const { words, command, version } = await findCompiler({ CC }, X64);
    expect(words).toEqual([wrapper, join(folder, 'mycc'), '-m64']);
    expect([command, version]).toEqual([words.join(' '), 'mycc 1.0']);
  });

  test('may be a path with a space in it', async () => {
    mkdirSync(join(folder, 'my tools'));
    const CC = fake('my tools/cc');
    expect((await findCompiler({ CC }, X64)).words).toEqual([CC]);
  });

  test('may name a compiler that prints warnings', async () => {
    const CC = fake('mycc', MACROS, 'echo "warning: old" >&2; echo "mycc: warning: old"');
    expect(await findCompiler({ CC }, X64)).toMatchObject({
      version: 'mycc 1.0',
      target: 'x86_64-fake-linux',
    });
  });

  test.each([
    ['/nowhere/cc', '/nowhere/cc is not installed'],
    ['false', '"false --version" ends with code 1: and says nothing'],
    ['true', '"true -dumpmachine" does not name a target, as every compiler does, but says ""'],
    ['echo', '"echo -dumpmachine" does not name a target, as every compiler does, but says "-dumpmachine"'],
    ['/', '"/ --version" cannot be run: spawn / EACCES'],
  ])('that is %s is refused with the reason', async (CC, reason) => {
    expect(await refusalOf({ CC })).toBe(
      `the variable CC names no C compiler that works here: ${reason}. Unset it, or name another.`,
    );
  });

  test('without the headers of a C library is refused with what the compiler said', async () => {
    const CC = fake(
      'mycc',
      MACROS,
      'case "$*" in *-dM*) echo "In file" >&2; echo "fatal error: stdlib.h: No such file" >&2; exit 1;; esac',
    );
    expect(await refusalOf({ CC })).toMatch(
      /ends with code 1: fatal error: stdlib\.h: No such file \(are the headers of the C library installed\?\)/,
    );
  });

  test.each<[string, string[], Loader, RegExp]>([
    [
      '32 bits',
      ['__i386__ 1', '__SIZEOF_POINTER__ 4', '__GLIBC__ 2'],
      X64,
      /\(i386, 32 bits\), and this Node is for x64/,
    ],
    [
      'x32',
      ['__x86_64__ 1', '__SIZEOF_POINTER__ 4', '__GLIBC__ 2'],
      X64,
      /\(x86-64, 32 bits\), and this Node/,
    ],
    ['x86-64 on arm64', MACROS, { arch: 'arm64', libc: 'glibc' }, /and this Node is for arm64/],
    ['musl', MACROS.slice(0, 2), X64, /the C library musl or another, and this Node runs on glibc/],
    ['glibc', MACROS, { arch: 'x64', libc: 'musl' }, /the C library glibc 2\.28, and this Node runs on musl/],
  ])('that compiles for another machine is refused: %s', async (_what, macros, loader, message) => {
    expect(await refusalOf({ CC: fake('mycc', macros) }, loader)).toMatch(message);
  });

  test('is believed where this process cannot tell what it runs on', async () => {
    const CC = fake('mycc', MACROS.slice(0, 2));
    expect((await findCompiler({ CC }, { arch: 's390x', libc: null })).libc).toBe('musl or another');
  });
});

describe('without the variable CC', () => {
  test.each([undefined, '', '  '])('%j: the first of cc, gcc and clang that works is taken', async (CC) => {
    program('cc', 'exit 1');
    fake('gcc');
    fake('clang');
    expect((await findCompiler({ CC, PATH: folder }, X64)).version).toMatch(/gcc/);
  });

  test('the reasons of all three are given where none works, and what to install', async () => {
    program('clang', 'echo "clang: not today" >&2; exit 3');
    expect(await refusalOf({ PATH: folder })).toMatch(
      /^no C compiler: cc is not installed; gcc is not installed; "clang --version" ends with code 3: clang: not today\. Install one \(/,
    );
  });
});
