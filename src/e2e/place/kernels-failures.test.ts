import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Kernel } from '../../kernels/schema.ts';
import { readTopology } from '../../observe/topology.ts';
import { listRuns } from '../../results/run-index.ts';
import { readRun } from '../../results/store.ts';
import { EXIT } from '../../util/errors.ts';
import { Cli, type CliOptions, runCli } from '../cli/cli.ts';
import { childrenOf, isAlive, type Task } from '../cli/processes.ts';
import { until } from '../conformance/until.ts';
import { findMachine } from './machine.ts';

/** A few boots, where others may want the same CPUs. */
const TEST_TIMEOUT_MS = 600_000;
const SMALL = ['--smp', '1', '--models', 'epoll-lt', '--workloads', 'ping-pong', '--results', 'boots'];
const ONCE = [...SMALL, '--boots', '1', '--blocks', '1'];
/** More than any of these tests waits for. */
const ENDLESS = [...SMALL, '--boots', '1', '--blocks', '1000'];

const machine = await findMachine();
let cwd: string;
let started: Cli | undefined;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-kernels-failures-'));
  mkdirSync(join(cwd, 'tmp'));
});
afterEach(async () => {
  started?.dispose();
  await started?.ended;
  started = undefined;
  rmSync(cwd, { recursive: true, force: true });
});

const boots = () => join(cwd, 'boots');
const optionsOf = (change: Partial<CliOptions> = {}): CliOptions => ({
  cwd,
  deadlineMs: TEST_TIMEOUT_MS,
  ...change,
  env: { TMPDIR: join(cwd, 'tmp'), ...change.env },
});

/** `kernels run`, begun. */
function start(args: readonly string[], change: Partial<CliOptions> = {}): Cli {
  started = Cli.start(['kernels', 'run', ...args], optionsOf(change));
  return started;
}

const qemuOption = () => ['--qemu', machine.qemu?.path ?? ''];

function kernelAt(place: number): Kernel {
  const kernel = machine.kernels.at(place);
  if (kernel === undefined) throw new Error('no kernel');
  return kernel;
}

/** What guests leave where all went in good order, whatever became of them. */
function expectNothingLeft(): void {
  expect(readdirSync(join(cwd, 'tmp'))).toEqual([]);
}

/** A program in the test's folder. */
function script(name: string, lines: readonly string[]): string {
  const path = join(cwd, name);
  writeFileSync(path, ['#!/bin/sh', ...lines, ''].join('\n'));
  chmodSync(path, 0o755);
  return path;
}

/** The processes of a command that measures: some trials are stored. */
async function whileMeasuring(cli: Cli): Promise<readonly Task[]> {
  const trialsIn = (name: string) => {
    const path = join(boots(), name, 'trials.ndjson');
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
  };
  await until({
    what: 'two trials are stored',
    deadlineMs: TEST_TIMEOUT_MS,
    look: () => (existsSync(boots()) ? Math.max(0, ...readdirSync(boots()).map(trialsIn)) : 0),
    reached: (trials) => trials >= 2,
  });
  return childrenOf(cli.pid);
}

/** QEMU, once it runs a guest of the command. */
function whileBooting(cli: Cli): Promise<readonly Task[]> {
  const commandLine = ({ pid }: Task) => {
    const path = `/proc/${pid}/cmdline`;
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  };
  return until({
    what: 'a guest boots',
    deadlineMs: TEST_TIMEOUT_MS,
    look: () => childrenOf(cli.pid).filter((task) => commandLine(task).includes('-nodefaults')),
    reached: (tasks) => tasks.length > 0,
  });
}

function untilGone(tasks: readonly Task[]): Promise<unknown> {
  return until({
    what: 'no process is left',
    deadlineMs: TEST_TIMEOUT_MS,
    look: () => tasks.filter(isAlive),
    reached: (alive) => alive.length === 0,
  });
}

