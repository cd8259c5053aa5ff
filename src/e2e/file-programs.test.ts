import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compilerFlags, LINK_FLAGS, type Sanitizer } from '../build/compile.ts';
import { findCompiler } from '../build/compiler.ts';
import { HELPERS_DIR } from '../build/package.ts';

/** What `c-helpers/tests/file_program.c` is linked with beside a program: all of the harness but its `main`. */
const HARNESS = ['job', 'server', 'wire'] as const;
/**
 * Programs with threads of their own. Those of POSIX AIO are libc's, which starts them behind the sanitizer's
 * back: it crashes in the first one that allocates memory.
 */
const THREADED: readonly string[] = ['pread', 'preadv2_nowait'];
const RUN_TIMEOUT_MS = 100_000;

const PROGRAMS = (await namesIn('files')).map((name) => name.slice(0, -2));
const BUILDS = PROGRAMS.flatMap((program) =>
  sanitizersOf(program).map((sanitizer) => ({ program, sanitizer })),
);

let folder: string;
let harness: ReadonlyMap<Sanitizer, string>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iomodels-bench-file-programs-'));
  const sanitizers = [...new Set(BUILDS.map(({ sanitizer }) => sanitizer))];
  harness = new Map(
    await Promise.all(
      sanitizers.map(async (sanitizer) => [sanitizer, await compileHarness(sanitizer)] as const),
    ),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('there are programs, and those with threads among them', () => {
  expect(PROGRAMS).toEqual(expect.arrayContaining([...THREADED]));
});

describe.each(BUILDS)('$program, compiled with the sanitizers $sanitizer', ({ program, sanitizer }) => {
  test('does every job that it takes, with its books and checks, and names what goes wrong', async () => {
    const common = harness.get(sanitizer) ?? '';
    const output = join(folder, `${program}-${sanitizer}`);
    await compile(sanitizer, ['-o', output, helper(`files/${program}.c`), common, ...LINK_FLAGS]);
    const result = await execa(output, [folder], {
      reject: false,
      all: true,
      timeout: RUN_TIMEOUT_MS,
      env: { TSAN_OPTIONS: 'atexit_sleep_ms=0' },
    });
    expect(result.exitCode, result.all).toBe(0);
    expect(result.all).toMatch(/^ok - /m);
  });
});

describe('what changes in c-helpers/files and c-helpers/job', () => {
  test('stands in a struct that is handed over, but for what a signal handler sets', async () => {
    const found = await Promise.all(
      ['files', 'job'].map(async (folderName) =>
        Promise.all((await namesIn(folderName)).map((name) => staticsIn(`${folderName}/${name}`))),
      ),
    );
    expect(found.flat(2)).toEqual([
      'job/bus.c: static _Thread_local sigjmp_buf *volatile guard;',
      'job/job.c: static volatile sig_atomic_t has_ticked;',
    ]);
  });
});

function sanitizersOf(program: string): readonly Sanitizer[] {
  return THREADED.includes(program) ? ['address,undefined', 'thread'] : ['address,undefined'];
}

async function namesIn(folderName: string): Promise<string[]> {
  return (await readdir(join(HELPERS_DIR, folderName))).filter((name) => name.endsWith('.c')).sort();
}

async function staticsIn(path: string): Promise<string[]> {
  const code = (await readFile(helper(path), 'utf8')).replace(/\/\*[\s\S]*?\*\//g, '');
  return [...code.matchAll(/^\s*static (?!const\b|inline\b)[^(){}=;]*(?:=[^;]*)?;/gm)].map(
    ([text]) => `${path}: ${text.trim()}`,
  );
}

/** As one object, for it is the same in all programs. */
async function compileHarness(sanitizer: Sanitizer): Promise<string> {
  const output = join(folder, `harness-${sanitizer}.o`);
  const names = await Promise.all(
    HARNESS.map(async (name) => (await namesIn(name)).map((file) => `${name}/${file}`)),
  );
  const sources = [...names.flat().filter((path) => path !== 'server/main.c'), 'tests/file_program.c'];
  await compile(sanitizer, ['-r', '-o', output, ...sources.map(helper)]);
  return output;
}

async function compile(sanitizer: Sanitizer, args: readonly string[]): Promise<void> {
  const [command, ...first] = (await findCompiler()).words;
  await execa(command, [...first, ...compilerFlags(sanitizer), ...args]);
}

function helper(path: string): string {
  return join(HELPERS_DIR, path);
}
