import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GuideCell } from '../../claims/guide-schema.ts';
import type { Value } from '../../document/value-schema.ts';
import type { RecommendationJson, TablesJson } from '../../reports/json-schemas.ts';
import { runRecordSchema } from '../../results/schema.ts';
import { readRun } from '../../results/store.ts';
import { EXIT } from '../../util/errors.ts';
import { askCli, type Ended, runCli, runFolders } from './cli.ts';

const RUN = ['--models', 'poll,epoll-lt,select', '--workloads', 'ping-pong,many-connections'];
/** Nothing is measured again: a second block of what was contaminated would decide something. */
const SHORT = ['--blocks', '1', '--duration', '60ms', '--warmup', '20ms', '--retry', '0'];
/** A short window may hold few requests, and some calls beside theirs; one more or less per request is 1. */
const CALLS_ERROR = 0.3;

let cwd: string;
let folder: string;
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-tables-'));
  const ended = await runCli(['run', '--audit', ...RUN, ...SHORT], { cwd });
  expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
  folder = runFolders(cwd)[0] ?? '';
});
afterAll(() => rmSync(cwd, { recursive: true }));

function figureOf(cell: GuideCell, name: string): Value {
  if (cell.status !== 'measured') throw new Error(`not measured: ${JSON.stringify(cell)}`);
  const found = cell.findings[0]?.figures.find((figure) => figure.name === name);
  if (found === undefined) throw new Error(`no ${name} in ${JSON.stringify(cell)}`);
  return found.value;
}

describe('tables --json', () => {
  let ended: Ended;
  let json: TablesJson;
  beforeAll(async () => {
    ended = await askCli(['tables', '--json'], { cwd });
    json = JSON.parse(ended.stdout);
  });

  test('prints only JSON: the record and the tables', () => {
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    expect(json).toMatchObject({ schemaVersion: 1, problems: [] });
    expect(runRecordSchema.parse(json.run).runId).toBe(basename(folder));
    expect(Object.keys(json.tables)).toEqual([
      ...['callFrequency', 'context', 'keyNumbers', 'tracing', 'further', 'from'],
    ]);
    expect(json.tables.from).toEqual({ costs: null, probes: null });
  });

  test('counts three calls per request with one active, by name, and says who checked the count', async () => {
    const { record } = await readRun(folder, cwd);
    for (const { model, wait } of [
      { model: 'poll', wait: /^(p?)poll$/ },
      { model: 'epoll-lt', wait: /^epoll_p?wait$/ },
    ]) {
      const row = json.tables.callFrequency.find(({ guide }) => guide.model === model);
      if (row === undefined) throw new Error(`no row ${model}`);
      const total = figureOf(row.one, '');
      expect(total.kind === 'per-request' ? total.value : null).toBeGreaterThan(3 - CALLS_ERROR);
      expect(total.kind === 'per-request' ? total.value : null).toBeLessThan(3 + CALLS_ERROR);
      const names = row.one.status === 'measured' ? row.one.findings[0]?.figures.map(({ name }) => name) : [];
      expect(names).toEqual(
        expect.arrayContaining(['recvfrom', 'sendto', expect.stringMatching(wait), 'CPU']),
      );
      for (const { counter, trials, agreeing, failed } of row.audits)
        expect({ counter, trials, agreeing, failed }).toEqual({ counter, trials: 2, agreeing: 2, failed: 0 });
      const available = record.counters.filter((counter) => counter.available).map(({ counter }) => counter);
      expect(row.audits.map(({ counter }) => counter).sort()).toEqual(available.sort());
    }
  });

  test('says of every cell without a measured value what would measure it, or why nothing would', () => {
    const cells = new Map(json.tables.callFrequency.map((row) => [row.guide.model, row]));
    expect(cells.get('poll')?.example).toEqual({
      status: 'not-measured',
      why: 'not in this run: run --workloads c10k',
    });
    expect(cells.get('blocking')?.one).toEqual({
      status: 'not-measured',
      why: 'not in this run: run --models blocking --workloads ping-pong',
    });
    expect(cells.get('select')?.example).toEqual({
      status: 'not-here',
      what: 'kernel/program',
      why: 'FD_SETSIZE: holds at most 1016 connections',
    });
  });

  test('has a factor for every counter that could count', () => {
    const { counters } = json.run;
    const available = counters.filter((counter) => counter.available).map(({ counter }) => counter);
    expect(counters.map(({ counter }) => counter).sort()).toEqual(['strace', 'tracepoint']);
    expect(json.tables.tracing.length).toBe(available.length === 0 ? 0 : 6);
    for (const { traced } of json.tables.tracing) {
      expect(traced.map(({ counter }) => counter).sort()).toEqual([...available].sort());
      for (const { cpuFactor, slowdown } of traced) {
        expect(cpuFactor?.blocks).toBe(1);
        expect(slowdown?.ratio).toBeGreaterThan(0);
      }
    }
  });
});