describe('kernels run, before anything boots, refuses', () => {
  test('an image that is cut short, beside a good one', async ({ skip }) => {
    if (machine.why !== null) skip(machine.why);
    const good = kernelAt(0).path;
    const cut = join(cwd, 'cut');
    writeFileSync(cut, readFileSync(good).subarray(0, statSync(good).size / 2));
    const { exitCode, stdout, stderr } = await start(['--kernel', good, '--kernel', cut, ...ONCE]).ended;
    expect([exitCode, stdout]).toEqual([EXIT.environment, '']);
    expect(stderr).toMatch(/error: .*cut is cut short/);
    expect(existsSync(boots())).toBe(false);
  });

  test.for<readonly [string, () => string, RegExp]>([
    ['a QEMU that is not there', () => '/nonexistent', /cannot start \/nonexistent: ENOENT/],
    ['a QEMU by a name that PATH does not have', () => 'qemu-none', /--qemu qemu-none: not found in PATH/],
    [
      'a QEMU that corrupts guests',
      () => script('qemu-7', ['echo "QEMU emulator version 7.2.19 (Debian 1:7.2+dfsg-7)"']),
      /qemu-7: QEMU 7\.2\.19 is refused, it must be 10 or newer/,
    ],
  ])('%s, with advice', async ([, qemu, why], { skip }) => {
    if (machine.why !== null) skip(machine.why);
    const args = ['--kernel', kernelAt(0).path, '--qemu', qemu(), ...ONCE];
    const { exitCode, stdout, stderr } = await start(args).ended;
    expect([exitCode, stdout]).toEqual([EXIT.environment, '']);
    expect(stderr).toMatch(why);
    expect(stderr).toContain('kernels get qemu fetches one');
    expect(existsSync(boots())).toBe(false);
    expectNothingLeft();
  });

  test('to go on without any QEMU, and says where it looked', async ({ skip }) => {
    if (machine.why !== null) skip(machine.why);
    const env = { PATH: join(cwd, 'none'), XDG_CACHE_HOME: join(cwd, 'cache') };
    const { exitCode, stderr } = await start(['--kernel', kernelAt(0).path, ...ONCE], { env }).ended;
    expect(exitCode).toBe(EXIT.environment);
    expect(stderr).toMatch(/no QEMU was found: neither qemu-system-x86_64 in PATH nor .*cache/);
    expect(stderr).toContain('kernels get qemu fetches one');
  });
});

