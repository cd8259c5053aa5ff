import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXPORTERS } from '../export/index.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { createStore } from '../results/store.ts';
import { type Ended, runCli, runFolders } from './cli/cli.ts';

const FILES = EXPORTERS.flatMap(({ files }) => files).toSorted();
const EXPORTS = ['--export', '*', '--export', 'markdown=report.md', '--export', 'json,csv=out'];
const RUN = ['run', '--models', 'epoll-lt,poll,select', '--workloads', 'ping-pong,c10k'];
const SHORT = ['--blocks', '2', '--duration', '40ms', '--warmup', '10ms'];

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
      const { exitCode, stdout } = await runCli([...RUN, '--export', value, '--results', 'none'], { cwd });
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
      const { stdout, exitCode } = await runCli(['export', '--format', format], { cwd });
      expect(exitCode).toBe(0);
      expect(stdout).toBe(readFileSync(join(folder, 'exports', file), 'utf8'));
    }
  });
  test('writes through to what is no file, and into the target of a link', async () => {
    const csv = readFileSync(join(folder, 'exports', 'trials.csv'), 'utf8');
    for (const output of ['-', '/dev/stdout']) {
      const ended = await runCli(['export', folder, '--format', 'csv', '--output', output], { cwd });
      expect(ended).toMatchObject({ exitCode: 0, stdout: csv });
    }
    symlinkSync('real.csv', join(cwd, 'link.csv'));
    await runCli(['export', folder, '--format', 'csv', '--output', 'link.csv'], { cwd });
    expect(readFileSync(join(cwd, 'real.csv'), 'utf8')).toBe(csv);
    const several = await runCli(['export', folder, '--format', 'csv,json', '--output', '-'], { cwd });
    expect(several).toMatchObject({ exitCode: 2, stdout: '' });
  });
  test('writes several formats to a folder, and not to stdout', async () => {
    const args = ['export', folder, '--format', 'bmf,github'];
    expect(await runCli(args, { cwd })).toMatchObject({ exitCode: 2, stdout: '' });
    expect(await runCli([...args, '--output', 'new'], { cwd })).toMatchObject({ exitCode: 0, stdout: '' });
    expect(readdirSync(join(cwd, 'new'))).toHaveLength(3);
  });
});

describe('compare --export', () => {
  let compared: Ended;
  beforeAll(async () => {
    await store('base', 1);
    await store('current', 1.3);
    const exports = ['--export', 'junit', '--export', 'markdown=compared.md'];
    compared = await runCli(['compare', 'base', 'current', '--results', 'stored', ...exports], { cwd });
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
    expect(readFileSync(join(cwd, 'compared.md'), 'utf8')).toMatch(/^# Comparison: regressed: /);
  });
  test('takes formats of verdicts only', async () => {
    const args = ['compare', 'base', 'current', '--results', 'stored', '--export', 'prometheus'];
    const { exitCode, stderr } = await runCli(args, { cwd });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('unknown format prometheus; known: json, github, junit, markdown');
  });
});

/** The fixture run, with so many times its CPU per request. */
async function store(runId: string, slower: number): Promise<void> {
  const { record, trials } = fixtureRun();
  const stored = await createStore(join(cwd, 'stored'), runId);
  await stored.saveRecord({ ...record, runId });
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
