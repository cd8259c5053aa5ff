import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { comparisonSchema } from '../../compare/result.ts';
import { type FakeRun, fakeRun, QUIET } from '../../fixtures/compare.ts';
import { readEnvironment } from '../../observe/environment.ts';
import type { RunResult } from '../../results/schema.ts';
import { createStore } from '../../results/store.ts';
import { askCli, type Ended, runCli } from './cli.ts';

const SMALL = { host: QUIET, blocks: 10, models: 2, workloads: 1 };

let cwd: string;

function store(name: string, options: Partial<FakeRun> & { seed: number }): Promise<void> {
  return keep(name, fakeRun({ ...SMALL, ...options }));
}

async function keep(name: string, result: RunResult): Promise<void> {
  const place = await createStore(join(cwd, 'results'), name);
  await place.saveRecord({ ...result.record, runId: name });
  for (const trial of result.trials) await place.appendTrial(trial);
  for (const calibration of result.calibrations) await place.appendCalibration(calibration);
}

function compare(...args: readonly string[]): Promise<Ended> {
  return askCli(['compare', ...args], { cwd });
}

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'iomodels-compare-'));
  await store('base', { seed: 1 });
  await store('equal', { seed: 2 });
  await store('slow', { seed: 3, slower: 1.5 });
  // What says how far runs lie apart.
  for (let i = 0; i < 5; i++) await store(`before-${i}`, { seed: 100 + i });
  await store('other', { seed: 4, workloads: 1, models: 1 });
  const strange = fakeRun({ ...SMALL, seed: 5 });
  const environment = { ...strange.record.environment, cpuModel: 'Other CPU' };
  await keep('strange', { ...strange, record: { ...strange.record, environment }, calibrations: [] });
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe('the exit code of compare', () => {
  const counts = ['--metrics', 'syscallsPerRequest'];
  test.each([
    { name: 'nothing changed', args: ['base', 'equal', ...counts], exitCode: 0 },
    { name: 'nothing differs', args: ['base', 'equal'], exitCode: 0 },
    { name: 'something regressed', args: ['base', 'slow'], exitCode: 1 },
    { name: 'there is no second side', args: ['base'], exitCode: 2 },
    { name: 'there is one too many', args: ['base', 'equal', '--by', 'label'], exitCode: 2 },
    { name: 'a row is not there', args: ['base:nobody', 'equal:model-0'], exitCode: 2 },
    { name: 'a row is compared with itself', args: ['base:model-0', 'base:model-0'], exitCode: 2 },
    { name: 'a run has one row of each model', args: ['base', '--by', 'server'], exitCode: 2 },
    { name: 'a row of the base is gone', args: ['base', 'other', ...counts], exitCode: 1 },
    {
      name: 'it may be gone',
      args: ['base', 'other', ...counts, '--allow-missing', 'model-1'],
      exitCode: 0,
    },
    {
      name: 'another may be gone',
      args: ['base', 'other', ...counts, '--allow-missing', 'model-1/other'],
      exitCode: 1,
    },
    { name: 'options are right', args: ['nobody', 'reads', '--dry-run', ...counts], exitCode: 0 },
    { name: 'options are wrong', args: ['base', 'equal', '--dry-run', '--detect', '0'], exitCode: 2 },
    { name: 'a run is not there', args: ['base', 'nowhere'], exitCode: 2 },
    { name: 'a run is on both sides', args: ['base,equal', 'equal'], exitCode: 2 },
    { name: 'a threshold is none', args: ['base', 'equal', '--threshold', 'much'], exitCode: 2 },
    { name: 'the machines differ', args: ['base', 'strange'], exitCode: 3 },
    {
      name: 'a second measurement would be of another host',
      args: ['base', 'slow', '--confirm'],
      exitCode: 3,
    },
    { name: 'the noise is too large', args: ['base', 'equal', '--detect', '0.1%'], exitCode: 4 },
    {
      name: 'the noise may pass',
      args: ['base', 'equal', '--threshold', '0.1%', '--inconclusive', 'pass'],
      exitCode: 0,
    },
    {
      name: 'the noise must not pass',
      args: ['base', 'equal', '--threshold', '0.1%', '--inconclusive', 'fail'],
      exitCode: 1,
    },
  ])('is $exitCode where $name', async ({ args, exitCode }) => {
    const ended = await compare(...args);
    expect(`${ended.exitCode}\n${ended.stderr}`).toMatch(new RegExp(`^${exitCode}\n`));
  });
});

test('compare names what makes a comparison meaningless, and makes it by force', async () => {
  const refused = await compare('base', 'strange');
  expect(refused.stderr).toContain('CPU: Example CPU @ 2.50GHz in base, Other CPU in current');
  expect(refused.stdout).toBe('');
  const forced = await compare('base', 'strange', '--force');
  expect(forced.stdout).toContain('(compared by force)');
});

