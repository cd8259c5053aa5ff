import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXPORTERS } from '../export/index.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { createStore } from '../results/store.ts';
import { askCli, type Ended, runCli, runFolders } from './cli/cli.ts';

const FILES = EXPORTERS.flatMap(({ files }) => files).toSorted();
const EXPORTS = ['--export', '*', '--export', 'markdown=report.md', '--export', 'json,csv=out'];
const RUN = ['run', '--models', 'epoll-lt,poll,select', '--workloads', 'ping-pong,c10k'];
const SHORT = ['--blocks', '2', '--duration', '40ms', '--warmup', '10ms', '--retry', '0'];

let cwd: string;
let ended: Ended;
let folder: string;
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-exports-'));
  ended = await runCli([...RUN, ...SHORT, ...EXPORTS], { cwd });
  folder = runFolders(cwd)[0] ?? '';
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe('run --export', () => {
  test('writes every format beside the run, and where a path says', () => {
    expect(ended.stderr).not.toContain('error:');
    expect(ended.exitCode).toBe(0);
    expect(readdirSync(join(folder, 'exports')).sort()).toEqual(FILES);
    expect(readFileSync(join(cwd, 'report.md'), 'utf8')).toMatch(/^# Run /);
    expect(readdirSync(join(cwd, 'out')).sort()).toEqual(['iomodels-bench.json', 'trials.csv']);
  });
  test('refuses a format and a path that cannot be, before it measures anything', async () => {
    for (const [value, code] of [
      ['cvs', 2],
      ['json=report.md/x.json', 3],
    ] as const) {
      const { exitCode, stdout } = await askCli([...RUN, '--export', value, '--results', 'none'], { cwd });
      expect(exitCode).toBe(code);
      expect(stdout).toBe('');
    }
    expect(existsSync(join(cwd, 'none'))).toBe(false);
  });
});

describe('export', () => {
  test('prints what run --export wrote', async () => {
    for (const [format, file] of [
      ['csv', 'trials.csv'],
      ['prometheus', 'iomodels-bench.prom'],
    ] as const) {
      const { stdout, exitCode } = await askCli(['export', '--format', format], { cwd });
      expect(exitCode).toBe(0);
      expect(stdout).toBe(readFileSync(join(folder, 'exports', file), 'utf8'));
    }
  });
  test('writes through to what is no file, and into the target of a link', async () => {
    const csv = readFileSync(join(folder, 'exports', 'trials.csv'), 'utf8');
    for (const output of ['-', '/dev/stdout']) {
      const ended = await askCli(['export', folder, '--format', 'csv', '--output', output], { cwd });
      expect(ended).toMatchObject({ exitCode: 0, stdout: csv });
    }
    symlinkSync('real.csv', join(cwd, 'link.csv'));
    await askCli(['export', folder, '--format', 'csv', '--output', 'link.csv'], { cwd });
    expect(readFileSync(join(cwd, 'real.csv'), 'utf8')).toBe(csv);
    const several = await askCli(['export', folder, '--format', 'csv,json', '--output', '-'], { cwd });
    expect(several).toMatchObject({ exitCode: 2, stdout: '' });
  });
  test('writes several formats to a folder, and not to stdout', async () => {
    const args = ['export', folder, '--format', 'bmf,github'];
    expect(await askCli(args, { cwd })).toMatchObject({ exitCode: 2, stdout: '' });
    expect(await askCli([...args, '--output', 'new'], { cwd })).toMatchObject({ exitCode: 0, stdout: '' });
    expect(readdirSync(join(cwd, 'new'))).toHaveLength(3);
  });
});

describe('the json export', () => {
  let back: string;
  beforeAll(async () => {
    back = join(cwd, 'back.json');
    expect(await askCli(['export', '--format', 'json', '--output', back], { cwd })).toMatchObject({
      exitCode: 0,
    });
  });

  test('is a run to show, export and tables: they say what they say of its folder', async () => {
    for (const command of [
      ['show'],
      ['export', '--format', 'csv'],
      ['export', '--format', 'json'],
      ['tables'],
    ]) {
      const [name = '', ...rest] = command;
      const [file, own] = await Promise.all(
        [back, folder].map((run) => askCli([name, run, ...rest], { cwd })),
      );
      expect(file).toMatchObject({ exitCode: 0 });
      expect(file?.stdout.replace(back, folder)).toBe(own?.stdout);
    }
  });
  test('is a side of compare, which finds it the same as itself', async () => {
    const json = JSON.parse(readFileSync(back, 'utf8')) as { run: object };
    writeFileSync(join(cwd, 'other.json'), JSON.stringify({ ...json, run: { ...json.run, runId: 'other' } }));
    const { exitCode, stdout } = await askCli(['compare', 'back.json', 'other.json', '--json'], { cwd });
    expect([0, 4]).toContain(exitCode);
    const { comparison } = JSON.parse(stdout) as { comparison: { metrics: { change: { ratio: number } }[] } };
    expect(comparison.metrics.length).toBeGreaterThan(10);
    for (const { change } of comparison.metrics) expect(change.ratio).toBe(1);
  });
  test('can be kept as a baseline', async () => {
    const saved = await askCli(['baseline', 'save', 'from-file', back], { cwd });
    expect(saved).toMatchObject({ exitCode: 0 });
    const { stdout } = await askCli(['export', 'baseline:from-file', '--format', 'csv'], { cwd });
    expect(stdout).toBe(readFileSync(join(folder, 'exports/trials.csv'), 'utf8'));
  });
});

describe('export of a part', () => {
  test('holds the rows, workloads and metrics that were asked for', async () => {
    const part = ['--models', 'p*', '--workloads', 'ping-pong', '--metrics', 'throughput*'];
    const { stdout, exitCode } = await askCli(['export', '--format', 'cells', ...part], { cwd });
    expect(exitCode).toBe(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ kind, model, workload }) => `${kind} ${model} ${workload}`)).toEqual([
      'measured poll ping-pong',
      'reference poll ping-pong',
    ]);
  });
  test('of one cell fits on stdout, also where a format has a file per cell', async () => {
    const all = await askCli(['export', '--format', 'hgrm'], { cwd });
    expect(all).toMatchObject({ exitCode: 2, stdout: '' });
    const part = ['--models', 'poll', '--workloads', 'ping-pong'];
    const { stdout, exitCode } = await askCli(['export', '--format', 'hgrm', ...part], { cwd });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ +Value +Percentile TotalCount 1\/\(1-Percentile\)\n/);
    expect(await askCli(['export', '--format', 'hgrm', '--output', 'hg'], { cwd })).toMatchObject({
      exitCode: 0,
    });
    expect(readdirSync(join(cwd, 'hg/hgrm'))).toContain('poll.ping-pong.response.hgrm');
  });
  test.each([
    [['--models', 'pol'], /unknown model pol; did you mean poll\?/],
    [['--workloads', 'x*'], /no workload matches x\*/],
    [['--metrics', 'cpu'], /unknown metric cpu/],
    [['--metrics', 'cpu*', '--format', 'junit'], /no --metrics for junit/],
    [['--history', '--format', 'prometheus'], /no history in prometheus; there is one in openmetrics/],
  ])('refuses %j', async (args, message) => {
    const format = args.includes('--format') ? [] : ['--format', 'csv'];
    const { exitCode, stdout, stderr } = await askCli(['export', ...args, ...format], { cwd });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
  test('refuses a run that is named twice', async () => {
    const { exitCode, stderr } = await askCli(['export', folder, folder, '--format', 'csv'], { cwd });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('is named twice');
  });
});

