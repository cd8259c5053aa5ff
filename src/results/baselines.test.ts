import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failureOf } from '../fixtures/failure.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { readPlace } from '../host/host-id.ts';
import { EnvironmentError, UsageError } from '../util/errors.ts';
import {
  BASELINE_FILE,
  BASELINES_FOLDER,
  findBaseline,
  listBaselines,
  runFoldersOf,
} from './baseline-index.ts';
import type { Place } from './baseline-schema.ts';
import { type SaveRequest, saveBaseline } from './baselines.ts';
import { CALIBRATIONS_FILE, TRIALS_FILE } from './lines.ts';
import { openRuns } from './open-run.ts';
import { listRuns } from './run-index.ts';
import type { RunRecord, TrialResult } from './schema.ts';
import { createStore, RECORD_FILE, readRun } from './store.ts';

const { record, trials, calibrations } = fixtureRun();
const OLD: Place = { host: 'box', kernel: '6.11.0', kernelVersion: '#1 SMP' };
const NEW: Place = { host: 'box', kernel: '6.12.1', kernelVersion: '#1 SMP' };
const REBUILT: Place = { ...NEW, kernelVersion: '#2 SMP' };
const ELSEWHERE: Place = { ...OLD, host: 'other' };

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'iomb-baselines-'));
});
afterEach(() => rmSync(out, { recursive: true }));

async function storedRun(
  runId: string,
  change: Partial<RunRecord> = {},
  own: readonly TrialResult[] = trials,
): Promise<string> {
  const store = await createStore(out, runId);
  await store.saveRecord({ ...record, runId, ...change });
  for (const calibration of calibrations) await store.appendCalibration(calibration);
  for (const trial of own) await store.appendTrial(trial);
  return store.folder;
}

const at = (place: Place) => ({ environment: { ...record.environment, ...place } });

function save(name: string, run: string, change: Partial<SaveRequest> = {}) {
  return saveBaseline({
    name,
    runs: [run],
    outDir: out,
    force: false,
    now: '2025-02-01T00:00:00.000Z',
    ...change,
  });
}

