import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withGuest } from '../fixtures/guest.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { UsageError } from '../util/errors.ts';
import type { RunStatus } from './schema.ts';
import { openSeries } from './series.ts';
import { createStore } from './store.ts';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'iomb-stored-series-'));
});
afterEach(() => rmSync(out, { recursive: true }));

async function store(runId: string, series: string | null, status: RunStatus = 'complete'): Promise<void> {
  const { record, trials } = series === null ? fixtureRun() : withGuest(fixtureRun(), { series });
  const kept = await createStore(out, runId);
  await kept.saveRecord({ ...record, runId, status });
  for (const trial of trials) await kept.appendTrial(trial);
}

const idsOf = async (id?: string) => {
  const { id: found, runs, problems } = await openSeries(id, out);
  return { found, runs: runs.map(({ record }) => record.runId).sort(), problems };
};

test('A series is all its complete boots, and those that are not are named', async () => {
  await store('a1', '20250101-a');
  await store('a2', '20250101-a');
  await store('a3', '20250101-a', 'interrupted');
  await store('a4', '20250101-a', 'broken');
  await store('b1', '20250102-b');
  await store('host', null);
  expect(await idsOf('20250101-a')).toEqual({
    found: '20250101-a',
    runs: ['a1', 'a2'],
    problems: [
      expect.stringContaining('a3 is interrupted, and left out'),
      expect.stringContaining('a4 is broken, and left out'),
    ],
  });
});

test('The newest series is the one without a word', async () => {
  await store('b1', '20250102-b');
  await store('a1', '20250101-a');
  expect(await idsOf()).toMatchObject({ found: '20250102-b', runs: ['b1'] });
});

test('What a search has measured is no newer than a series', async () => {
  await store('a1', '20250101-a');
  await store('s1', 'bisect-0123456789ab');
  expect(await idsOf()).toMatchObject({ found: '20250101-a' });
  expect(await idsOf('bisect-0123456789ab')).toMatchObject({ runs: ['s1'] });
});

test('A run that cannot be read is named, and the others are read', async () => {
  await store('a1', '20250101-a');
  mkdirSync(join(out, 'damaged'));
  writeFileSync(join(out, 'damaged', 'run.json'), '{');
  const { runs, problems } = await idsOf();
  expect(runs).toEqual(['a1']);
  expect(problems).toEqual([expect.stringContaining('damaged')]);
});

test('Where there is no such series, or none, it is said so', async () => {
  await expect(openSeries(undefined, out)).rejects.toThrow(/kernels run measures some/);
  await store('host', null);
  await expect(openSeries(undefined, out)).rejects.toThrow(UsageError);
  await store('a1', '20250101-a');
  await expect(openSeries('20240101-none', out)).rejects.toThrow(/belongs to a series 20240101-none/);
});
