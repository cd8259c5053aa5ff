import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PastRun } from '../../compare/history-result.ts';
import { type FakeRun, fakeRun, QUIET } from '../../fixtures/compare.ts';
import { createStore } from '../../results/store.ts';
import { EXIT } from '../../util/errors.ts';
import { askCli, type Ended } from './cli.ts';

const SMALL = { host: QUIET, blocks: 10, models: 2, workloads: 1 };

let cwd: string;

/** Measured on this day of a January. */
async function store(day: number, options: Partial<FakeRun> = {}): Promise<void> {
  const { record, trials, calibrations } = fakeRun({ ...SMALL, seed: day, ...options });
  const startedAt = new Date(Date.UTC(2025, 0, day)).toISOString();
  const place = await createStore(join(cwd, 'results'), `run-${day}`);
  await place.saveRecord({ ...record, kind: 'run', runId: `run-${day}`, startedAt, finishedAt: startedAt });
  for (const trial of trials) await place.appendTrial(trial);
  for (const calibration of calibrations) await place.appendCalibration(calibration);
}

function history(...args: readonly string[]): Promise<Ended> {
  return askCli(['history', ...args], { cwd });
}

async function runsOf(...args: readonly string[]): Promise<PastRun[]> {
  const ended = await history(...args, '--json');
  expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
  return JSON.parse(ended.stdout).history.cells[0].runs;
}

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'iomodels-history-'));
  for (const day of [1, 2, 3, 4, 5]) await store(day, { kernel: '6.8.1' });
  await store(6, { kernel: '6.9.0', slower: 1.2 });
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

test('history tells the stored runs, the oldest first, and what is said of each beside the one before', async () => {
  const runs = await runsOf();
  expect(runs.map(({ runId }) => runId)).toEqual([1, 2, 3, 4, 5, 6].map((day) => `run-${day}`));
  expect(runs.map(({ before }) => before?.verdict)).toEqual([
    undefined,
    ...['same', 'same', 'same', 'same'],
    'regressed',
  ]);
  const { stdout } = await history();
  for (const row of [
    'CPU/request of model-0 under workload-0',
    'How far equal runs lie apart, of 6 stored runs',
  ])
    expect(stdout).toContain(row);
});

test('history is what compare has for a history', async () => {
  const ended = await askCli(['compare', 'run-5', 'run-6', '--json'], { cwd });
  expect(ended.exitCode).toBe(EXIT.regressed);
  const { comparison } = JSON.parse(ended.stdout);
  const own = comparison.metrics.find(
    (one: { readonly label: string; readonly metric: string }) =>
      one.label === 'model-0' && one.metric === 'cpuNsPerRequest',
  );
  const last = (await runsOf()).at(-1);
  expect(last?.before?.change.ratio).toBeCloseTo(own.change.ratio, 9);
  expect(last?.level).toBeCloseTo(own.current.value, 6);
  expect(comparison.history.runs).toBe(4);
});

describe('history tells only the runs', () => {
  test.each([
    { name: 'of a kernel', args: ['--kernel', '6.9.*'], days: [6] },
    { name: 'of other kernels', args: ['--kernel', '!6.9.0'], days: [1, 2, 3, 4, 5] },
    { name: 'since a date', args: ['--since', '2025-01-04'], days: [4, 5, 6] },
    { name: 'of both', args: ['--since', '2025-01-04', '--kernel', '6.8.1'], days: [4, 5] },
    { name: 'of the last week, of which there are none', args: ['--since', '7d'], days: [] },
  ])('$name', async ({ args, days }) => {
    expect((await runsOf(...args)).map(({ runId }) => runId)).toEqual(days.map((day) => `run-${day}`));
  });
  test('and says so where there are none', async () => {
    const { stdout, exitCode } = await history('--kernel', '9.*');
    expect(exitCode).toBe(EXIT.ok);
    expect(stdout).toContain('No stored run is meant');
  });
});

test.each([
  { args: ['--metric', 'cpuNsPerReqest'], says: 'did you mean cpuNsPerRequest?' },
  { args: ['--since', 'yesterday'], says: '--since yesterday: must be a date' },
  { args: ['--kernel', ''], says: '--kernel names nothing' },
  { args: ['no-such-run'], says: 'no-such-run' },
  { args: ['--results', 'nowhere'], says: 'nowhere' },
])('history $args is refused', async ({ args, says }) => {
  const ended = await history(...args);
  expect(ended.exitCode).toBe(EXIT.usage);
  expect(ended.stderr).toContain(says);
});
