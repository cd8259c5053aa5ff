import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failureOf } from '../fixtures/failure.ts';
import { fixtureNoise } from '../fixtures/noise.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { fixtureSweep } from '../fixtures/scale.ts';
import { UsageError } from '../util/errors.ts';
import { saveNoise } from './noise.ts';
import { listRuns, newestRun } from './run-index.ts';
import type { RunRecord } from './schema.ts';
import { createStore, RECORD_FILE } from './store.ts';

const { record, trials } = fixtureRun();

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'iomb-index-'));
});
afterEach(() => rmSync(out, { recursive: true }));

async function storedRun(runId: string, change: Partial<RunRecord> = {}): Promise<string> {
  const store = await createStore(out, runId);
  await store.saveRecord({ ...record, runId, ...change });
  return store.folder;
}

const ended = (ms: number) => ({ finishedAt: new Date(Date.UTC(2025, 0, 1) + ms).toISOString() });
const ids = async () => (await listRuns(out)).runs.map(({ runId }) => runId);

describe('listRuns', () => {
  test('says of a run what it is, and how much room it takes', async () => {
    const store = await createStore(out, 'a');
    await store.saveRecord({ ...record, runId: 'a', kind: 'noise' });
    for (const trial of trials.slice(0, 2)) await store.appendTrial(trial);
    await store.saveLog('x.log', 'hello');
    const { runs, problems } = await listRuns(out);
    expect(problems).toEqual([]);
    expect(runs).toEqual([
      {
        runId: 'a',
        kind: 'noise',
        status: 'complete',
        startedAt: record.startedAt,
        finishedAt: record.finishedAt,
        kernel: '6.12.1',
        models: 4,
        workloads: 2,
        bytes: expect.any(Number),
        folder: store.folder,
      },
    ]);
    const lines = trials.slice(0, 2).reduce((sum, trial) => sum + JSON.stringify(trial).length + 1, 0);
    expect(runs[0]?.bytes).toBeGreaterThan(lines + 'hello'.length);
  });

  test('orders runs by their end, whatever their ids and however their folders came here', async () => {
    await storedRun('20250101-000000-ffff', ended(1));
    await storedRun('20250101-000000-0000', ended(3));
    await storedRun('20250101-000000-7777', ended(2));
    utimesSync(join(out, '20250101-000000-ffff', RECORD_FILE), 4e9, 4e9);
    expect(await ids()).toEqual(['20250101-000000-ffff', '20250101-000000-7777', '20250101-000000-0000']);
  });

  test('orders runs of the same end by when they were written', async () => {
    for (const [i, id] of ['b', 'c', 'a'].entries()) {
      const folder = await storedRun(id, ended(0));
      utimesSync(join(folder, RECORD_FILE), 1000 + i, 1000 + i);
    }
    expect(await ids()).toEqual(['b', 'c', 'a']);
  });

  test('tells sweeps and equals of versions that did not say', async () => {
    await storedRun('a', { kind: null, ...ended(1) });
    await storedRun('b', { kind: null, settings: fixtureSweep().record.settings, ...ended(2) });
    await storedRun('c', { kind: null, ...ended(3) });
    await saveNoise(out, { ...fixtureNoise(), runId: 'c' });
    expect((await listRuns(out)).runs.map(({ kind }) => kind)).toEqual(['run', 'scale', 'noise']);
  });

  test('takes no folder without a run.json and no file for a run, and names one that cannot be read', async () => {
    const folder = await storedRun('a');
    mkdirSync(join(out, 'zzz-empty'));
    writeFileSync(join(out, 'README.md'), 'hello');
    expect(await ids()).toEqual(['a']);
    writeFileSync(join(folder, RECORD_FILE), '{"schemaVersion":1');
    const { runs, problems } = await listRuns(out);
    expect(runs).toEqual([]);
    expect(problems).toEqual([expect.stringContaining(`${folder} is no run that can be read: `)]);
  });

  test('is empty where there is no folder', async () => {
    expect(await listRuns(join(out, 'nowhere'))).toEqual({ runs: [], problems: [] });
  });
});

describe('newestRun', () => {
  test('is the last complete one of a kind that will do, and says what it passed over', async () => {
    await storedRun('old', ended(1));
    await storedRun('good', ended(2));
    await storedRun('cut', { status: 'interrupted', ...ended(3) });
    await storedRun('equals', { kind: 'noise', ...ended(4) });
    await storedRun('now', { status: 'running', finishedAt: null, startedAt: '2025-02-01T00:00:00.000Z' });
    const { run, passedOver } = await newestRun(out, ['run', 'scale']);
    expect(run.runId).toBe('good');
    expect(passedOver).toEqual([
      'now (run, still running or killed)',
      'equals (noise)',
      'cut (run, interrupted)',
    ]);
    expect((await newestRun(out, ['noise'])).run.runId).toBe('equals');
  });

  test('says what there is where none will do', async () => {
    await storedRun('cut', { status: 'broken' });
    await storedRun('again', { kind: 'confirm', ...ended(1e9) });
    const error = await failureOf(UsageError, () => newestRun(out, ['run', 'scale']));
    expect(error.message).toBe(
      `no complete run of run or scale under ${out}, only again (confirm), cut (run, broken off); name one to take it as it is`,
    );
  });

  test('says where it looked when there is no run at all', async () => {
    const advice = 'measure one with iomodels-bench run, or name a folder with --results';
    for (const folder of [out, join(out, 'nowhere')]) {
      const error = await failureOf(UsageError, () => newestRun(folder, ['run']));
      expect(error.message).toBe(`no run under ${folder}; ${advice}`);
    }
  });
});