describe('kernels run', { timeout: TEST_TIMEOUT_MS }, () => {
  beforeEach(({ skip }) => {
    if (machine.why !== null) skip(machine.why);
  });

  test('names a kernel that panics and where its console is, and measures the other', async ({ skip }) => {
    if (machine.kernels.length < 2) skip('it needs two kernels');
    const [good, bad] = [kernelAt(0), kernelAt(-1)];
    // Its init is a program that ends.
    const qemu = script('qemu-panics', [
      'for arg; do shift; case "$arg" in',
      `  ${bad.path}) bad=1;;`,
      '  console=*) [ "$bad" ] && arg="$arg rdinit=/epoll -- --probe";;',
      'esac; set -- "$@" "$arg"; done',
      `exec ${machine.qemu?.path} "$@"`,
    ]);
    const args = ['--kernel', bad.path, '--kernel', good.path, '--qemu', qemu, ...ONCE];
    const { exitCode, stdout, stderr } = await start(args).ended;
    expect(exitCode, stderr).toBe(EXIT.trialFailed);
    expect(stderr).toMatch(/broke: .*the kernel panicked: its init, the agent, ended/);
    expect(stderr).toContain(' | ');
    expect(stderr).toContain('error: 1 of 2 boots broke; see above');
    const [, console = ''] = /Its console: (\S+)/.exec(stderr) ?? [];
    expect(readFileSync(join(cwd, console), 'utf8')).toContain('Kernel panic');
    expect(stdout).toContain(good.release);
    expect(stdout).toMatch(/ping-pong +epoll-lt +\d\d,\d\d\d/);
    expectNothingLeft();
  });

  test('names a QEMU that is killed in the middle, and stores what was measured', async () => {
    const cli = start(['--kernel', kernelAt(0).path, ...qemuOption(), ...ENDLESS]);
    const tasks = await whileMeasuring(cli);
    for (const { pid } of tasks) process.kill(pid, 'SIGKILL');
    const { exitCode, stderr } = await cli.ended;
    expect(exitCode, stderr).toBe(EXIT.environment);
    expect(stderr).toMatch(/broke: .*QEMU was ended by SIGKILL.*, while the guest was at work/);
    const { runs } = await listRuns(boots());
    expect(runs).toMatchObject([{ status: 'broken' }]);
    expectNothingLeft();
  });

  test('ends at Ctrl-C, stores what was measured, and leaves no QEMU', async () => {
    const cli = start(['--kernel', kernelAt(0).path, ...qemuOption(), ...ENDLESS]);
    const tasks = await whileMeasuring(cli);
    expect(tasks).not.toEqual([]);
    cli.signal('SIGINT');
    const { exitCode, stderr } = await cli.ended;
    expect(exitCode, stderr).toBe(EXIT.interrupted);
    expect(stderr).toMatch(/^error: interrupted with 0 of 1 boot complete; what was measured is in boots/m);
    await untilGone(tasks);
    const { runs, problems } = await listRuns(boots());
    expect(problems).toEqual([]);
    expect(runs).toMatchObject([{ status: 'interrupted' }]);
    expect((await readRun(runs[0]?.folder ?? '', boots())).trials.length).toBeGreaterThanOrEqual(2);
    expectNothingLeft();
    const compared = await runCli(['kernels', 'compare', '--results', 'boots'], optionsOf());
    expect(compared.exitCode).toBe(EXIT.usage);
    expect(compared.stderr).toContain('is interrupted, and left out');
  });

  test('ends at Ctrl-C while a guest boots, and leaves nothing of it', async () => {
    const cli = start(['--kernel', kernelAt(0).path, ...qemuOption(), ...ENDLESS]);
    const tasks = await whileBooting(cli);
    cli.signal('SIGINT');
    const { exitCode, stderr } = await cli.ended;
    expect(exitCode, stderr).toBe(EXIT.interrupted);
    await untilGone(tasks);
    expect(readdirSync(boots())).toEqual([]);
    expectNothingLeft();
  });

  test('ends where the disk is full, and leaves no QEMU', async ({ skip }) => {
    if (spawnSync('unshare', ['--mount', 'true']).status !== 0)
      skip('a small disk needs a mount namespace of its own');
    mkdirSync(boots());
    const mount = 'mount -t tmpfs -o size=96k tmpfs boots && exec "$@"';
    const cli = start(['--kernel', kernelAt(0).path, ...qemuOption(), ...ENDLESS], {
      wrap: ['unshare', '--mount', 'sh', '-c', mount, 'sh'],
    });
    const tasks = await whileBooting(cli);
    const { exitCode, stderr } = await cli.ended;
    await untilGone(tasks);
    expect(exitCode, stderr).toBe(EXIT.environment);
    expect(stderr).toMatch(/^error: cannot write .*: ENOSPC; the disk is full/m);
    expect(stderr).not.toContain('bug');
    expectNothingLeft();
  });

  test('takes KVM for a clock where it really runs guests, and says of any other why not', async () => {
    const args = ['--kernel', kernelAt(0).path, ...qemuOption(), ...ONCE, '--clock', 'kvm'];
    const { exitCode, stdout, stderr } = await start(args).ended;
    if (exitCode === EXIT.ok) expect(stdout).toContain('clock kvm');
    else {
      expect([exitCode, stdout]).toEqual([EXIT.environment, '']);
      expect(stderr).toMatch(/^error: --clock kvm: (KVM runs no guest here: |.* was built without KVM)/m);
      expect(existsSync(boots())).toBe(false);
    }
    expectNothingLeft();
  });

  test('measures no times on CPUs that another run has', async ({ skip }) => {
    const locks = join(cwd, 'locks');
    mkdirSync(locks);
    const file = join(locks, `iomodels-bench.cpu${readTopology().allowed[0]}.lock`);
    writeFileSync(file, 'run 20260101-000000-abcd\n');
    if (spawnSync('flock', ['--version']).status !== 0) skip("util-linux' flock is not here");
    const env = { IOMODELS_BENCH_LOCK_DIR: locks };
    const wrap = ['flock', '--no-fork', file];
    const args = ['--kernel', kernelAt(0).path, ...qemuOption(), ...ONCE];
    const { exitCode, stdout, stderr } = await start([...args, '--clock', 'kvm'], { env, wrap }).ended;
    expect([exitCode, stdout]).toEqual([EXIT.environment, '']);
    if (!stderr.includes('was built without KVM'))
      expect(stderr).toMatch(
        /^error: CPU \d+ is measured on by run 20260101-000000-abcd: .* with --wait, or run this on other CPUs with taskset/m,
      );
    expect(existsSync(boots())).toBe(false);
    expectNothingLeft();
  });

  test('tells no number by plain emulation', async () => {
    const args = ['--kernel', kernelAt(0).path, ...qemuOption(), ...ONCE, '--clock', 'tcg'];
    const { exitCode, stdout, stderr } = await start(args).ended;
    expect(exitCode, stderr).toBe(EXIT.ok);
    expect(stdout).toContain('clock tcg');
    expect(stdout).toContain('neither instructions nor times mean anything');
    expect(stdout).toMatch(/ping-pong +epoll-lt +-$/m);
    const show = await runCli(['show', '--results', 'boots', '--markdown'], optionsOf());
    expect(show.stdout).toContain('clock tcg');
    expect(show.stdout).not.toMatch(/p99|req\/s|\bµs\b/);
    expectNothingLeft();
  });
});