test.each([120, 80])('tables fits a terminal of %i columns', async (width) => {
  const { exitCode, stdout, stderr } = await askCli(['tables', basename(folder)], {
    cwd,
    env: { COLUMNS: String(width) },
  });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  for (const line of stdout.split('\n').filter((text) => !text.startsWith('from ')))
    expect(line.length, line).toBeLessThanOrEqual(width);
  for (const text of ['Call frequency by model', 'benchmark context', 'Key numbers', 'What tracing costs'])
    expect(stdout).toContain(text);
  expect(stdout).toContain(`from ${folder}\n`);
});

test('tables --markdown prints a document', async () => {
  const { exitCode, stdout } = await askCli(['tables', '--markdown', join(folder, 'run.json')], { cwd });
  expect(exitCode).toBe(0);
  expect(stdout.match(/^## /gm)).toHaveLength(12);
  expect(stdout).toMatch(/^\| epoll-lt \| /m);
  expect(stdout).not.toContain('\u001b');
});

test('tables refuses two formats, and a run that is not there', async () => {
  const both = await askCli(['tables', '--json', '--markdown'], { cwd });
  expect(both).toMatchObject({ exitCode: EXIT.usage, stdout: '' });
  const missing = await askCli(['tables', 'nowhere'], { cwd });
  expect(missing).toMatchObject({ exitCode: EXIT.usage, stdout: '' });
  expect(missing.stderr).toContain('no run nowhere');
});

test('show tells of kernel-side work after an audited run, or where asked; its JSON does always', async () => {
  const audited = await askCli(['show', basename(folder)], { cwd });
  expect(audited.stdout).toContain('ping-pong: kernel-side work per request');
  const own = ['--results', join(cwd, 'plain')];
  await runCli(['run', '--models', 'poll', '--workloads', 'ping-pong', ...SHORT, ...own], { cwd });
  expect((await askCli(['show', ...own], { cwd })).stdout).not.toContain('kernel-side work');
  expect((await askCli(['show', '--kernel', ...own], { cwd })).stdout).toContain('kernel-side work');
  const [row] = JSON.parse((await askCli(['show', '--json', ...own], { cwd })).stdout).summary.workloads[0]
    .rows;
  expect(row.kernel).toMatchObject({ wakeupsPerRequest: expect.closeTo(1, 1), cqOverflows: 0 });
});

describe('recommend', () => {
  test('takes the stored runs of this host; one block decides nothing, and that is its exit code', async () => {
    const { exitCode, stdout, stderr } = await runCli(['recommend', '--json'], { cwd });
    expect({ exitCode, stderr }).toEqual({
      exitCode: EXIT.inconclusive,
      stderr: 'nothing is decided under any load: more blocks, or more models in one run\n',
    });
    const { recommendation }: RecommendationJson = JSON.parse(stdout);
    expect(recommendation.runs.map(({ runId }) => runId)).toEqual([basename(folder)]);
    expect(recommendation.choices.map(({ workload, outcome }) => [workload.id, outcome])).toEqual([
      ['ping-pong', 'undecided'],
      ['many-connections', 'undecided'],
    ]);
  });

  test('says of a case that nothing encloses which cell is nearest, and how to measure it', async () => {
    const { exitCode, stdout, stderr } = await runCli(
      ['recommend', '--for', 'connections=5000,active=1%', basename(folder)],
      { cwd },
    );
    expect(exitCode).toBe(EXIT.inconclusive);
    expect(stderr).toContain('Nothing measured encloses this case');
    expect(stderr).toContain('--connections 5000 --active 50 --message 64');
    expect(stdout).toContain('For 5,000 connections, 50 active, 64 B');
  });

  test.each([
    { args: ['--for', 'conections=5'], says: 'did you mean connections?' },
    { args: ['--models', 'nothing'], says: '--models: unknown model nothing' },
    { args: ['--models', 'kqueue'], says: 'hold no measured row' },
    { args: ['nowhere'], says: 'no run nowhere' },
  ])('refuses $args', async ({ args, says }) => {
    const { exitCode, stdout, stderr } = await runCli(['recommend', ...args], { cwd });
    expect({ exitCode, stdout }).toEqual({ exitCode: EXIT.usage, stdout: '' });
    expect(stderr).toContain(says);
  });
});
