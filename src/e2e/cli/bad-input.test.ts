import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCompiler } from '../../build/compiler.ts';
import { HELPERS_DIR } from '../../build/package.ts';
import { listRuns } from '../../results/run-index.ts';
import { readRun } from '../../results/store.ts';
import { EXIT } from '../../util/errors.ts';
import { BYTES_PER_KIB } from '../../util/units.ts';
import { askCli, CLI_PATH, type CliOptions, newestFolder, runCli } from './cli.ts';

const SHORT = ['--blocks', '1', '--duration', '30ms', '--warmup', '10ms'];
const isRoot = process.getuid?.() === 0;
/** nobody, on every distribution. */
const NOBODY = 65_534;

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-bad-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

function folder(name: string): string {
  const path = join(cwd, name);
  mkdirSync(path, { recursive: true });
  return path;
}

function file(name: string, content: string, mode = 0o644): string {
  const path = join(cwd, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

/** What the command said on stderr, which must end it with this code and nothing on stdout. */
async function refusal(
  code: number,
  args: readonly string[],
  options: Partial<CliOptions> = {},
  execute: typeof askCli = runCli,
): Promise<string> {
  const { exitCode, stdout, stderr } = await execute(args, { cwd, ...options });
  expect(stderr).not.toContain('this is a bug');
  expect({ exitCode, stdout }, stderr).toEqual({ exitCode: code, stdout: '' });
  return stderr;
}

describe('bad usage ends with 2', () => {
  const cases: [title: string, args: string[], said: string[]][] = [
    [
      'unknown models, workloads and values, all at once and with the nearest names',
      [
        'run',
        '--models',
        'epol-lt,nosuch*',
        '--workloads',
        'ping-pnog',
        '--blocks',
        '0',
        '--duration',
        'long',
      ],
      [
        'error: unknown model epol-lt; did you mean epoll-lt?\n',
        'error: no model matches nosuch*\n',
        'error: unknown workload ping-pnog; did you mean ping-pong?\n',
        'error: --blocks 0: must be a whole number from 1 to 1000\n',
        'error: --duration long: must be a time such as 250ms, 1.5s or 2m, 1 ms to 10 m\n',
      ],
    ],
    [
      'an unknown option, with the nearest',
      ['run', '--modles', 'x'],
      ["unknown option '--modles'", '--models'],
    ],
    ['an unknown command, with the nearest', ['rum'], ["unknown command 'rum'", 'run']],
    ['a missing argument', ['serve'], ["missing required argument 'model'"]],
    ['an unknown model to serve', ['serve', 'epoll'], ['unknown model epoll; did you mean poll?']],
    [
      'a port that is none',
      ['serve', 'epoll-lt', '--port', '99999'],
      ['--port=99999 is not a number up to 65535'],
    ],
    ['a list that is none', ['list', 'things'], ['models', 'workloads']],
    ['a run that does not exist', ['show', 'nowhere'], ['no run nowhere: it is neither a run id']],
    ['a width that no table has', ['show', '--width', '20'], ['must be a whole number from 60 to 1000']],
    ['a colour', ['show', '--color', 'blue'], ['Allowed choices are auto, always, never']],
    ['CPUs that are not there', ['serve', 'poll', '--cpu', '4095'], ['--cpu 4095: this host has CPUs']],
    ['a list of CPUs that is none', ['serve', 'poll', '--cpu', 'x'], ['--cpu x: not a list of CPUs']],
    ['no run at all', ['show'], ['no run under', 'measure one with iomodels-bench run']],
    ['a CPU that is not there', ['run', '--server-cpus', '4000'], ['--server-cpus 4000: this host has CPUs']],
  ];
  test.each(cases)('%s', async (_title, args, said) => {
    const stderr = await refusal(EXIT.usage, args, {}, askCli);
    for (const text of said) expect(stderr).toContain(text);
    expect(readdirSync(cwd)).not.toContain('results');
  });

  test('broken workload files and flags, all at once and with paths', async () => {
    const broken = file('broken.json', '{"id": "x",');
    const wrong = file(
      'wrong.json',
      JSON.stringify({
        id: 'Not An Id',
        title: 'x',
        mode: 'closed',
        connections: 0,
        active: 5,
        dept: 3,
        messageBytes: 1e12,
      }),
    );
    const args = [
      'run',
      '--workload',
      broken,
      '--workload',
      wrong,
      '--workload',
      '/nowhere.json',
      '--models',
      'pol',
    ];
    const stderr = await refusal(EXIT.usage, args);
    for (const text of [
      `error: ${broken}: $: is not JSON: `,
      `error: ${wrong}: $.id: `,
      `error: ${wrong}: $.description: is missing`,
      `error: ${wrong}: $.connections: 0 is too small`,
      `error: ${wrong}: $.messageBytes: `,
      `error: ${wrong}: $.dept: unknown member (did you mean "depth"?)`,
      'error: /nowhere.json: there is no such file',
      'error: unknown model pol; did you mean poll?',
    ])
      expect(stderr).toContain(text);
  });

  test('hostile workload files, without a trace of what they hold', async () => {
    const control = file(
      'control.json',
      JSON.stringify({ id: 'x', title: '\u001b[2J\u202e', description: 'd' }),
    );
    const polluting = file('proto.json', '{"__proto__": {"mode": "closed"}, "constructor": 1}');
    const deep = file('deep.json', `${'['.repeat(50_000)}`);
    const args = [
      'run',
      ...[control, polluting, deep, '/dev/zero', cwd].flatMap((path) => ['--workload', path]),
    ];
    const stderr = await refusal(EXIT.usage, args);
    for (const char of ['\u001b', '\u202e']) expect(stderr).not.toContain(char);
    for (const path of [control, polluting, deep, '/dev/zero', cwd])
      expect(stderr).toContain(`error: ${path}: `);
  });
});

describe('a machine that cannot do it ends with 3', () => {
  const run = ['run', '--models', 'epoll-lt', '--workloads', 'ping-pong', ...SHORT];

  test('no compiler', async () => {
    const bare = folder('bare');
    symlinkSync(process.execPath, join(bare, 'node'));
    const stderr = await refusal(EXIT.environment, run, { env: { PATH: bare, CC: undefined } });
    expect(stderr).toMatch(
      /^error: no C compiler: cc is not installed; .*; clang is not installed\. Install one .*CC\.$/m,
    );
  });

  test.each([
    ['/nowhere/cc', '/nowhere/cc is not installed'],
    ['true', '"true -dumpmachine" does not name a target'],
    ['gcc --no-such-option', 'ends with code 1: gcc: error: unrecognized command-line option'],
  ])('a CC that is no compiler: %s', async (CC, reason) => {
    const stderr = await refusal(EXIT.environment, run, { env: { CC } });
    expect(stderr).toContain('error: the variable CC names no C compiler that works here: ');
    expect(stderr).toContain(reason);
  });

  test('a compile error, with what the compiler said', async () => {
    const { command } = await findCompiler();
    const CC = file(
      'failing-cc',
      `#!/bin/sh\ncase "$*" in *" -o "*) ;; *) exec ${command} "$@";; esac\necho "x.c:1: error: not today" >&2\nexit 1\n`,
      0o755,
    );
    // What the compiler behind it has made would do.
    const env = { CC, XDG_CACHE_HOME: folder('failing-cache') };
    const stderr = await refusal(EXIT.environment, run, { env });
    expect(stderr).toMatch(
      /error: .*failing-cc could not compile (epoll|loadgen\.so):\nerror: x\.c:1: error: not today/,
    );
    expect(existsSync(join(cwd, 'results'))).toBe(false);
  });

  test('a cache that cannot be written', async () => {
    const occupied = file('occupied-cache', '');
    const stderr = await refusal(EXIT.environment, run, { env: { XDG_CACHE_HOME: occupied } });
    expect(stderr).toContain(`error: cannot keep compiled helpers in ${occupied}/`);
    expect(stderr).toContain('ENOTDIR. Set XDG_CACHE_HOME to a folder that you can write to.');
  });

  test('a results folder that cannot be made', async () => {
    const stderr = await refusal(EXIT.environment, [...run, '--results', file('occupied', '')]);
    expect(stderr).toMatch(/error: cannot write .*occupied.*: ENOTDIR; choose another folder with --results/);
  });

  test('a results folder that a normal user may not write', async ({ skip }) => {
    const locked = folder('locked');
    const own = folder('nobody');
    chmodSync(cwd, 0o755);
    chmodSync(locked, 0o555);
    const options: Partial<CliOptions> = {};
    if (isRoot) {
      execFileSync('chown', [String(NOBODY), own]);
      const wrap = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
      const readable = canRun([...wrap, process.execPath, CLI_PATH, '--version']);
      if (!readable)
        skip('a normal user cannot run the command here: no setpriv, or a folder above is locked');
      // The cache of root is not theirs.
      Object.assign(options, { wrap, env: { XDG_CACHE_HOME: own, HOME: own } });
    }
    const stderr = await refusal(EXIT.environment, [...run, '--results', locked], options);
    expect(stderr).toMatch(/error: cannot write .*locked.*: EACCES; choose another folder with --results/);
  });

  test('a port that is in use', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const stderr = await refusal(EXIT.environment, ['serve', 'epoll-lt', '--port', String(port)]);
      expect(stderr).toContain('Address already in use');
    } finally {
      server.close();
    }
  });

  test('a full disk: what was measured before is kept and shown', async ({ skip }) => {
    const disk = folder('disk');
    const mount = ['mount', '-t', 'tmpfs', '-o', `size=${64 * BYTES_PER_KIB}`, 'tmpfs', disk];
    if (!isRoot || !canRun(mount)) skip('mounting a small disk is not permitted here');
    try {
      const args = ['run', '--models', 'epoll-lt', '--workloads', 'ping-pong', '--results', disk];
      const stderr = await refusal(EXIT.environment, [
        ...args,
        '--blocks',
        '1000',
        '--duration',
        '1ms',
        '--warmup',
        '1ms',
      ]);
      expect(stderr).toMatch(/error: cannot write .*(trials|calibrations)\.ndjson: ENOSPC; the disk is full/);
      const [id = ''] = (await listRuns(disk)).runs.map(({ runId }) => runId);
      const run = await readRun(id, disk);
      expect(run.trials.length).toBeGreaterThan(0);
      const unnamed = await refusal(EXIT.usage, ['show', '--results', disk]);
      expect(unnamed).toContain(`only ${id} (run, still running or killed); name one to take it as it is\n`);
      const shown = await askCli(['show', id, '--results', disk], { cwd });
      expect(shown.exitCode).toBe(0);
      expect(shown.stdout).toContain('ping-pong');
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});

describe('an output that cannot be written', () => {
  const full: CliOptions['wrap'] = ['sh', '-c', 'exec "$@" > /dev/full', 'sh'];

  test.each([
    ['of a command', ['list', 'models']],
    ['of help', ['--help']],
    ['of an export', ['list', 'workloads', '--json']],
  ])('%s: one line, and a code that is no verdict', async (_what, args) => {
    const { exitCode, stderr } = await runCli(args, { cwd, wrap: full });
    expect(stderr).toBe('error: cannot write to stdout: ENOSPC\n');
    expect(exitCode).toBe(EXIT.output);
  });

  test('on stderr: what was asked for is printed all the same', async () => {
    const deaf: CliOptions['wrap'] = ['sh', '-c', 'exec "$@" 2> /dev/full', 'sh'];
    const { exitCode, stdout } = await runCli(['run', '--dry-run', '--blocks', '1'], { cwd, wrap: deaf });
    expect(exitCode).toBe(EXIT.ok);
    expect(stdout).not.toBe('');
  });
});

test('A glob leaves the samples of the guide out, and stderr says what would take them', async () => {
  const dryRun = ['run', '--dry-run', '--workloads', 'ping-pong', '--json', '--models'];
  const { exitCode, stdout, stderr } = await askCli([...dryRun, 'poll*'], { cwd });
  expect(exitCode, stderr).toBe(EXIT.ok);
  expect(JSON.parse(stdout).settings.entries).toEqual([{ label: 'poll', model: 'poll' }]);
  expect(stderr).toMatch(
    /^notice: poll\* leaves out poll-guide, .*: a name, or a glob that says guide, takes it$/m,
  );
  const named = await askCli([...dryRun, 'poll-{guide,none}'], { cwd });
  expect(named.stdout).toContain('"poll-guide"');
  expect(named.stderr).not.toContain('notice');
});

describe('cells that cannot be measured are skipped with the reason', () => {
  const limited = (nofile: number): Partial<CliOptions> => ({
    wrap: ['sh', '-c', `ulimit -n ${nofile}; exec "$@"`, 'sh'],
  });
  const args = [
    'run',
    '--json',
    '--models',
    'epoll-lt',
    '--workloads',
    'ping-pong,many-connections',
    ...SHORT,
  ];

  test('too few descriptors for a workload: the others are measured, and the code is 0', async () => {
    const { exitCode, stdout, stderr } = await runCli(args, { cwd, ...limited(256) });
    expect(exitCode, stderr).toBe(EXIT.ok);
    const rows = JSON.parse(stdout).summary.workloads.map((group: { rows: unknown[] }) => group.rows[0]);
    expect(rows).toMatchObject([
      { status: 'measured' },
      {
        status: 'skipped',
        reason:
          'RLIMIT_NOFILE is 256, the workload needs 200 connections and 64 more; raise it with ulimit -n',
      },
    ]);
  });

  test('just enough descriptors: nothing is skipped and nothing fails', async () => {
    const { exitCode, stdout, stderr } = await runCli(args, { cwd, ...limited(200 + 64) });
    expect(exitCode, stderr).toBe(EXIT.ok);
    const rows = JSON.parse(stdout).summary.workloads.map((group: { rows: unknown[] }) => group.rows[0]);
    expect(rows).toMatchObject([{ status: 'measured' }, { status: 'measured' }]);
  });

  test('a program that does not compile: its rows, with the first error of the compiler', async () => {
    const { command } = await findCompiler();
    const CC = file(
      'picky-cc',
      `#!/bin/sh\ncase "$*" in *models/poll.c*) set -- "$@" -include no_such_header.h;; esac\nexec ${command} "$@"\n`,
      0o755,
    );
    const env = { CC, XDG_CACHE_HOME: folder('picky-cache') };
    const models = ['--models', 'poll,epoll-lt', '--workloads', 'ping-pong'];
    const { exitCode, stdout, stderr } = await runCli(['run', ...models, ...SHORT], { cwd, env });
    expect(exitCode, stderr).toBe(EXIT.ok);
    const { record, trials } = await readRun(newestFolder(cwd), cwd);
    expect(new Set(trials.map(({ label }) => label))).toEqual(new Set(['epoll-lt']));
    const reason = record.cells.find(({ label }) => label === 'poll')?.skipReason ?? '';
    expect(reason).toMatch(/could not compile poll: .*(error|undefined)/);
    expect(reason).not.toContain('\n');
    expect(stdout).toContain('skipped');
    const served = await refusal(EXIT.environment, ['serve', 'poll'], { env });
    expect(served).toContain('could not compile poll:');
  });

  test('a compiler with a wrapper and arguments, which warns about everything: nothing is skipped', async () => {
    const { command } = await findCompiler();
    const wrapper = file('wrapper', '#!/bin/sh\necho "wrapper: warning: old" >&2\nexec "$@"\n', 0o755);
    const env = {
      CC: `${wrapper} ${command} -Wall -Wextra -Wconversion -Wunused-macros`,
      XDG_CACHE_HOME: folder('warned-cache'),
    };
    const models = ['--models', 'epoll-lt', '--workloads', 'ping-pong'];
    const { exitCode, stderr } = await runCli(['run', ...models, ...SHORT], { cwd, env });
    expect(exitCode, stderr).toBe(EXIT.ok);
    const { record, trials } = await readRun(newestFolder(cwd), cwd);
    expect(record.build.compiler).toBe(env.CC);
    expect(trials.map(({ status }) => status)).toEqual(['measured']);
  });

  test('locked memory for small rings only: the large workload is skipped for io_uring, the small one is not', async ({
    skip,
  }) => {
    // 432 KiB is what a ring for few connections needs, 584 KiB one for 10,000; the helpers are compiled already.
    const wrap = [
      'prlimit',
      `--memlock=${512 * BYTES_PER_KIB}`,
      'setpriv',
      '--bounding-set=-ipc_lock',
      '--inh-caps=-ipc_lock',
      `--reuid=${NOBODY}`,
      '--clear-groups',
    ];
    if (!isRoot || !canRun([...wrap, process.execPath, CLI_PATH, '--version']))
      skip('a normal user cannot run the command here: no setpriv, or a folder above is locked');
    chmodSync(cwd, 0o755);
    const own = folder('memlock');
    execFileSync('chown', [String(NOBODY), own]);
    const results = join(own, 'results');
    const env = { XDG_CACHE_HOME: join(own, 'cache') };
    const args = ['run', '--models', 'io_uring', '--workloads', 'ping-pong,c10k', '--results', results];
    const { exitCode, stderr } = await runCli([...args, ...SHORT], { cwd, env, wrap });
    const { stdout } = await runCli(['doctor', '--json'], { cwd, env, wrap });
    if (stdout.includes('rings do not count as locked memory here'))
      skip('rings do not count as locked memory here');
    expect(exitCode, stderr).toBe(EXIT.ok);
    const [run = ''] = readdirSync(results);
    const { record, trials } = await readRun(join(results, run), cwd);
    expect(record.cells.map((cell) => [cell.workload, cell.skipReason])).toEqual(
      expect.arrayContaining([
        ['ping-pong', null],
        ['c10k', expect.stringMatching(/io_uring_setup: no memory for rings of \d+ KiB.*RLIMIT_MEMLOCK/)],
      ]),
    );
    expect(trials.map((trial) => trial.status)).toEqual(['measured']);
  });

  /** The same numbers on every architecture. */
  const IO_URING_CALLS = { io_uring_setup: 425, io_uring_enter: 426, io_uring_register: 427 } as const;

  describe('io_uring under a seccomp filter', () => {
    let wrap: string[];
    beforeAll(async () => {
      const program = join(cwd, 'without_call');
      const [compiler, ...first] = (await findCompiler()).words;
      execFileSync(compiler, [
        ...first,
        '-Wall',
        '-Werror',
        '-o',
        program,
        join(HELPERS_DIR, 'tests', 'without_call.c'),
      ]);
      wrap = [program, String(IO_URING_CALLS.io_uring_setup)];
    });

    test('skips its rows and measures the others, with code 0', async ({ skip }) => {
      if (!canRun([...wrap, 'true'])) skip('this kernel takes no seccomp filter');
      const models = ['--models', 'epoll-lt,io_uring,io_uring-sqpoll', '--workloads', 'ping-pong'];
      const { exitCode, stdout, stderr } = await runCli(['run', ...models, ...SHORT], { cwd, wrap });
      expect(exitCode, stderr).toBe(EXIT.ok);
      const { record, trials } = await readRun(newestFolder(cwd), cwd);
      expect(trials.map((trial) => `${trial.label} ${trial.status}`)).toEqual(['epoll-lt measured']);
      for (const id of ['io_uring', 'io_uring-sqpoll']) {
        const reason = record.cells.find((cell) => cell.label === id)?.skipReason ?? '';
        expect(reason).toMatch(/io_uring_setup.*(EPERM|Operation not permitted)/);
        expect(reason).not.toContain('\n');
        expect(stdout.replace(/\s+/g, ' ')).toContain('io_uring_setup');
      }
    });

    test.for(['io_uring_enter', 'io_uring_register'] as const)(
      'names %s where that is what is refused',
      async (call, { skip }) => {
        const refusing = [wrap[0] ?? '', String(IO_URING_CALLS[call])];
        if (!canRun([...refusing, 'true'])) skip('this kernel takes no seccomp filter');
        const models = ['--models', 'io_uring', '--workloads', 'ping-pong'];
        const stderr = await refusal(EXIT.environment, ['run', ...models, ...SHORT], { wrap: refusing });
        expect(stderr).toMatch(
          new RegExp(`io_uring under ping-pong: ${call} is refused: Operation not permitted`),
        );
      },
    );

    test('ends with 3 where nothing else was asked for', async ({ skip }) => {
      if (!canRun([...wrap, 'true'])) skip('this kernel takes no seccomp filter');
      const models = ['--models', 'io_uring', '--workloads', 'ping-pong'];
      const stderr = await refusal(EXIT.environment, ['run', ...models, ...SHORT], { wrap });
      expect(stderr).toMatch(
        /error: nothing can be measured here:\nerror: io_uring under ping-pong: .*io_uring_setup/,
      );
    });
  });
});

function canRun([command, ...args]: readonly string[]): boolean {
  try {
    execFileSync(command ?? 'false', args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
