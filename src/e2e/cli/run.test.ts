import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RUN_DEFAULTS } from '../../config/run-config.ts';
import { MODELS, SOCKET_MODELS } from '../../models/registry.ts';
import {
  type Observation,
  type RunResult,
  runRecordSchema,
  type TrialResult,
  trialResultSchema,
} from '../../results/schema.ts';
import { readRun } from '../../results/store.ts';
import { EXIT } from '../../util/errors.ts';
import { BYTES_PER_MIB } from '../../util/units.ts';
import { loadWorkloads } from '../../workloads/load.ts';
import { socketWorkloads } from '../../workloads/schema.ts';
import { until } from '../conformance/until.ts';
import { askCli, CLI_DEADLINE_MS, Cli, type Ended, runCli, runFolders } from './cli.ts';

/** Of which each trial is there once, whatever the machine does. */
const SHORT = ['--blocks', '2', '--duration', '60ms', '--warmup', '20ms', '--retry', '0'];
/** Calls of the server that a window may hold beside those of its requests, such as an interrupted wait. */
const CALLS_BESIDE_MAX = 5;

/** Of a plain run. */
function isDefault(profile: string): boolean {
  return profile === 'quick' || profile === 'default';
}

function observationOf(trial: TrialResult): Observation {
  if (trial.status !== 'measured') throw new Error(`not measured: ${JSON.stringify(trial)}`);
  return trial.observation;
}

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-run-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

