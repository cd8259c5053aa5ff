import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listRuns } from '../../results/run-index.ts';
import { readRun } from '../../results/store.ts';
import { EXIT } from '../../util/errors.ts';
import { until } from '../conformance/until.ts';
import { askCli, CLI_DEADLINE_MS, Cli, newestFolder, runFolders } from './cli.ts';
import { childrenOf, countFds, isAlive, serversOf, type Task } from './processes.ts';

/** Of many-connections: a server with as many descriptors is in the middle of its load. */
const CONNECTIONS = 200;
const MODELS = ['--models', 'epoll-lt,poll', '--workloads', 'many-connections'];
/** More than any of these tests waits for. */
const ENDLESS = ['--blocks', '1000', '--duration', '300ms', '--warmup', '10ms'];

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-interrupted-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

let started: Cli | undefined;
afterEach(async () => {
  started?.dispose();
  await started?.ended;
  started = undefined;
});

function start(args: readonly string[], env: Record<string, string> = {}): Cli {
  started = Cli.start(args, { cwd, env });
  return started;
}

/** A server of the command that is in the middle of its load. */
async function serverUnderLoad(cli: Cli): Promise<Task> {
  const [server] = await until({
    what: 'a server is under load',
    deadlineMs: CLI_DEADLINE_MS,
    look: () => serversOf(cli.pid).filter((task) => countFds(task) > CONNECTIONS),
    reached: (servers) => servers.length > 0,
  });
  if (!server) throw new Error('no server');
  return server;
}

function untilSaid(cli: Cli, text: string): Promise<string> {
  return until({
    what: `it says "${text}"`,
    deadlineMs: CLI_DEADLINE_MS,
    look: () => cli.stderr,
    reached: (said) => said.includes(text),
  });
}

function untilGone(tasks: readonly Task[]): Promise<unknown> {
  return until({
    what: 'no process is left',
    deadlineMs: CLI_DEADLINE_MS,
    look: () => tasks.filter(isAlive),
    reached: (alive) => alive.length === 0,
  });
}

const newestRun = () => readRun(newestFolder(cwd), cwd);

/** Every run, however it ended, is shown; what it says beside the tables is returned. */
async function show(): Promise<{ stdout: string; stderr: string }> {
  const shown = await askCli(['show', runFolders(cwd).at(-1) ?? ''], { cwd });
  expect(shown.exitCode).toBe(EXIT.ok);
  expect(shown.stdout).toContain('200 connections');
  return shown;
}

test('a server that is killed in the middle of a trial: that trial failed, the rest goes on', async () => {
  const cli = start(['run', ...MODELS, '--blocks', '1', '--duration', '2s', '--warmup', '10ms']);
  const server = await serverUnderLoad(cli);
  process.kill(server.pid, 'SIGKILL');
  const { exitCode, stdout, stderr } = await cli.ended;
  expect(exitCode, stderr).toBe(EXIT.trialFailed);
  const { record, trials } = await newestRun();
  expect(record.status).toBe('complete');
  const killed = server.name === 'epoll' ? 'epoll-lt' : 'poll';
  expect(trials.filter((trial) => trial.status === 'failed')).toMatchObject([
    {
      label: killed,
      stage: 'load',
      message: expect.stringMatching(/^server-gone: .*the server ended by SIGKILL/),
    },
  ]);
  expect(trials.filter((trial) => trial.status === 'measured')).toHaveLength(1);
  expect(stderr).toContain(`trial failed: ${killed} under many-connections`);
  expect(stdout).toContain('SIGKILL');
  expect((await show()).stdout).toBe(stdout);
});

describe.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s in mid-run', (signal) => {
  test('ends it with 130, leaves no process, and keeps what was measured', async () => {
    const cli = start(['run', ...MODELS, ...ENDLESS]);
    await untilSaid(cli, 'block 1 of 1000');
    const server = await serverUnderLoad(cli);
    const children = childrenOf(cli.pid);
    cli.signal(signal);
    const { exitCode, stdout, stderr } = await cli.ended;
    expect(exitCode, stderr).toBe(EXIT.interrupted);
    expect(isAlive(server)).toBe(false);
    await untilGone(children);
    const { record, trials, problems, folder } = await newestRun();
    expect(stderr).toContain(`error: interrupted; what was measured is in ${folder}\n`);
    expect(record.status).toBe('interrupted');
    expect(trials.length).toBeGreaterThanOrEqual(2);
    expect(trials.every((trial) => trial.status === 'measured')).toBe(true);
    expect(problems).toEqual([]);
    expect(stdout).toContain('200 connections');
    expect((await show()).stdout).toBe(stdout);
  });
});

