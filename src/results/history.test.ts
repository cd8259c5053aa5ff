import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import { saveBaseline } from './baselines.ts';
import { type HistoryOptions, readHistory } from './history.ts';
import { WHOLE } from './lines.ts';
import type { RunRecord, TrialResult } from './schema.ts';
import { createStore } from './store.ts';

const { record, trials } = fixtureRun();

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'iomb-history-'));
});
afterEach(() => rmSync(out, { recursive: true }));

async function stored(runId: string, change: Partial<RunRecord> = {}): Promise<void> {
  const store = await createStore(out, runId);
  await store.saveRecord({ ...record, kind: 'run', runId, ...change });
  for (const trial of trials.slice(0, 2)) await store.appendTrial(trial);
}

async function ids(options: Partial<HistoryOptions<TrialResult>> = {}): Promise<string[]> {
  return (await readHistory(out, record, { ...WHOLE, ...options })).runs.map((run) => run.record.runId);
}

const at = (day: number) => ({ startedAt: new Date(Date.UTC(2025, 0, day)).toISOString() });

test('The history is what was measured like it, the oldest first, with trials', async () => {
  await stored('b', at(2));
  await stored('a', at(1));
  const { runs, problems } = await readHistory(out, record, WHOLE);
  expect(runs.map((run) => run.record.runId)).toEqual(['a', 'b']);
  expect(runs.map((run) => run.trials.length)).toEqual([2, 2]);
  expect(problems).toEqual([]);
});

test('Of each trial what is wanted is kept, and read without its histograms where these are not', async () => {
  await stored('a', at(1));
  await stored('b', at(2));
  const latencies = async (histograms: boolean) =>
    (
      await readHistory(out, record, {
        keep: (trial) => (trial.status === 'measured' ? trial.observation.response : null),
        histograms,
      })
    ).runs.flatMap((run) => run.trials);
  const whole = await latencies(true);
  expect(whole.every((latency) => latency !== null && latency.histogram.length > 0)).toBe(true);
  expect(await latencies(false)).toEqual(whole.map((latency) => ({ ...latency, histogram: [] })));
});

describe('Of the history is', () => {
  const { settings, environment } = record;
  test.each([
    { what: 'another kernel', change: { environment: { ...environment, kernel: '6.99' } } },
    { what: 'another build', change: { build: { ...record.build, hash: 'other' } } },
    { what: 'another number of blocks', change: { settings: { ...settings, blocks: 99 } } },
  ])('$what', async ({ change }) => {
    await stored('x', change);
    expect(await ids()).toEqual(['x']);
  });
  test.each([
    { what: 'another host', change: { environment: { ...environment, host: 'elsewhere' } } },
    { what: 'another length of trials', change: { settings: { ...settings, durationMs: 1234 } } },
    { what: 'another pinning', change: { settings: { ...settings, serverCpus: [0, 1, 2] } } },
    {
      what: 'another command before the server of a row',
      change: {
        settings: {
          ...settings,
          entries: settings.entries.map((entry) => ({ ...entry, variant: { name: 'x', prefix: ['nice'] } })),
        },
      },
    },
    { what: 'other cells', change: { cells: [] } },
    {
      what: 'another load of the same name',
      change: {
        settings: {
          ...settings,
          workloads: settings.workloads.map((workload) => ({ ...workload, messageBytes: 12_345 })),
        },
      },
    },
    { what: 'a run that was broken off', change: { status: 'broken' as const } },
    { what: 'equals', change: { kind: 'noise' as const } },
    { what: 'a second measurement', change: { kind: 'confirm' as const } },
  ])('never $what', async ({ change }) => {
    await stored('x', change);
    expect(await ids()).toEqual([]);
  });
});

test('What is compared already is left out, and no more than the newest are read', async () => {
  for (let day = 1; day <= 5; day++) await stored(`run-${day}`, at(day));
  expect(await ids({ max: 2 })).toEqual(['run-4', 'run-5']);
  expect(await ids({ exclude: new Set(['run-5']) })).toEqual(['run-1', 'run-2', 'run-3', 'run-4']);
});

test('A baseline counts, and once where its run is still there', async () => {
  await stored('kept', at(1));
  await saveBaseline({
    name: 'a',
    runs: ['kept'],
    outDir: out,
    force: false,
    now: '2025-01-02T00:00:00.000Z',
  });
  expect(await ids()).toEqual(['kept']);
  rmSync(join(out, 'kept'), { recursive: true });
  expect(await ids()).toEqual(['kept']);
});

test('A baseline of equals, or of what was broken off, does not count, nor such a run among several', async () => {
  await stored('equals', { ...at(1), kind: 'noise' });
  await stored('whole', at(2));
  await stored('broken', { ...at(3), status: 'broken' });
  const now = '2025-01-04T00:00:00.000Z';
  const save = (name: string, runs: readonly string[]) =>
    saveBaseline({ name, runs, outDir: out, force: true, now });
  await save('equals', ['equals']);
  await save('several', ['whole', 'broken']);
  for (const run of ['equals', 'whole', 'broken']) rmSync(join(out, run), { recursive: true });
  expect(await ids()).toEqual(['whole']);
});

test('Folders that hold no run, or half of one, do no harm', async () => {
  await stored('good');
  mkdirSync(join(out, 'empty'));
  mkdirSync(join(out, 'broken'));
  writeFileSync(join(out, 'broken', 'run.json'), '{ "runId": "broken", ');
  expect(await ids()).toEqual(['good']);
  expect((await readHistory(join(out, 'nowhere'), record, WHOLE)).runs).toEqual([]);
});
