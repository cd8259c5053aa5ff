import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readRun } from '../../results/store.ts';
import { cleanTrials } from '../../summary/clean-trials.ts';
import { EXIT } from '../../util/errors.ts';
import { until } from '../conformance/until.ts';
import { askCli, CLI_DEADLINE_MS, Cli, newestFolder, runCli, runFolders } from './cli.ts';
import { countFds, listeningPort, serversOf } from './processes.ts';

/** Of many-connections: a server with as many descriptors is in the middle of its load. */
const CONNECTIONS = 200;
const ONE_ROW = ['run', '--models', 'epoll-lt', '--workloads', 'many-connections'];
/** More than any of these tests waits for. */
const ENDLESS = ['--blocks', '1000', '--duration', '300ms', '--warmup', '10ms'];
const ONE_BLOCK = ['--blocks', '1', '--duration', '50ms', '--warmup', '10ms'];

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-sharing-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

const started: Cli[] = [];
afterEach(async () => {
  for (const cli of started) cli.dispose();
  await Promise.all(started.splice(0).map((cli) => cli.ended));
});

function start(args: readonly string[]): Cli {
  const cli = Cli.start(args, { cwd });
  started.push(cli);
  return cli;
}

function untilSaid(cli: Cli, text: string): Promise<string> {
  return until({
    what: `it says "${text}"`,
    deadlineMs: CLI_DEADLINE_MS,
    look: () => cli.stderr,
    reached: (said) => said.includes(text),
  });
}

test('two runs do not measure on one CPU: the second says who does, or waits', async () => {
  const first = start([...ONE_ROW, ...ENDLESS]);
  await untilSaid(first, 'block 1 of 1000');
  const runId = runFolders(cwd).at(-1)?.split('/').at(-1);

  const refused = await runCli([...ONE_ROW, ...ONE_BLOCK], { cwd });
  expect(refused.exitCode).toBe(EXIT.environment);
  expect(refused.stderr).toMatch(
    new RegExp(
      `^error: CPU \\d+ is measured on by run ${runId} \\(process ${first.pid}, begun .*--wait`,
      'm',
    ),
  );
  expect(refused.stdout).toBe('');
  expect(runFolders(cwd)).toHaveLength(1);

  const patient = start([...ONE_ROW, ...ONE_BLOCK, '--wait']);
  await untilSaid(patient, `waiting: CPU`);
  expect(patient.stderr).toContain(String(runId));
  // Not asked to end: the kernel takes the lock from who dies.
  first.signal('SIGKILL');
  const { exitCode, stdout, stderr } = await patient.ended;
  expect(exitCode, stderr).toBe(EXIT.ok);
  expect(stdout).toContain('200 connections');
});

test('what measures nothing needs no CPU', async () => {
  const first = start([...ONE_ROW, ...ENDLESS]);
  await untilSaid(first, 'block 1 of 1000');
  for (const args of [
    [...ONE_ROW, '--dry-run'],
    ['show', runFolders(cwd).at(-1) ?? ''],
  ]) {
    const { exitCode, stderr } = await askCli(args, { cwd });
    expect(exitCode, stderr).toBe(EXIT.ok);
  }
});

test('a trial in which another client talks to the server fails', async () => {
  const cli = start([...ONE_ROW, '--blocks', '1', '--duration', '3s', '--warmup', '10ms']);
  const [server] = await until({
    what: 'a server is under load',
    deadlineMs: CLI_DEADLINE_MS,
    look: () => serversOf(cli.pid).filter((task) => countFds(task) > CONNECTIONS),
    reached: (servers) => servers.length > 0,
  });
  if (!server) throw new Error('no server');
  const socket: Socket = connect(listeningPort(server), '127.0.0.1', () => socket.write('hello'));
  await new Promise((resolve, reject) => {
    socket.once('data', resolve);
    socket.once('error', reject);
  });
  const { exitCode, stderr } = await cli.ended;
  socket.destroy();
  expect(exitCode, stderr).toBe(EXIT.trialFailed);
  const newest = runFolders(cwd).at(-1) ?? '';
  const { trials } = await readRun(newest, cwd);
  expect(trials).toMatchObject([
    {
      status: 'failed',
      stage: 'load',
      message: expect.stringMatching(/^counts-differ: .*another client talks/),
    },
  ]);
});

test('what a busy neighbour contaminated is measured again, or the run says what it lacks', async () => {
  const planned = 6;
  const blocks = ['--blocks', `${planned}`, '--duration', '60ms', '--warmup', '10ms', '--retry', '20s'];
  const cli = start(['run', '--models', 'epoll-lt,poll', '--workloads', 'ping-pong', ...blocks]);
  await untilSaid(cli, 'saving to');
  // On every CPU, so on the server's as well, while the first blocks are measured.
  const neighbours = availableParallelism();
  const busy = Array.from({ length: neighbours }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  try {
    await untilSaid(cli, 'block 3 of 6');
  } finally {
    for (const one of busy) one.kill('SIGKILL');
  }
  const { exitCode } = await cli.ended;
  expect(exitCode, cli.stderr).toBe(EXIT.ok);
  const run = await readRun(newestFolder(cwd), cwd);
  const { blocks: all = 0, repeatBlocks = 0 } = run.record.timing ?? {};
  expect(all - repeatBlocks).toBe(planned);
  expect(run.calibrations.map(({ block }) => block)).toEqual([...Array(all + 1).keys()]);
  const clean = cleanTrials(run);
  const lacking = run.record.cells.filter(
    ({ label }) => clean.filter((trial) => trial.label === label).length < planned,
  );
  const said = run.record.warnings.filter((warning) =>
    /lacks? clean trials (after 20 s of measuring again|and was given up)/.test(warning),
  );
  if (lacking.length > 0) expect(said).not.toEqual([]);
  // Repeats hold a row and its rival, so that a pair stays a pair.
  for (const { block } of run.trials.filter(({ block }) => block >= planned))
    expect(run.trials.filter((trial) => trial.block === block)).toHaveLength(2);
});
