import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import { newestAlike } from './newest-alike.ts';
import type { RunRecord } from './schema.ts';
import { createStore, RECORD_FILE } from './store.ts';

const { record } = fixtureRun();
const here = { host: 'box', kernel: '6.12.1', kernelVersion: '#1 SMP' };

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'iomb-alike-'));
});
afterEach(() => rmSync(out, { recursive: true }));

async function stored(day: number, change: Partial<RunRecord> = {}): Promise<void> {
  const store = await createStore(out, `run-${day}`);
  const finishedAt = new Date(Date.UTC(2025, 0, day)).toISOString();
  const environment = { ...record.environment, ...here };
  await store.saveRecord({
    ...record,
    kind: 'run',
    environment,
    ...change,
    runId: `run-${day}`,
    finishedAt,
  });
}

const newest = async (count: number) => {
  const { folders, passedOver } = await newestAlike(out, { count, kinds: ['run'], here });
  return { runs: folders.map((folder) => basename(folder)), passedOver };
};

test('The newest are those that stand for one measurement with the newest, the oldest first', async () => {
  const { environment, settings } = record;
  await stored(1);
  await stored(2);
  await stored(3, { environment: { ...environment, ...here, host: 'other' } });
  await stored(4, { environment: { ...environment, ...here, kernel: '6.1.0' } });
  await stored(5, { settings: { ...settings, durationMs: 1 } });
  await stored(6);
  await stored(7, { status: 'interrupted' });
  await stored(8, { kind: 'noise' });
  expect((await newest(1)).runs).toEqual(['run-6']);
  expect((await newest(2)).runs).toEqual(['run-2', 'run-6']);
  expect(await newest(9)).toEqual({
    runs: ['run-1', 'run-2', 'run-6'],
    passedOver: [
      `run-5: trial duration in ms: 1, ${settings.durationMs} in run-6`,
      'run-4: of kernel 6.1.0',
      'run-3: of another host',
    ],
  });
  expect(await newest(0)).toEqual({ runs: [], passedOver: [] });
});

test('A record that is damaged is passed over, and it is told', async () => {
  await stored(1);
  await stored(2);
  const file = join(out, 'run-2', RECORD_FILE);
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), warnings: 'none' }));
  expect(await newest(2)).toEqual({
    runs: ['run-1'],
    passedOver: [expect.stringMatching(/^run-2: .* is not a run record/)],
  });
});
