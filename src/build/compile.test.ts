import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EnvironmentError } from '../util/errors.ts';
import { type CompileRequest, cacheDir, compiledCalibration, compileHelpers } from './compile.ts';
import { buildGuestPrograms } from './guest-programs.ts';

test.each([
  [{ XDG_CACHE_HOME: '/var/cache/me' }, '/var/cache/me/iomodels-bench'],
  [{}, join(homedir(), '.cache', 'iomodels-bench')],
  // The XDG specification: a path that is not absolute is to be ignored.
  [{ XDG_CACHE_HOME: 'relative' }, join(homedir(), '.cache', 'iomodels-bench')],
  [{ XDG_CACHE_HOME: '' }, join(homedir(), '.cache', 'iomodels-bench')],
])('the cache of %j is %s', (env, folder) => {
  expect(cacheDir(env)).toBe(folder);
});

/** Generous: machines stall. */
const COMPILER_STARTS_MS = 9_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-compile-'));
  for (const name of 'server models job files wire load observer loadlib calibration'.split(' '))
    mkdirSync(join(folder, 'src', name), { recursive: true });
  for (const path of [
    'server/main.c',
    'server/main.h',
    'models/epoll.c',
    'models/poll.c',
    'load/engine.c',
    'calibration/calibration.c',
  ])
    source(path, `/* ${path} */`);
  compiler('for last; do :; done\nwhile [ "$1" != -o ]; do shift; done\necho "$@" >"$2"; chmod 755 "$2"');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function source(path: string, text: string): void {
  writeFileSync(join(folder, 'src', path), text);
}

/** Of the machine that runs the tests, or nothing that is compiled could be used. */
const MACROS = [
  `${{ x64: '__x86_64__', arm64: '__aarch64__' }[process.arch as 'x64' | 'arm64']} 1`,
  '__SIZEOF_POINTER__ 8',
  '__GLIBC__ 2',
  '__GLIBC_MINOR__ 36',
];

