import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { csvExporter } from '../export/csv.ts';
import { exportInputOf } from '../export/input.ts';
import { jsonExporter } from '../export/json.ts';
import { COMPARISON } from '../fixtures/comparison.ts';
import { exportText } from '../fixtures/export-input.ts';
import { hostileRun } from '../fixtures/hostile.ts';
import { fixtureRun, withAudits } from '../fixtures/run.ts';
import { fixtureSweep } from '../fixtures/scale.ts';
import { saveBaseline } from './baselines.ts';
import { openRun } from './open-run.ts';
import { createStore } from './store.ts';

const cwd = mkdtempSync(join(tmpdir(), 'iomb-open-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const EXPORTED = exportText(jsonExporter);

/** Writes a file and gives back its path. */
function file(name: string, text: string): string {
  const path = join(cwd, name);
  writeFileSync(path, text);
  return path;
}

/** The export of the fixture with some of its members changed. */
function changed(name: string, change: object): string {
  return file(name, JSON.stringify({ ...JSON.parse(EXPORTED), ...change }));
}

test.each([
  { of: 'a run', result: fixtureRun() },
  { of: 'an audited run', result: withAudits(fixtureRun()) },
  { of: 'a sweep', result: fixtureSweep() },
  { of: 'a hostile run', result: hostileRun() },
])(
  'What the json export wrote of $of is read back as it was, and exported the same again',
  async ({ result }) => {
    const text = exportText(jsonExporter, exportInputOf(result));
    const { folder, source, ...read } = await openRun(file('run-of-mine.json', text), 'nowhere');
    expect({ folder, source }).toEqual({ folder: cwd, source: join(cwd, 'run-of-mine.json') });
    expect(read).toEqual(result);
    const again = exportInputOf(read);
    expect(JSON.parse(exportText(jsonExporter, again))).toEqual(JSON.parse(text));
    expect(exportText(csvExporter, again)).toBe(exportText(csvExporter, exportInputOf(result)));
  },
);

test('A name is looked for under the folder of the runs as well, and may be that of a record', async () => {
  file('run.json', EXPORTED);
  expect((await openRun('run.json', cwd)).trials).toEqual(fixtureRun().trials);
});

test('A run in a folder is opened as ever, by its record too', async () => {
  const store = await createStore(cwd, 'stored');
  await store.saveRecord(fixtureRun().record);
  for (const trial of fixtureRun().trials) await store.appendTrial(trial);
  for (const name of ['stored', join(cwd, 'stored'), join(cwd, 'stored/run.json')]) {
    const run = await openRun(name, cwd);
    expect(run).toMatchObject({ folder: store.folder, source: store.folder });
    expect(run.trials).toHaveLength(fixtureRun().trials.length);
  }
});

describe('what cannot be read', () => {
  const { trials: _, ...trialless } = JSON.parse(EXPORTED) as { trials: unknown[] };
  test.each([
    ['no JSON', 'not-json.json', 'oops', /is not JSON/],
    ['some other JSON', 'other.json', '{"a": 1}', /holds no run: it is neither a run\.json nor/],
    ['null', 'null.json', 'null', /holds no run/],
    ['an array', 'array.json', '[]', /holds no run/],
    ['no trials', 'trialless.json', JSON.stringify(trialless), /without its trials: .*show --json --trials/],
    ['no record', 'record.json', '{"run": {"schemaVersion": 1}, "trials": []}', /is not a run record/],
    ['a later schema', 'later.json', '{"run": {"schemaVersion": 99}, "trials": []}', /schema version 99/],
  ])('is told: %s', async (_what, name, text, message) => {
    await expect(openRun(file(name, text), cwd)).rejects.toThrow(message);
  });
  test('is told without what a terminal obeys', async () => {
    const error: unknown = await openRun(file('esc.json', '\u001b[31m{'), cwd).catch(
      (cause: unknown) => cause,
    );
    expect(String(error)).toMatch(/is not JSON/);
    expect(String(error)).not.toContain('\u001b');
  });
  test('of a single trial leaves out that trial, and says so', async () => {
    const trials = [{ status: 'measured' }, ...fixtureRun().trials];
    const { problems, trials: read } = await openRun(changed('one.json', { trials, problems: ['x'] }), cwd);
    expect(problems).toEqual(['x', 'line 1 of the trials in one.json is not a trial; it is left out']);
    expect(read).toEqual(fixtureRun().trials);
  });
  test('is several runs in one, as compare exports them', async () => {
    const run = { runId: 'a', startedAt: '', status: 'complete', kernel: 'k', blocks: 1 };
    const pooled = { ...COMPARISON, current: { runs: [run, run], blocks: 2 } };
    await expect(openRun(changed('pooled.json', { comparison: pooled }), cwd)).rejects.toThrow(
      'holds 2 runs as one: name them one by one',
    );
    const single = { ...COMPARISON, current: { runs: [run], blocks: 1 } };
    expect((await openRun(changed('single.json', { comparison: single }), cwd)).trials).toHaveLength(
      fixtureRun().trials.length,
    );
  });
});

test('A baseline can be saved from the file, and holds all of it', async () => {
  mkdirSync(join(cwd, 'runs'));
  const run = file('whole.json', EXPORTED);
  const now = '2025-01-01T00:00:00.000Z';
  const { baseline } = await saveBaseline({
    name: 'x',
    runs: [run],
    outDir: join(cwd, 'runs'),
    force: false,
    now,
  });
  const { folder, source, ...read } = await openRun('baseline:x', join(cwd, 'runs'));
  expect(source).toBe(baseline.folder);
  expect(folder).toBe(source);
  expect(read).toEqual(fixtureRun());
  expect(readFileSync(join(folder, 'run.json'), 'utf8')).toContain('iomodels-bench/schemas/run.json');
});