/** Measures `name` at a place and keeps it, on that day of February. */
async function kept(name: string, place: Place, day: number): Promise<void> {
  const runId = `${name}-${day}`;
  await storedRun(runId, at(place));
  await save(name, runId, { now: `2025-02-0${day}T00:00:00.000Z` });
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

describe('a baseline that is saved', () => {
  test('is a copy of the run, which every reader takes by its folder', async () => {
    const run = await storedRun('a', at(OLD));
    writeFileSync(join(run, 'notes.txt'), 'not of the run');
    const { baseline, replaced, warnings } = await save('nightly', 'a');
    expect(baseline).toMatchObject({
      name: 'nightly',
      host: 'box',
      kernel: '6.11.0',
      kernelVersion: '#1 SMP',
      runId: 'a',
      savedAt: '2025-02-01T00:00:00.000Z',
      runs: 1,
      status: 'complete',
    });
    expect(replaced).toBeNull();
    // One of the fixture's trials failed.
    expect(warnings).toEqual([expect.stringMatching(/^1 of its \d+ trials failed; the others are kept$/)]);
    const files = [BASELINE_FILE, CALIBRATIONS_FILE, RECORD_FILE, TRIALS_FILE];
    expect(filesUnder(join(out, BASELINES_FOLDER))).toEqual(
      files.map((file) => join('box', '6.11.0_cecfa755', 'nightly', file)),
    );
    for (const file of [CALIBRATIONS_FILE, RECORD_FILE, TRIALS_FILE])
      expect(readFileSync(join(baseline.folder, file))).toEqual(readFileSync(join(run, file)));
    const { folder: _, ...original } = await readRun('a', out);
    rmSync(run, { recursive: true });
    expect(await readRun(baseline.folder, out)).toEqual({ ...original, folder: baseline.folder });
  });

  test('is not taken for a run of its own', async () => {
    const run = await storedRun('a');
    await save('nightly', 'a');
    expect((await listRuns(out)).runs.map(({ folder }) => folder)).toEqual([run]);
  });

  test('is kept once for each host and each build of each kernel', async () => {
    const places = [OLD, NEW, REBUILT, ELSEWHERE];
    for (const [i, place] of places.entries()) await kept('nightly', place, i + 1);
    const { baselines } = await listBaselines(out);
    expect(baselines.map(({ host, kernel, kernelVersion }) => ({ host, kernel, kernelVersion }))).toEqual(
      places.toReversed(),
    );
    expect(new Set(baselines.map(({ folder }) => folder)).size).toBe(places.length);
  });

  test('is not replaced, except with force', async () => {
    await storedRun('a');
    await storedRun('b');
    await save('nightly', 'a');
    const error = await failureOf(UsageError, () => save('nightly', 'b'));
    expect(error.message).toBe(
      'there is already a baseline nightly of kernel 6.12.1: run a, saved 2025-02-01T00:00:00.000Z. Choose another name, or replace it with --force',
    );
    const { baseline, replaced } = await save('nightly', 'b', { force: true });
    expect([baseline.runId, replaced?.runId]).toEqual(['b', 'a']);
    expect((await listBaselines(out)).baselines).toEqual([baseline]);
    expect(readdirSync(dirname(baseline.folder))).toEqual(['nightly']);
  });

  describe('never shrinks in silence', () => {
    const LOST = { label: 'io_uring', workload: 'fixed-rate' };
    const isLost = (cell: { label: string; workload: string }) =>
      cell.label === LOST.label && cell.workload === LOST.workload;
    const cells = record.cells.map((cell) => (isLost(cell) ? { ...cell, skipReason: 'EPERM' } : cell));
    const smaller = () =>
      storedRun(
        'b',
        { cells },
        trials.filter((trial) => !isLost(trial)),
      );
    const why = 'io_uring under fixed-rate (skipped in run b: EPERM)';

    test('and force does not make it: the cells that would be lost are named', async () => {
      await storedRun('a');
      await smaller();
      await save('nightly', 'a');
      const error = await failureOf(UsageError, () => save('nightly', 'b', { force: true }));
      expect(error.problems).toEqual([
        'run b would make baseline nightly smaller; it lacks',
        `  ${why}`,
        'Measure it again, choose another name, or allow it with --allow-missing <list>',
      ]);
      expect((await listBaselines(out)).baselines.map(({ runId }) => runId)).toEqual(['a']);
    });

    test('unless just those cells may be missing, which is told', async () => {
      await storedRun('a');
      await smaller();
      await save('nightly', 'a');
      const others = (cell: { label: string; workload: string }) => !isLost(cell);
      await failureOf(UsageError, () => save('nightly', 'b', { force: true, mayBeMissing: others }));
      const { baseline, warnings } = await save('nightly', 'b', { force: true, mayBeMissing: isLost });
      expect(baseline.runId).toBe('b');
      expect(warnings).toContain(`it has no ${why}, which the one before had`);
    });

    test('and grows again without a word', async () => {
      await storedRun('a');
      await smaller();
      await save('nightly', 'b');
      const { warnings } = await save('nightly', 'a', { force: true });
      expect(warnings.filter((warning) => warning.startsWith('it has no'))).toEqual([]);
    });

    test('where another name comes to stand before it, that is told', async () => {
      await storedRun('a');
      await smaller();
      await save('nightly', 'a');
      const { warnings } = await save('accepted', 'b', { now: '2025-02-02T00:00:00.000Z' });
      expect(warnings).toContain(
        `it has no ${why}, which nightly has, the last one saved of this kernel until now`,
      );
    });
  });

  test('may be saved over itself, and under a further name', async () => {
    await storedRun('a');
    const { baseline } = await save('nightly', 'a');
    rmSync(join(out, 'a'), { recursive: true });
    expect((await save('nightly', baseline.folder, { force: true })).baseline.runId).toBe('a');
    expect((await save('release', baseline.folder)).baseline.runId).toBe('a');
    expect((await readRun(baseline.folder, out)).trials).toHaveLength(trials.length);
  });

  test.each(['running', 'interrupted', 'broken'] as const)(
    'is no run that is %s, except with force',
    async (status) => {
      await storedRun('a', { status });
      const error = await failureOf(UsageError, () => save('nightly', 'a'));
      expect(error.message).toBe(
        `run a makes no baseline: it is ${status}, not complete. Measure it again, or keep it as it is with --force`,
      );
      expect(existsSync(join(out, BASELINES_FOLDER))).toBe(false);
      const { baseline, warnings } = await save('nightly', 'a', { force: true });
      expect(baseline.status).toBe(status);
      expect(warnings[0]).toBe(`it is ${status}, not complete`);
    },
  );

  test('is no run that cannot be read as a whole, except with force', async () => {
    const run = await storedRun('a');
    appendFileSync(join(run, TRIALS_FILE), '{"cut');
    const error = await failureOf(UsageError, () => save('nightly', 'a'));
    expect(error.message).toContain('trials.ndjson ends in the middle of line');
    const { baseline } = await save('nightly', 'a', { force: true });
    rmSync(join(run, TRIALS_FILE));
    rmSync(join(run, CALIBRATIONS_FILE));
    await failureOf(UsageError, () => save('bare', 'a'));
    const bare = (await save('bare', 'a', { force: true })).baseline;
    expect(readdirSync(baseline.folder)).toContain(TRIALS_FILE);
    expect(readdirSync(bare.folder).sort()).toEqual([BASELINE_FILE, RECORD_FILE]);
  });

  test('may be a run without calibrations', async () => {
    const run = await storedRun('a');
    rmSync(join(run, CALIBRATIONS_FILE));
    const { baseline } = await save('nightly', 'a');
    expect((await readRun(baseline.folder, out)).calibrations).toEqual([]);
  });

  test.each([
    '',
    '.',
    '..',
    '../x',
    'a/b',
    '/etc',
    '.hidden',
    'a b',
    'a\0b',
    'ä',
    '-x',
    'a@b',
    'x'.repeat(65),
  ])('is not called %j, nor written anywhere', async (name) => {
    await storedRun('a');
    const error = await failureOf(UsageError, () => save(name, 'a', { force: true }));
    expect(error.message).toContain('cannot name a baseline');
    expect(readdirSync(out)).toEqual(['a']);
  });

  test.each(['previous-kernel', 'this-kernel'])('is not called %s, which finds one', async (name) => {
    await storedRun('a');
    const error = await failureOf(UsageError, () => save(name, 'a'));
    expect(error.message).toBe(`a baseline cannot be called ${name}: that finds one; choose another name`);
  });

  test.each([
    { host: '../..', kernel: '../../etc' },
    { host: '', kernel: '' },
    { host: '/', kernel: '/etc/passwd' },
    { host: null, kernel: '..' },
  ])('stays below its folder, whatever a run.json calls its host and kernel: %j', async (place) => {
    await storedRun('a', at({ ...place, kernelVersion: '../..' }));
    const { baseline } = await save('nightly', 'a');
    const path = relative(join(out, BASELINES_FOLDER), baseline.folder).split('/');
    expect(path).toHaveLength(3);
    expect(path).not.toContain('..');
    expect(readdirSync(out).sort()).toEqual(['a', BASELINES_FOLDER]);
  });

  test('leaves the one before where there is no room for it', async () => {
    await storedRun('a');
    writeFileSync(join(out, BASELINES_FOLDER), 'a file in the way');
    const error = await failureOf(EnvironmentError, () => listBaselines(out));
    expect(error.message).toBe(`cannot read ${join(out, BASELINES_FOLDER)}: ENOTDIR`);
    await failureOf(EnvironmentError, () => save('nightly', 'a'));
  });
});

describe('listBaselines', () => {
  test('lists none where there are none', async () => {
    expect(await listBaselines(out)).toEqual({ baselines: [], problems: [] });
    expect(await listBaselines(join(out, 'nowhere'))).toEqual({ baselines: [], problems: [] });
  });

  test('names what should be a baseline and is none, and lists the others', async () => {
    await kept('good', NEW, 1);
    await kept('bad', NEW, 2);
    await kept('copied', NEW, 3);
    const kernel = join(out, BASELINES_FOLDER, 'box', '6.12.1_cecfa755');
    writeFileSync(join(kernel, 'bad', RECORD_FILE), '{"runId":');
    rmSync(join(kernel, 'copied', BASELINE_FILE));
    mkdirSync(join(kernel, '.good-unfinished', 'new'), { recursive: true });
    writeFileSync(join(kernel, 'README'), 'no folder');
    const { baselines, problems } = await listBaselines(out);
    expect(baselines.map(({ name }) => name)).toEqual(['good']);
    expect(problems).toEqual([
      expect.stringContaining(`${join(kernel, 'bad')} is no baseline: `),
      expect.stringContaining(`${join(kernel, 'copied')} is no baseline: ENOENT`),
    ]);
  });

  test('does not lose what it knows when the folder moves, as out of an archive', async () => {
    await kept('nightly', OLD, 1);
    const moved = join(out, 'moved');
    cpSync(join(out, BASELINES_FOLDER), join(moved, BASELINES_FOLDER), { recursive: true });
    const [before] = (await listBaselines(out)).baselines;
    const [after] = (await listBaselines(moved)).baselines;
    expect(after).toEqual({ ...before, folder: before?.folder.replace(out, moved) });
  });
});

describe('a reference to a baseline', () => {
  const runIdOf = async (reference: string, here: Place) =>
    findBaseline(reference, await listBaselines(out), here).runId;

  test.each([
    { why: 'the other kernel of this host', reference: 'previous-kernel', here: NEW, found: 'nightly-1' },
    { why: 'the last one saved of them', reference: 'previous-kernel', here: OLD, found: 'nightly-3' },
    {
      why: 'a build of the same release is another',
      reference: 'previous-kernel',
      here: REBUILT,
      found: 'nightly-3',
    },
    { why: 'this kernel', reference: 'this-kernel', here: OLD, found: 'nightly-1' },
    { why: 'of this host before others', reference: 'nightly', here: OLD, found: 'nightly-3' },
    { why: 'of this host, the other one', reference: 'nightly', here: ELSEWHERE, found: 'nightly-4' },
    { why: 'of any host', reference: 'special', here: OLD, found: 'special-5' },
    { why: 'of the kernel named', reference: 'nightly@6.11.0', here: NEW, found: 'nightly-1' },
  ])('finds $why: $reference on $here', async ({ reference, here, found }) => {
    await kept('nightly', OLD, 1);
    await kept('early', NEW, 2);
    await kept('nightly', NEW, 3);
    await kept('nightly', ELSEWHERE, 4);
    await kept('special', ELSEWHERE, 5);
    expect(await runIdOf(reference, here)).toBe(found);
  });

  test.each([
    {
      reference: 'previous-kernel',
      message: 'this host has no baseline of another kernel than 6.11.0; it has nightly@6.11.0',
      here: OLD,
    },
    {
      reference: 'this-kernel',
      message: 'this host has no baseline of the running kernel 6.12.1; it has nightly@6.11.0',
      here: NEW,
    },
    {
      reference: 'previous-kernel',
      message:
        'this host has no baseline of another kernel than 6.11.0; save one with iomodels-bench baseline save <name>',
      here: ELSEWHERE,
    },
  ])('says that there is nothing yet: $reference', async ({ reference, message, here }) => {
    await kept('nightly', OLD, 1);
    const error = await failureOf(EnvironmentError, () => runIdOf(reference, here));
    expect(error.message).toBe(message);
  });

  test.each(['weekly', 'nightly@6.13.0', '', '@6.11.0', '../nightly'])(
    'says which there are instead of %j',
    async (reference) => {
      await kept('nightly', OLD, 1);
      const error = await failureOf(UsageError, () => runIdOf(reference, OLD));
      expect(error.message).toBe(`no baseline ${reference}; there are nightly@6.11.0`);
    },
  );

  test('is a run wherever one is read', async () => {
    await storedRun('a', at(readPlace()));
    const { baseline } = await save('nightly', 'a');
    await storedRun('b', at(readPlace()));
    for (const name of ['baseline:nightly', 'baseline:this-kernel'])
      expect(await readRun(name, out)).toMatchObject({ folder: baseline.folder, record: { runId: 'a' } });
    const error = await failureOf(UsageError, () => readRun('baseline:weekly', out));
    expect(error.message).toMatch(/^no baseline weekly; there are nightly@/);
  });
});

describe('a baseline of several runs', () => {
  const alike = { ...at(OLD), kind: 'run' as const };
  test('holds all of them, and a side of compare is all of them', async () => {
    for (const runId of ['a', 'b', 'c']) await storedRun(runId, alike);
    const { baseline } = await save('several', 'a', { runs: ['a', 'b', 'c'] });
    expect(baseline).toMatchObject({ runId: 'a', runs: 3 });
    const runs = await openRuns(`baseline:several@${OLD.kernel}`, out);
    expect(runs.map((run) => run.record.runId)).toEqual(['a', 'b', 'c']);
    expect(runs.map((run) => run.trials.length)).toEqual([trials.length, trials.length, trials.length]);
    const copy = await save('copy', '', { runs: [`baseline:several@${OLD.kernel}`] });
    expect(copy.baseline.runIds).toEqual(['a', 'b', 'c']);
    // One run is asked for by its id.
    const error = await failureOf(UsageError, () => readRun('baseline:several', out));
    expect(error.message).toBe(
      'baseline several holds 3 runs, and one is needed: name baseline:several/a or baseline:several/b or baseline:several/c',
    );
    for (const runId of ['a', 'b', 'c'])
      expect((await readRun(`baseline:several@${OLD.kernel}/${runId}`, out)).record.runId).toBe(runId);
    const none = await failureOf(UsageError, () => readRun('baseline:several/d', out));
    expect(none.message).toBe('baseline several holds no run d; it holds a, b, c');
    const again = await save('several', 'b', { runs: ['b', 'c'], force: true });
    expect(again.replaced).toMatchObject({ runs: 3 });
    expect((await openRuns(`baseline:several@${OLD.kernel}`, out)).map((run) => run.record.runId)).toEqual([
      'b',
      'c',
    ]);
  });
  const { settings, build } = record;
  const [workload] = settings.workloads;
  test.each([
    { change: at(NEW), differs: 'kernel: 6.11.0 and 6.12.1' },
    { change: at(REBUILT), differs: 'kernel: 6.11.0 and 6.12.1' },
    { change: at({ ...OLD, kernelVersion: '#2' }), differs: 'kernel build: #1 SMP and #2' },
    { change: at(ELSEWHERE), differs: 'host: box and other' },
    {
      change: { settings: { ...settings, durationMs: 1 } },
      differs: `trial duration in ms: ${settings.durationMs} and 1`,
    },
    { change: { settings: { ...settings, serverCpus: [4, 5, 6] } }, differs: 'server CPUs: 1 and 3' },
    { change: { build: { ...build, hash: 'x' } }, differs: /servers \(hash of .*\): .* and x/ },
    {
      change: { settings: { ...settings, workloads: workload === undefined ? [] : [workload] } },
      differs: /workloads: \S+ .* and \S+$/m,
    },
    {
      change: {
        settings: {
          ...settings,
          workloads: settings.workloads.map((one) => ({ ...one, messageBytes: 12_345 })),
        },
      },
      differs: /load of .*"messageBytes":12345/,
    },
    {
      change: { settings: { ...settings, handicap: { ns: 5, labels: ['epoll-lt'] } } },
      differs: 'handicap: none and 5 ns of epoll-lt',
    },
    {
      change: {
        settings: {
          ...settings,
          entries: settings.entries.map((entry) => ({ ...entry, variant: { name: 'x', prefix: ['nice'] } })),
        },
      },
      differs: 'server of epoll-lt: epoll-lt and nice epoll-lt',
    },
  ])('is refused of runs that differ, and it is said in what: $differs', async ({ change, differs }) => {
    await storedRun('a', alike);
    await storedRun('b', { ...alike, ...change });
    const error = await failureOf(UsageError, () => save('several', 'a', { runs: ['a', 'b'] }));
    expect(error.message).toContain('runs a and b make no baseline together; they differ in');
    expect(error.message).toMatch(differs);
    expect(existsSync(join(out, BASELINES_FOLDER))).toBe(false);
  });
  test('is no baseline where one of them is gone or another, nor to versions that know of one run', async () => {
    for (const runId of ['a', 'b']) await storedRun(runId, alike);
    const { baseline } = await save('several', 'a', { runs: ['a', 'b'] });
    const file = JSON.parse(readFileSync(join(baseline.folder, BASELINE_FILE), 'utf8'));
    expect(file).toMatchObject({ schemaVersion: 2, runIds: ['a', 'b'] });
    const [, second = ''] = runFoldersOf(baseline);
    cpSync(join(out, 'a', RECORD_FILE), join(second, RECORD_FILE));
    expect(await listBaselines(out)).toEqual({
      baselines: [],
      problems: [expect.stringContaining('holds run a in place of run b')],
    });
    rmSync(second, { recursive: true });
    expect((await listBaselines(out)).problems).toEqual([expect.stringContaining('ENOENT')]);
  });
  test('is as complete as its runs are', async () => {
    await storedRun('a', alike);
    await storedRun('b', { ...alike, status: 'interrupted' });
    const { baseline } = await save('several', 'a', { runs: ['a', 'b'], force: true });
    expect(baseline.status).toBe('interrupted');
  });
  test('is refused of a run that is named twice', async () => {
    for (const runId of ['a', 'b']) await storedRun(runId, alike);
    for (const runs of [
      ['a', 'a'],
      ['b', 'a', 'a'],
    ])
      await expect(save('several', 'a', { runs })).rejects.toThrow('run a is named twice');
  });
  test('holds what any of them measured, and tells which run lacks what', async () => {
    await storedRun('a', alike);
    await storedRun(
      'b',
      alike,
      trials.filter(({ label, workload: id }) => label !== 'io_uring' || id !== 'fixed-rate'),
    );
    const { warnings } = await save('several', 'a', { runs: ['a', 'b'] });
    expect(warnings).toContain(
      'not all of its runs have io_uring under fixed-rate (no trial was measured in run b)',
    );
  });
});