test('compare --confirm measures again what regressed, and shows both changes side by side', async () => {
  const environment = readEnvironment();
  // As if this host had measured them: one that can be measured again here.
  const ofHere = (result: RunResult): RunResult => {
    const { record } = result;
    const rows = <T extends { readonly label: string }>(all: readonly T[]): T[] =>
      all.map((one) => ({ ...one, label: 'poll', model: 'poll' }));
    return {
      ...result,
      record: {
        ...record,
        environment,
        cells: rows(record.cells),
        settings: {
          ...record.settings,
          ...{ entries: rows(record.settings.entries), baseline: 'poll' },
          ...{ durationMs: 10, warmupMs: 2, serverCpus: null, clientCpus: null },
        },
      },
      trials: rows(result.trials),
    };
  };
  const one = { ...SMALL, models: 1 };
  for (let i = 0; i < 5; i++) await keep(`here-${i}`, ofHere(fakeRun({ ...one, seed: 200 + i })));
  await keep('here-slow', ofHere(fakeRun({ ...one, seed: 300, slower: 1.5 })));
  const ended = await runCli(
    [
      'compare',
      'here-0',
      'here-slow',
      '--metrics',
      'cpuNs*',
      '--confirm',
      '--report',
      'again.html',
      '--json',
    ],
    { cwd },
  );
  // What this host makes of it is its own.
  expect([0, 1, 4], ended.stderr).toContain(ended.exitCode);
  const comparison = comparisonSchema.parse(JSON.parse(ended.stdout).comparison);
  const [cell] = comparison.metrics;
  expect(comparison.again?.runs).toMatchObject([{ blocks: 20 }]);
  expect(cell?.again?.change.ratio).toBeGreaterThan(0);
  const page = readFileSync(join(cwd, 'again.html'), 'utf8');
  expect(page).toContain('CPU/request, measured again: both changes');
  expect(page).toContain(`again    ${comparison.again?.runs[0]?.runId}`);
  expect(page).toContain('again: poll');
});

test('compare --json prints only JSON, pools runs and says what was left out', async () => {
  const ended = await compare('base,equal', 'other', '--json');
  const { schemaVersion, comparison } = JSON.parse(ended.stdout);
  expect(schemaVersion).toBe(2);
  expect(comparison.base.blocks).toBe(20);
  expect(comparison.missing).toEqual([
    { label: 'model-1', workload: 'workload-0', metric: null, reason: 'not in current', allowed: false },
  ]);
  expect(ended.exitCode).toBe(1);
});

test('A row that is gone is named in every output, and what it comes to is no error', async () => {
  const formats = ['junit', 'markdown', 'github', 'json'];
  const out = join(cwd, 'exports');
  const ended = await compare('base', 'other', '--export', `${formats.join(',')}=${out}`);
  expect(ended.exitCode).toBe(1);
  expect(ended.stdout).toContain('\nmissing: model-1 workload-0: not in current\n');
  expect(ended.stderr).toMatch(/^missing: 1 of what the base has; nothing that is there regressed: /m);
  expect(ended.stderr).not.toContain('error:');
  const written = (name: string) => readFileSync(join(out, name), 'utf8');
  expect(written('junit.xml')).toContain('<failure message="missing: not in current" type="missing">');
  expect(written('iomodels-bench.md')).toContain('missing: model-1 workload-0: not in current');
  expect(written('github-smaller-is-better.json')).toContain('model-1/workload-0: not in current');
  expect(JSON.parse(written('iomodels-bench.json')).comparison.outcome).toBe('missing');
});

test('A verdict is said without error: before it', async () => {
  const { stderr } = await compare('base', 'slow');
  expect(stderr).toMatch(/^regressed: CPU\/request .*\n$/);
});

test('The first line is the answer, and the stored runs of the host are known', async () => {
  const { stdout } = await compare('base', 'equal');
  expect(stdout).toMatch(/^passed: CPU\/request [+-]\d\.\d % \[.*\] over 2 cells; /);
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
    'judged by runs: 1 and 1 run, 7 other runs of this host known',
  );
});

test('Two rows of one run are judged in pairs, and so are all of them by label', async () => {
  const two = await compare('base:model-0', 'base:model-1', '--json');
  const { comparison } = JSON.parse(two.stdout);
  expect(comparison.design).toBe('pairs');
  expect(comparison.metrics[0].label).toBe('model-1 against model-0');
  const all = await compare('base', '--by', 'label', '--json');
  const { comparisons } = JSON.parse(all.stdout);
  expect(comparisons.map(({ name }: { name: string }) => name)).toEqual(['model-1 against model-0']);
  const told = await compare('base', '--by', 'model');
  expect(told.stdout).toMatch(/^model-1 against model-0: (passed|inconclusive|regressed): /);
});