/** A compiler that runs this script; its calls are counted. */
function compiler(script: string, { version = 'fake cc 1.0', target = 'fake-linux-gnu' } = {}): void {
  const path = join(folder, 'cc');
  const lines = [
    '#!/bin/sh',
    `case "$*" in *--version*) echo "${version}"; exit;; *-dumpmachine*) echo "${target}"; exit;; esac`,
    `case "$*" in *-dM*) printf '%s\\n' ${MACROS.map((macro) => `'#define ${macro}'`).join(' ')}; exit;; esac`,
    `echo >>${folder}/calls`,
    script,
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
  chmodSync(path, 0o755);
  vi.stubEnv('CC', path);
}

const calls = () => readFileSync(join(folder, 'calls'), 'utf8').length;

function compile(change: Partial<CompileRequest> = {}) {
  return compileHelpers({
    sourceDir: join(folder, 'src'),
    programs: ['epoll', 'poll'],
    cacheDir: join(folder, 'cache'),
    ...change,
  });
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => 'it went well',
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(EnvironmentError);
  return (error as EnvironmentError).message.replaceAll(folder, '<folder>');
}

describe('compileHelpers', () => {
  test('compiles each program with what servers share, and two libraries', async () => {
    const { servers, loadgen, calibration, info } = await compile();
    expect(info).toMatchObject({
      compiler: join(folder, 'cc'),
      compilerVersion: 'fake cc 1.0',
      cached: false,
    });
    expect([...servers.keys()]).toEqual(['epoll', 'poll']);
    const epoll = readFileSync(servers.get('epoll') ?? '', 'utf8');
    expect(epoll).toContain('models/epoll.c');
    expect(epoll).toContain('/server-main.o');
    expect(epoll).not.toContain('models/poll.c');
    expect(readFileSync(loadgen, 'utf8')).toMatch(/-shared.*load\/engine\.c/);
    expect(readFileSync(calibration, 'utf8')).toMatch(/-shared.*calibration\/calibration\.c/);
    // Two libraries, two programs, and the one file that both share.
    expect(calls()).toBe(5);
  });

  test('compiles nothing that is there already, and only what is missing', async () => {
    const first = await compile({ programs: ['epoll'] });
    const second = await compile();
    expect([first.info.cached, second.info.cached, calls()]).toEqual([false, false, 5]);
    const third = await compile();
    expect([third.info.cached, third.info.hash, calls()]).toEqual([true, first.info.hash, 5]);
  });

  test.each<[string, (path: string) => void]>([
    ['empty', (path) => writeFileSync(path, '')],
    ['cut off', (path) => writeFileSync(path, readFileSync(path).subarray(0, 20))],
    ['changed', (path) => writeFileSync(path, readFileSync(path, 'utf8').replace('epoll', 'EPOLL'))],
    ['gone', (path) => rmSync(path)],
    ['without a checksum', (path) => rmSync(`${path}.sha256`)],
  ])('compiles a program again that is %s', async (_title, damage) => {
    const path = (await compile()).servers.get('epoll') ?? '';
    const whole = readFileSync(path, 'utf8');
    damage(path);
    const { info } = await compile();
    expect([info.cached, calls(), readFileSync(path, 'utf8')]).toEqual([false, 6, whole]);
    expect((await compile()).info.cached).toBe(true);
  });

  const changes: [title: string, change: () => Partial<CompileRequest> | undefined][] = [
    ['a source', () => void source('models/epoll.c', 'int changed;')],
    ['a header', () => void source('server/main.h', 'int changed;')],
    ['a new file', () => void source('server/new.h', '')],
    [
      'the compiler',
      () =>
        void compiler('while [ "$1" != -o ]; do shift; done\necho >"$2"', {
          version: 'fake cc 2.0',
        }),
    ],
    [
      'what it compiles for',
      () => void compiler('while [ "$1" != -o ]; do shift; done\necho >"$2"', { target: 'other-linux-gnu' }),
    ],
    ['the sanitizer', () => ({ sanitizer: 'thread' })],
  ];
  test.each(changes)('compiles again when %s has changed', async (_title, change) => {
    const before = await compile();
    const after = await compile(change() ?? {});
    expect(after.info).toMatchObject({ cached: false });
    expect(after.info.hash).not.toBe(before.info.hash);
  });

  test('says what the compiler said, but not all of it, and keeps no half of a program', async () => {
    compiler(
      'while [ "$1" != -o ]; do shift; done\necho half >"$2"\nfor i in $(seq 100); do echo "epoll.c:$i: error" >&2; done\nexit 1',
    );
    const message = await failureOf(compile({ programs: [] }));
    expect(message.split('\n').slice(0, 2)).toEqual([
      '<folder>/cc could not compile loadgen.so:',
      'epoll.c:1: error',
    ]);
    expect(message.split('\n').length).toBeLessThan(20);
    expect(leftovers()).toEqual([]);
  });

  test('says that a disk is full, also of a program that it could do without', async () => {
    compiler(
      'case "$*" in *models/epoll.c*) printf "ld: final link failed: No space left on device\\ncollect2: error: ld returned 1\\n" >&2; exit 1;; esac\nwhile [ "$1" != -o ]; do shift; done\necho done >"$2"',
    );
    expect(await failureOf(compile())).toMatch(
      /^cannot compile epoll into <folder>\/cache\/\w+: No space left on device; free some there or in \//,
    );
    expect(leftovers().some((name) => name.includes('epoll'))).toBe(false);
  });

  test('takes what the same compiler made under another name, and not with other arguments', async () => {
    const first = await compile();
    const wrapper = join(folder, 'wrapper');
    writeFileSync(wrapper, '#!/bin/sh\nexec "$@"\n');
    chmodSync(wrapper, 0o755);
    vi.stubEnv('CC', `${wrapper} ${join(folder, 'cc')}`);
    expect((await compile()).info).toMatchObject({ hash: first.info.hash, cached: true });
    vi.stubEnv('CC', `${join(folder, 'cc')} -O1`);
    expect((await compile()).info.hash).not.toBe(first.info.hash);
  });

  test('does not mind warnings, and shows none of them before an error', async () => {
    compiler(
      'for i in $(seq 100); do echo "warning: odd" >&2; done\ncase "$*" in *loadgen*) echo "load.c:1: error: bad" >&2; exit 1;; esac\nwhile [ "$1" != -o ]; do shift; done\necho done >"$2"',
    );
    expect(await failureOf(compile())).toBe(
      '<folder>/cc could not compile loadgen.so:\nload.c:1: error: bad',
    );
  });

  test('names a compiler that ends well and writes nothing', async () => {
    compiler('exit 0');
    expect(await failureOf(compile({ programs: [] }))).toMatch(
      /could not compile \w+\.so:\nit ended with code 0, and wrote no \w+\.so$/,
    );
    expect(leftovers()).toEqual([]);
  });

  test('goes on without a program that does not compile, and has its first error', async () => {
    compiler(
      'case "$*" in *models/epoll.c*) printf "warning: odd\\nepoll.c:1: error: no such thing\\nmore" >&2; exit 1;; esac\nwhile [ "$1" != -o ]; do shift; done\necho done >"$2"',
    );
    const { servers, failures } = await compile();
    expect([...servers.keys()]).toEqual(['poll']);
    expect([...failures].map(([name, why]) => [name, why.replaceAll(folder, '<folder>')])).toEqual([
      ['epoll', '<folder>/cc could not compile epoll: epoll.c:1: error: no such thing'],
    ]);
    expect(leftovers().some((name) => name.includes('epoll'))).toBe(false);
  });

  test('says of each program what is wrong with a file that all share', async () => {
    compiler(
      'case "$*" in *-c*server/main.c*) echo "main.c:1: error: bad" >&2; exit 1;; esac\nwhile [ "$1" != -o ]; do shift; done\necho done >"$2"',
    );
    const { servers, failures } = await compile();
    expect(servers.size).toBe(0);
    expect([...failures.values()].map((why) => why.replaceAll(folder, '<folder>'))).toEqual([
      '<folder>/cc could not compile epoll: main.c:1: error: bad',
      '<folder>/cc could not compile poll: main.c:1: error: bad',
    ]);
  });

  test('goes on without the calibration, and without any server', async () => {
    compiler(
      'case "$*" in *loadgen*) ;; *) echo "common.h:1: error: bad" >&2; exit 1;; esac\nwhile [ "$1" != -o ]; do shift; done\necho done >"$2"',
    );
    const artifacts = await compile();
    expect([...artifacts.failures.keys()].sort()).toEqual(['calibration.so', 'epoll', 'poll']);
    expect(() => compiledCalibration(artifacts)).toThrow(
      /could not compile calibration\.so: common\.h:1: error: bad/,
    );
    expect(artifacts.servers.size).toBe(0);
  });

  test('links a program with its own libraries, and compiles again where they change', async () => {
    const before = await compile();
    const after = await compile({ libs: new Map([['epoll', ['aio', 'numa']]]) });
    expect(readFileSync(after.servers.get('epoll') ?? '', 'utf8')).toMatch(/ -laio -lnuma /);
    expect(readFileSync(after.servers.get('poll') ?? '', 'utf8')).not.toContain('-laio');
    expect(after.info.hash).not.toBe(before.info.hash);
  });

  const withUring = { packages: new Map([['poll', ['liburing']]]) };

  /** A pkg-config that knows one package. */
  function pkgConfig(version: string): void {
    const path = join(folder, 'pkg-config');
    writeFileSync(
      path,
      `#!/bin/sh\ncase $1 in --modversion) echo ${version};; --cflags) echo -DU;; --libs) echo -luring;; esac\n`,
    );
    chmodSync(path, 0o755);
    vi.stubEnv('PKG_CONFIG', path);
  }

  test('compiles a program with its package in a place of its own, anew where the package changes', async () => {
    const without = await compile({ programs: ['epoll'], ...withUring });
    pkgConfig('2.3');
    const { servers, lacking, info } = await compile(withUring);
    expect(readFileSync(servers.get('poll') ?? '', 'utf8')).toMatch(/ -DU .*models\/poll\.c -luring /);
    expect(readFileSync(servers.get('epoll') ?? '', 'utf8')).not.toContain('-luring');
    expect([...lacking]).toEqual([]);
    expect(info.hash).toBe(without.info.hash);
    const before = calls();
    expect((await compile(withUring)).servers.get('poll')).toBe(servers.get('poll'));
    expect(calls()).toBe(before);
    pkgConfig('2.4');
    expect((await compile(withUring)).servers.get('poll')).not.toBe(servers.get('poll'));
  });

  test('goes on without a program whose package is missing, and says that nothing is broken', async () => {
    vi.stubEnv('PKG_CONFIG', join(folder, 'no-pkg-config'));
    const { servers, failures, lacking } = await compile(withUring);
    expect([...servers.keys()]).toEqual(['epoll']);
    expect(failures.get('poll')).toMatch(/^needs liburing, and there is no .*apt-get install liburing-dev/);
    expect([...lacking]).toEqual(['poll']);
  });

  test('leaves programs with packages out of what runs in a guest, with the reason', async () => {
    mkdirSync(join(folder, 'src', 'agent'));
    pkgConfig('2.3');
    const guest = await buildGuestPrograms({
      sourceDir: join(folder, 'src'),
      programs: ['epoll', 'poll'],
      cacheDir: join(folder, 'cache'),
      ...withUring,
    });
    expect(guest.programs).toEqual(['epoll']);
    expect([...guest.skipped]).toEqual([
      ['poll', 'needs liburing of the host, and what runs in a guest is linked with nothing of it'],
    ]);
  });

  test('is ended by an abort, with its reason and no half of a program', async () => {
    compiler('while [ "$1" != -o ]; do shift; done\necho half >"$2"\nexec sleep 600');
    const controller = new AbortController();
    const reason = new Error('by SIGINT');
    const compiling = compile({ programs: [], signal: controller.signal }).catch((error: unknown) => error);
    await vi.waitFor(() => expect(leftovers()).not.toEqual([]), COMPILER_STARTS_MS);
    controller.abort(reason);
    expect(await compiling).toBe(reason);
    expect(leftovers()).toEqual([]);
  });

  test('compiles anew what is empty or what others may have written, and clears up after a killed compiler', async () => {
    const { servers, loadgen } = await compile();
    const before = calls();
    const [epoll = '', poll = ''] = servers.values();
    writeFileSync(epoll, '');
    chmodSync(loadgen, 0o777);
    // No process has this number: it is over the kernel's limit of 2^22.
    writeFileSync(`${epoll}.99999999`, 'half');
    writeFileSync(`${poll}.${process.pid}`, 'at work');
    await compile();
    expect(calls()).toBe(before + 2);
    expect(readFileSync(epoll, 'utf8')).toContain('models/epoll.c');
    expect(leftovers().filter((name) => /\.\d+$/.test(name))).toEqual([
      expect.stringMatching(/\/poll\.\d+$/),
    ]);
  });

  test('refuses a cache that others may write to', async () => {
    mkdirSync(join(folder, 'shared'));
    chmodSync(join(folder, 'shared'), 0o777);
    expect(await failureOf(compile({ cacheDir: join(folder, 'shared') }))).toMatch(/cannot be trusted/);
    expect(calls).toThrow();
  });

  test('names sources that are missing', async () => {
    const message = await failureOf(compile({ sourceDir: join(folder, 'nowhere') }));
    expect(message).toBe('the C sources are missing: <folder>/nowhere/server; install the package again');
  });

  test('names a cache that cannot be written', async () => {
    writeFileSync(join(folder, 'occupied'), '');
    const message = await failureOf(compile({ cacheDir: join(folder, 'occupied') }));
    expect(message).toMatch(
      /^cannot keep compiled helpers in <folder>\/occupied: EEXIST\. Set XDG_CACHE_HOME/,
    );
  });
});

function leftovers(): string[] {
  return readdirSync(join(folder, 'cache'), { recursive: true })
    .map(String)
    .filter((name) => name.includes('/'));
}