test('a terminal that is closed in mid-run ends it in good order', async ({ skip }) => {
  const quoted = 'exec script -qfc "$(printf "%q " "$@")" /dev/null';
  if (spawnSync('script', ['-qc', 'true', '/dev/null'], { stdio: 'ignore' }).status !== 0)
    skip('there is no script(1) to give it a terminal');
  const out = join(cwd, 'closed');
  started = Cli.start(['run', ...MODELS, ...ENDLESS, '--results', out], {
    cwd,
    wrap: ['bash', '-c', quoted, 'bash'],
  });
  const runs = (status: string, trials: number) =>
    until({
      what: `the run is ${status} with ${trials} trials or more`,
      deadlineMs: CLI_DEADLINE_MS,
      look: async () => {
        const [entry] = (await listRuns(out)).runs;
        return entry === undefined ? null : readRun(entry.runId, out);
      },
      reached: (run) => run !== null && run.record.status === status && run.trials.length >= trials,
    });
  await runs('running', 2);
  started.signal('SIGKILL');
  const ended = await runs('interrupted', 2);
  expect(ended?.problems).toEqual([]);
  expect(ended?.record.finishedAt).not.toBeNull();
});

test.each([
  ['the compiler is asked what it is', '*-dumpmachine*'],
  ['the helpers are compiled', '*-o*'],
])('SIGINT while %s ends it with 130, and leaves no compiler', async (_stage, slow) => {
  const CC = join(cwd, 'slow-cc');
  writeFileSync(CC, `#!/bin/sh\ncase "$*" in ${slow}) exec sleep 600;; *) exec cc "$@";; esac\n`);
  chmodSync(CC, 0o755);
  const out = join(cwd, 'never');
  // What is compiled already would not be compiled again.
  const cli = start(['run', ...MODELS, '--results', out], { CC, XDG_CACHE_HOME: join(cwd, 'never-cache') });
  const compilers = await until({
    what: 'it compiles',
    deadlineMs: CLI_DEADLINE_MS,
    look: () => childrenOf(cli.pid).filter((task) => task.name === 'sleep'),
    reached: (tasks) => tasks.length > 0,
  });
  cli.signal('SIGINT');
  const { exitCode, stderr } = await cli.ended;
  expect(exitCode).toBe(EXIT.interrupted);
  expect(stderr).toContain('error: interrupted before anything was measured\n');
  await untilGone(compilers);
  expect(existsSync(out)).toBe(false);
});

test('no run is passed over in silence where none is named', async () => {
  const ids = (await listRuns(join(cwd, 'results'))).runs.map(({ runId, status }) => `${runId} ${status}`);
  expect(ids[0]).toMatch(/ complete$/);
  expect(ids.slice(1)).toEqual(ids.slice(1).map(() => expect.stringMatching(/ interrupted$/)));
  expect(ids.length).toBeGreaterThan(2);
  const complete = ids[0]?.split(' ')[0];
  for (const args of [['show'], ['tables'], ['export', '--format', 'csv'], ['baseline', 'save', 'newest']]) {
    const { exitCode, stderr } = await askCli(args, { cwd });
    expect({ args, exitCode }).toEqual({ args, exitCode: EXIT.ok });
    expect(stderr).toContain(` is ${complete}; passed over: `);
    expect(stderr).toContain('(run, interrupted)');
  }
});

describe('the command that is killed in mid-run', () => {
  test('leaves no server, and a run that is shown', async () => {
    const cli = start(['run', ...MODELS, ...ENDLESS]);
    await untilSaid(cli, 'block 1 of 1000');
    const server = await serverUnderLoad(cli);
    const children = childrenOf(cli.pid);
    expect(children.map((task) => task.pid)).toContain(server.pid);
    cli.signal('SIGKILL');
    expect(await cli.ended).toMatchObject({ signal: 'SIGKILL' });
    await untilGone(children);
    const { record, trials } = await newestRun();
    expect(record.status).toBe('running');
    expect(trials.length).toBeGreaterThanOrEqual(2);
    await show();
  });

  test('in the middle of a line leaves a run that is shown, and the line is named', async () => {
    const folder = runFolders(cwd).at(-1) ?? '';
    const copy = `${folder}-cut`;
    cpSync(folder, copy, { recursive: true });
    const path = join(copy, 'trials.ndjson');
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n').length;
    truncateSync(path, readFileSync(path).length - 40);
    const { stderr } = await show();
    expect(stderr).toBe(
      `warning: trials.ndjson ends in the middle of line ${lines}; that trial is left out\n`,
    );
    expect((await newestRun()).trials).toHaveLength(lines - 1);
  });
});