describe('a run', () => {
  let ended: Ended;
  let folder: string;
  let result: RunResult;
  beforeAll(async () => {
    const models = ['--models', 'epoll-lt,poll,epoll-lt', '--workloads', 'ping-pong,many-connections'];
    ended = await runCli(['run', ...models, ...SHORT, '--seed', '7'], { cwd });
    folder = runFolders(cwd)[0] ?? '';
    result = await readRun(folder, cwd);
  });

  test('ends with 0, its tables on stdout and its progress on stderr', () => {
    expect(ended.stderr).not.toContain('error:');
    expect(ended.exitCode).toBe(0);
    for (const name of ['ping-pong', '200 connections', 'epoll-lt', 'epoll-lt#2', 'poll', 'reference'])
      expect(ended.stdout).toContain(name);
    expect(ended.stdout).toContain(`stored in ${folder}\n`);
    expect(ended.stdout).not.toContain('\u001b');
    expect(Math.max(...ended.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
    expect(ended.stderr).toContain('block 2 of 2: 12 of 12 trials');
  });

  test('leaves a record and a line for every trial, all of the documented shape', () => {
    const record = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'));
    expect(runRecordSchema.parse(record)).toMatchObject({
      runId: basename(folder),
      status: 'complete',
      settings: { seed: 7, blocks: 2, durationMs: 60, warmupMs: 20, baseline: 'epoll-lt' },
      timing: { blocks: 2 },
    });
    const lines = readFileSync(join(folder, 'trials.ndjson'), 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(2 * 2 * 3);
    for (const line of lines) expect(trialResultSchema.parse(JSON.parse(line)).status).toBe('measured');
    expect(result.problems).toEqual([]);
    expect(readdirSync(folder).sort()).toEqual(['calibrations.ndjson', 'run.json', 'trials.ndjson']);
  });

  test('has a row for each time that a model was entered', () => {
    expect(result.record.settings.entries.map((entry) => entry.label)).toEqual([
      'epoll-lt',
      'poll',
      'epoll-lt#2',
    ]);
    for (const block of [0, 1])
      expect(
        result.trials
          .filter((trial) => trial.block === block)
          .map((trial) => `${trial.label} ${trial.workload}`)
          .sort(),
      ).toEqual([
        'epoll-lt many-connections',
        'epoll-lt ping-pong',
        'epoll-lt#2 many-connections',
        'epoll-lt#2 ping-pong',
        'poll many-connections',
        'poll ping-pong',
      ]);
  });

  test('accounts for every request and every byte of every trial', () => {
    for (const trial of result.trials) {
      const { requests, response, service, server, windowNs, accountedNs } = observationOf(trial);
      expect(requests.sent).toBe(requests.completed + requests.errors + requests.inFlightAtDeadline);
      expect(requests.accounted).toBe(requests.completed + requests.drained);
      expect(requests.accounted).toBeGreaterThan(0);
      expect([requests.errors, requests.connectionErrors]).toEqual([0, 0]);
      expect(requests.inFlightAtDeadline).toBe(trial.workload === 'ping-pong' ? 1 : 200);
      expect(requests.bytesVerified).toBe(requests.accounted * 64);
      expect(response.count).toBe(requests.accounted);
      expect(service).toBeNull();
      expect(accountedNs).toBeGreaterThanOrEqual(windowNs);
      expect(windowNs).toBeGreaterThanOrEqual(60e6);
      expect(server.cpuNs).toBeGreaterThan(0);
      expect(server.threads).toBe(1);
      expect(server.rssMaxBytes).toBeGreaterThan(0);
      expect(server.voluntarySwitches).not.toBeNull();
    }
  });

  test('counts three system calls per request of epoll in ping-pong: wait, receive, send', () => {
    const trials = result.trials.filter(
      (trial) => trial.model === 'epoll-lt' && trial.workload === 'ping-pong',
    );
    expect(trials).toHaveLength(4);
    for (const trial of trials) {
      const { requests, server } = observationOf(trial);
      const beside = (server.syscallsPerRequest ?? 0) * requests.accounted - 3 * requests.accounted;
      expect(Math.abs(beside), JSON.stringify(server.syscalls)).toBeLessThanOrEqual(CALLS_BESIDE_MAX);
    }
  });

  test('is so small on disk that the folder of a default run stays under 3 MiB', () => {
    const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    const workloads = socketWorkloads(loadWorkloads()).filter(({ profile }) => isDefault(profile));
    const models = SOCKET_MODELS.filter(({ profile }) => isDefault(profile));
    const trials = models.length * workloads.length * RUN_DEFAULTS.blocks;
    expect((bytes / result.trials.length) * trials).toBeLessThan(3 * BYTES_PER_MIB);
  });

  test('is shown again as it was, by its id, its folder, its run.json, and as the newest', async () => {
    for (const name of [[basename(folder)], [folder], [join(folder, 'run.json')], []]) {
      const shown = await askCli(['show', ...name], { cwd });
      expect(shown).toMatchObject({ exitCode: 0, stderr: '' });
      expect(shown.stdout).toBe(ended.stdout);
    }
  });

  test('is shown narrower where the terminal is', async () => {
    const { stdout } = await askCli(['show'], { cwd, env: { COLUMNS: '80' } });
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(
      Math.max(80, `stored in ${folder}`.length),
    );
  });

  test('is shown as wide and as coloured as asked, wherever the global options stand', async () => {
    const bold = '\u001b[1m';
    const narrow = await askCli(['show', '--width', '80'], { cwd });
    expect(narrow.stdout).toContain('left out at 80 columns: ');
    expect((await askCli(['--width', '80', 'show'], { cwd })).stdout).toBe(narrow.stdout);
    expect((await askCli(['show', '--width', '80'], { cwd, env: { COLUMNS: '100' } })).stdout).toBe(
      narrow.stdout,
    );
    expect(narrow.stdout).not.toContain(bold);
    expect((await askCli(['show', '--color', 'always'], { cwd })).stdout).toContain(bold);
    expect((await askCli(['show'], { cwd, env: { FORCE_COLOR: '1' } })).stdout).toContain(bold);
    const never = await askCli(['show', '--color=never'], { cwd, env: { FORCE_COLOR: '1' } });
    expect(never.stdout).not.toContain(bold);
  });

  test('is shown as JSON, with its trials where asked for', async () => {
    const shown = await askCli(['show', '--json', '--trials'], { cwd });
    expect(shown).toMatchObject({ exitCode: 0, stderr: '' });
    const json = JSON.parse(shown.stdout);
    expect(json).toMatchObject({ schemaVersion: 1, run: result.record, problems: [] });
    expect(json.trials).toEqual(result.trials);
    expect(json.summary.workloads).toHaveLength(2);
    expect(JSON.parse((await askCli(['show', '--json'], { cwd })).stdout)).not.toHaveProperty('trials');
  });

  test('may be read by somebody who stops reading', async () => {
    const script = `"$@" | true; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await runCli(['show', '--json', '--trials'], {
      cwd,
      wrap: ['bash', '-c', script, 'bash'],
    });
    expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' });
  });
});

test('run --json prints only JSON on stdout', async () => {
  const own = join(cwd, 'json');
  const args = ['run', '--json', '--models', 'poll', '--workloads', 'ping-pong', ...SHORT, '--results', own];
  const { exitCode, stdout, stderr } = await runCli(args, { cwd });
  expect(exitCode).toBe(0);
  const json = JSON.parse(stdout);
  expect(runRecordSchema.parse(json.run).status).toBe('complete');
  expect(json.summary.workloads[0].rows).toMatchObject([{ label: 'poll', status: 'measured' }]);
  expect(stderr).toContain(`stored in ${join(own, json.run.runId)}\n`);
});

test("run --workload measures a file of the user's own: open loop, with service times of its own", async () => {
  const file = join(cwd, 'mine.json');
  const mine = {
    id: 'mine',
    title: 'my own load',
    description: 'a workload of the test',
    mode: 'open',
    connections: 20,
    active: 5,
    messageBytes: 100,
    ratePerSecond: 2000,
    arrivals: 'poisson',
  };
  writeFileSync(file, JSON.stringify(mine));
  const args = ['run', '--json', '--models', 'epoll-et', '--workload', file, ...SHORT, '--results', 'own'];
  const { exitCode, stdout } = await runCli(args, { cwd });
  expect(exitCode).toBe(0);
  const { trials } = await readRun(JSON.parse(stdout).run.runId, join(cwd, 'own'));
  expect(trials).toHaveLength(2);
  for (const trial of trials) {
    expect(trial.workload).toBe('mine');
    const { requests, service } = observationOf(trial);
    expect(service?.count).toBe(requests.accounted);
  }
});

describe('run --dry-run', () => {
  test('prints the plan, and compiles and creates nothing, for it needs no compiler', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'iomb-dry-'));
    try {
      const bare = join(elsewhere, 'bin');
      const env = { PATH: bare, CC: undefined, XDG_CACHE_HOME: join(elsewhere, 'cache') };
      const args = ['run', '--dry-run', '--seed', '3', '--blocks', '2', '--models', 'poll,epoll-{lt,et}'];
      const text = await runCli([...args, '--workloads', 'ping-pong'], { cwd: elsewhere, env });
      expect(text).toMatchObject({ exitCode: 0 });
      expect(text.stdout).toMatch(
        /^(block [12] {2}(poll|epoll-lt|epoll-et) {2}ping-pong\n){6}6 trials, .*seed 3\nabout \d+ s of wall time; .*\n$/,
      );
      const json = JSON.parse((await askCli([...args, '--json'], { cwd: elsewhere, env })).stdout);
      expect(json.estimate.wallMs).toBeGreaterThan(json.estimate.loadMs);
      expect(json.trials).toHaveLength(
        2 * json.cells.filter((cell: { skipReason: unknown }) => !cell.skipReason).length,
      );
      expect(readdirSync(elsewhere)).toEqual([]);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });
});

describe('the other commands', () => {
  test('list names every model and workload, as a table and as JSON', async () => {
    const text = await askCli(['list', 'models'], { cwd });
    for (const { id } of MODELS) expect(text.stdout).toContain(id);
    const models = JSON.parse((await askCli(['list', 'models', '--json'], { cwd })).stdout);
    expect(models.models.map(({ id }: { id: string }) => id)).toEqual(MODELS.map(({ id }) => id));
    const workloads = JSON.parse((await askCli(['list', 'workloads', '--json'], { cwd })).stdout);
    expect(workloads.workloads.map(({ id }: { id: string }) => id)).toContain('c10k');
  });

  test('doctor --json prints only JSON, and changes nothing here', async () => {
    const { exitCode, stdout, stderr } = await runCli(['doctor', '--json', '--results', 'nowhere'], { cwd });
    expect(stderr).toBe('');
    const { findings, environment } = JSON.parse(stdout);
    expect(findings.map(({ id }: { id: string }) => id)).toContain('compiler');
    expect(environment.versions.node).toBe(process.versions.node);
    expect(exitCode).toBe(0);
    expect(existsSync(join(cwd, 'nowhere'))).toBe(false);
  });

  test('each shows an example in its help', async () => {
    for (const command of ['run', 'show', 'list', 'doctor', 'serve']) {
      const { exitCode, stdout } = await askCli([command, '--help'], { cwd });
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(new RegExp(`Examples?:\\n {2}iomodels-bench ${command}`));
    }
  });

  test('serve echoes for another client until SIGINT, and then tells what it counted', async () => {
    const cli = Cli.start(['serve', 'epoll-et', '--port', '0'], { cwd });
    try {
      const port = await until({
        what: 'it listens',
        deadlineMs: CLI_DEADLINE_MS,
        look: () => Number(/127\.0\.0\.1:(\d+)/.exec(cli.stdout)?.[1] ?? 0),
        reached: (found) => found > 0,
      });
      expect(await echoOf(port, 'hello')).toBe('hello');
      cli.signal('SIGINT');
      const { exitCode, stdout } = await cli.ended;
      expect(exitCode).toBe(0);
      const stats = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
      expect(stats).toMatchObject({ event: 'stats', accepted: 1, bytes_in: 5, bytes_out: 5 });
    } finally {
      cli.dispose();
    }
  });
});

function echoOf(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.end(text));
    socket.setEncoding('utf8').on('data', (piece: string) => {
      received += piece;
    });
    socket.on('error', reject).on('end', () => resolve(received));
  });
}

test('run takes --baseline for --reference, with a notice on stderr', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'iomb-reference-'));
  try {
    const old = await askCli(
      ['run', '--models', 'poll,select', '--baseline', 'select', '--dry-run', '--json'],
      { cwd },
    );
    expect(old.exitCode, old.stderr).toBe(EXIT.ok);
    expect(old.stderr).toContain('notice: --baseline <model> is called --reference now');
    expect(JSON.stringify(JSON.parse(old.stdout))).toContain('"baseline":"select"');
    const both = await askCli(['run', '--baseline', 'poll', '--reference', 'poll', '--dry-run'], { cwd });
    expect(both.exitCode).toBe(EXIT.usage);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});

test('every command takes --out for --results, with a notice on stderr', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'iomb-results-'));
  try {
    for (const args of [
      ['list', 'runs'],
      ['baseline', 'list'],
      ['run', '--models', 'poll', '--dry-run'],
    ]) {
      const ended = await askCli([...args, '--out', 'old', '--json'], { cwd });
      expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
      expect(ended.stderr).toContain('notice: --out <folder> is called --results now');
      expect(JSON.parse(ended.stdout)).toBeTypeOf('object');
    }
    const nothing = await askCli(['show', '--out', 'old'], { cwd });
    expect(nothing.stderr).toMatch(/no run under .*\/old;/);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});