describe('compare --export', () => {
  let compared: Ended;
  beforeAll(async () => {
    await store('base', 1);
    await store('current', 1.3);
    // What says how far runs lie apart.
    for (const i of [0, 1, 2, 3, 4]) await store(`before-${i}`, 1 + i / 1000);
    const exports = ['--export', 'junit', '--export', 'markdown=compared.md'];
    compared = await askCli(['compare', 'base', 'current', '--results', 'stored', ...exports], { cwd });
  });

  test('fails the test cases that the gate failed for', () => {
    expect(compared.exitCode).toBe(1);
    const junit = readFileSync(join(cwd, 'stored/current/exports/junit.xml'), 'utf8');
    expect(junit).toMatch(
      /<testcase name="epoll-lt cpuNsPerRequest"[^>]*>\s*<failure message="regressed: \+3/,
    );
    expect(junit).not.toMatch(/<testcase name="epoll-lt throughputPerS"[^>]*>\s*<failure/);
    expect(junit).toContain('<error message="1 trial failed: load: the server ended with SIGKILL"');
  });
  test('says the verdict in markdown', () => {
    expect(readFileSync(join(cwd, 'compared.md'), 'utf8')).toMatch(/^# regressed: CPU\/request \+/);
  });
  test('takes formats of verdicts only', async () => {
    const args = ['compare', 'base', 'current', '--results', 'stored', '--export', 'gobench'];
    const { exitCode, stderr } = await askCli(args, { cwd });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/unknown format gobench; known: json, .*junit, .*markdown/);
  });
});

/** The fixture run, with so many times its CPU per request, ended at another time. */
async function store(runId: string, slower: number, finishedAt?: string): Promise<void> {
  const { record, trials } = fixtureRun();
  const stored = await createStore(join(cwd, 'stored'), runId);
  await stored.saveRecord({ ...record, runId, finishedAt: finishedAt ?? record.finishedAt });
  for (const trial of trials) {
    if (trial.status !== 'measured') {
      await stored.appendTrial(trial);
      continue;
    }
    const { server } = trial.observation;
    const slowed = {
      ...server,
      cpuNs: server.cpuNs * slower,
      cpuNsPerRequest: server.cpuNsPerRequest * slower,
    };
    await stored.appendTrial({ ...trial, observation: { ...trial.observation, server: slowed } });
  }
}

describe('the consumer', () => {
  test('promtool accepts the metrics without a complaint', ({ skip }) => {
    requireTool(skip, 'promtool', 'prometheus');
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: readFileSync(join(folder, 'exports/iomodels-bench.prom')),
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });
  test('promtool makes blocks of a history, with a sample of every series at the end of every run', async ({
    skip,
  }) => {
    requireTool(skip, 'promtool', 'prometheus');
    await store('earlier', 1, '2025-01-01T00:00:00.000Z');
    await store('later', 1.1, '2025-01-01T00:30:00.250Z');
    const history = ['export', 'later', 'earlier', '--results', 'stored', '--format', 'openmetrics'];
    expect(await askCli([...history, '--output', 'history.txt'], { cwd })).toMatchObject({ exitCode: 0 });
    const arguments_ = ['tsdb', 'create-blocks-from', 'openmetrics', 'history.txt', 'blocks'];
    const { status, stdout, stderr } = spawnSync('promtool', arguments_, { cwd, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = readFileSync(join(cwd, 'history.txt'), 'utf8').split('\n');
    const samples = lines.filter((line) => line !== '' && !line.startsWith('#'));
    const [, from, to, count] = /^\w{26} +(\d+) +(\d+) +\S+ +(\d+) /m.exec(stdout) ?? [];
    // The end of a block is not in it.
    expect([Number(from), Number(to), Number(count)]).toEqual([
      Date.parse('2025-01-01T00:00:00.000Z'),
      Date.parse('2025-01-01T00:30:00.251Z'),
      samples.length,
    ]);
    const of = (name: string) => samples.filter((line) => line.startsWith(`iomodels_bench_${name}{`));
    expect(of('throughput_requests_per_second')).toHaveLength(2 * 7);
    expect(of('run_info').map((line) => /run="(\w+)"/.exec(line)?.[1])).toEqual(['earlier', 'later']);
  });
  test('the csv reader of Python finds a field in every column, and the numbers', ({ skip }) => {
    requireTool(skip, 'python3', 'python3');
    const program =
      'import csv, json, sys; print(json.dumps(list(csv.DictReader(open(sys.argv[1], newline=""), strict=True))))';
    const file = join(folder, 'exports/trials.csv');
    const { status, stdout } = spawnSync('python3', ['-c', program, file], { encoding: 'utf8' });
    expect(status).toBe(0);
    const rows = JSON.parse(stdout) as Record<string, string | null>[];
    // Two blocks of three models, of which select cannot hold c10k.
    expect(rows).toHaveLength(2 * 5);
    for (const row of rows) {
      expect(Object.values(row)).not.toContain(null);
      expect(Object.keys(row)).not.toContain('null');
      expect(Number(row.throughput_per_s)).toBeGreaterThan(0);
      expect(row.kernel).not.toBe('');
    }
  });
  test('xmllint finds the cases of the plan in the JUnit file', ({ skip }) => {
    requireTool(skip, 'xmllint', 'libxml2-utils');
    const file = join(folder, 'exports/junit.xml');
    const count = (path: string) =>
      spawnSync('xmllint', ['--xpath', `count(${path})`, file], { encoding: 'utf8' }).stdout.trim();
    expect(count('/testsuites/testsuite')).toBe('2');
    expect(count('/testsuites/testsuite/testcase')).toBe('6');
    expect(count('//testcase[@name and @classname and @time]')).toBe('6');
    // select holds no 10,000 connections.
    expect(count('//testcase[@name="select"][@classname="c10k"]/skipped')).toBe('1');
    expect(count('//failure')).toBe('0');
  });
});

/** Skips with the package that has it; `.ci/run` installs them all. */
function requireTool(skip: (why: string) => void, tool: string, debianPackage: string): void {
  const found = (process.env.PATH ?? '').split(':').some((path) => existsSync(join(path, tool)));
  if (!found) skip(`${tool} is not installed (Debian: ${debianPackage})`);
}
