import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failureOf } from '../fixtures/failure.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { EnvironmentError, UsageError } from '../util/errors.ts';
import { CALIBRATIONS_FILE, parseTrials, TRIALS_FILE } from './lines.ts';
import { SCHEMA_VERSION, type TrialResult } from './schema.ts';
import { createStore, parseRecord, RECORD_FILE, readRun } from './store.ts';

const { record, calibrations: CALIBRATIONS, trials: allTrials } = fixtureRun();
const TRIALS = allTrials.slice(0, 3);

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'iomb-store-'));
});
afterEach(() => rmSync(out, { recursive: true }));

/** A run of three trials. */
async function storedRun(runId: string): Promise<string> {
  const store = await createStore(out, runId);
  await store.saveRecord({ ...record, runId });
  for (const trial of TRIALS) await store.appendTrial(trial);
  for (const calibration of CALIBRATIONS) await store.appendCalibration(calibration);
  return store.folder;
}

describe('a store', () => {
  test('gives back what was saved', async () => {
    const folder = await storedRun('a');
    expect(await readRun('a', out)).toEqual({
      record: { ...record, runId: 'a' },
      trials: TRIALS,
      calibrations: CALIBRATIONS,
      problems: [],
      folder,
    });
  });

  test('can be read while the run goes on, after every trial', async () => {
    const store = await createStore(out, 'a');
    await store.saveRecord({ ...record, status: 'running', finishedAt: null, timing: null });
    for (const [i, trial] of TRIALS.entries()) {
      await store.appendTrial(trial);
      const run = await readRun('a', out);
      expect(run.trials).toEqual(TRIALS.slice(0, i + 1));
      expect(run.record.status).toBe('running');
    }
  });

  test('replaces the record as a whole, and leaves nothing beside it', async () => {
    const store = await createStore(out, 'a');
    await store.saveRecord({ ...record, status: 'running' });
    await store.saveRecord(record);
    expect((await readRun('a', out)).record.status).toBe('complete');
    expect(readdirSync(store.folder).sort()).toEqual([RECORD_FILE, TRIALS_FILE]);
  });

  test('keeps what servers said under logs/', async () => {
    const store = await createStore(out, 'a');
    await store.saveLog('3-epoll-lt-ping-pong.stderr', 'epoll: oh\n');
    expect(readFileSync(join(store.folder, 'logs', '3-epoll-lt-ping-pong.stderr'), 'utf8')).toBe(
      'epoll: oh\n',
    );
  });

  test('holds one line of JSON per trial', async () => {
    const lines = readFileSync(join(await storedRun('a'), TRIALS_FILE), 'utf8').split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => JSON.parse(line))).toEqual(TRIALS);
  });
});

describe('a store that cannot be written', () => {
  test('says so, and names the way out, where the folder cannot be made', async () => {
    writeFileSync(join(out, 'file'), '');
    const error = await failureOf(EnvironmentError, () => createStore(join(out, 'file'), 'a'));
    expect(error.message.replaceAll(out, '<out>')).toBe(
      'cannot write <out>/file/a: ENOTDIR; choose another folder with --results',
    );
  });

  // What is written to /dev/full fails as on a full disk.
  const FULL = 'ENOSPC; the disk is full; free some space, what was measured before is kept';

  test('says that the disk is full when a trial does not fit', async () => {
    const folder = join(out, 'a');
    mkdirSync(folder);
    symlinkSync('/dev/full', join(folder, TRIALS_FILE));
    const store = await createStore(out, 'a');
    const error = await failureOf(EnvironmentError, () => store.appendTrial(TRIALS[0] as TrialResult));
    expect(error.message).toBe(`cannot write ${join(folder, TRIALS_FILE)}: ${FULL}`);
    expect(error.cause).toMatchObject({ code: 'ENOSPC' });
  });

  test('leaves no half of a record that cannot be written', async () => {
    const store = await createStore(out, 'a');
    const file = join(store.folder, RECORD_FILE);
    mkdirSync(file);
    const error = await failureOf(EnvironmentError, () => store.saveRecord(record));
    expect(error.message).toBe(`cannot write ${file}: EISDIR; choose another folder with --results`);
    expect(readdirSync(store.folder).sort()).toEqual([RECORD_FILE, TRIALS_FILE]);
  });
});

describe('trials.ndjson', () => {
  const line = (trial: TrialResult | undefined) => JSON.stringify(trial);
  const [first, second] = TRIALS;
  const whole = `${line(first)}\n${line(second)}\n`;

  const cases: [title: string, text: string, kept: number, problems: string[]][] = [
    ['that is whole', whole, 2, []],
    ['that is empty', '', 0, []],
    [
      'with a line that is there twice',
      `${line(first)}\n${whole}`,
      2,
      [
        `1 line of trials.ndjson is of a trial that is there already, such as ${first?.label} under ${first?.workload} in block 1; only the first of each is used`,
      ],
    ],
    [
      'that was put together of itself',
      `${whole}${whole}`,
      2,
      [
        `2 lines of trials.ndjson are of a trial that is there already, such as ${first?.label} under ${first?.workload} in block 1; only the first of each is used`,
      ],
    ],
    ['whose last line has no end but is whole', whole.trimEnd(), 2, []],
    [
      'that was cut in its last line',
      whole.slice(0, -20),
      1,
      ['trials.ndjson ends in the middle of line 2; that trial is left out'],
    ],
    [
      'that was cut in its first line',
      whole.slice(0, 10),
      0,
      ['trials.ndjson ends in the middle of line 1; that trial is left out'],
    ],
    [
      'with a line that is not JSON',
      `${line(first)}\n{oops\n${line(second)}\n`,
      2,
      ['line 2 of trials.ndjson is not a trial; it is left out'],
    ],
    [
      'with lines that are JSON but no trials',
      `null\n[]\n"x"\n{"status":"measured"}\n${line(first)}\n`,
      1,
      [1, 2, 3, 4].map((n) => `line ${n} of trials.ndjson is not a trial; it is left out`),
    ],
    [
      'with a block of zeros, as after a power failure',
      `${line(first)}\n${'\0'.repeat(64)}`,
      1,
      ['trials.ndjson ends in the middle of line 2; that trial is left out'],
    ],
    ['with empty lines', `\n${line(first)}\n\n`, 1, []],
  ];
  test.each(cases)(
    '%s: every trial that is whole is kept, the others are named',
    (_title, text, kept, problems) => {
      const parsed = parseTrials(text);
      expect(parsed.trials).toHaveLength(kept);
      expect(parsed.problems).toEqual(problems);
    },
  );

  test('that was cut is a problem of the run that is read, not an error', async () => {
    const folder = await storedRun('a');
    const path = join(folder, TRIALS_FILE);
    truncateSync(path, readFileSync(path).length - 30);
    const run = await readRun('a', out);
    expect(run.trials).toEqual(TRIALS.slice(0, 2));
    expect(run.problems).toEqual(['trials.ndjson ends in the middle of line 3; that trial is left out']);
  });

  test('that is missing leaves a run without trials, and is named', async () => {
    const folder = await storedRun('a');
    rmSync(join(folder, TRIALS_FILE));
    const run = await readRun('a', out);
    expect(run.trials).toEqual([]);
    expect(run.problems).toEqual([`cannot read ${join(folder, TRIALS_FILE)}: ENOENT`]);
  });
});

describe('calibrations.ndjson', () => {
  test('that is missing, as in runs of older versions, leaves a run without calibrations', async () => {
    const folder = await storedRun('a');
    rmSync(join(folder, CALIBRATIONS_FILE));
    const run = await readRun('a', out);
    expect(run.calibrations).toEqual([]);
    expect(run.problems).toEqual([]);
  });

  test('that was cut, or that holds zeros, is a problem of the run that is read', async () => {
    const folder = await storedRun('a');
    const path = join(folder, CALIBRATIONS_FILE);
    const lines = CALIBRATIONS.map((calibration) => JSON.stringify(calibration));
    lines[1] = JSON.stringify({ ...CALIBRATIONS[1], spinNs: 0 });
    writeFileSync(path, lines.join('\n').slice(0, -5));
    const run = await readRun('a', out);
    expect(run.calibrations.map(({ block }) => block)).toEqual([0, 2, 3, 4]);
    expect(run.problems).toEqual([
      'line 2 of calibrations.ndjson is not a calibration; it is left out',
      'calibrations.ndjson ends in the middle of line 6; that calibration is left out',
    ]);
  });
});

describe('run.json', () => {
  const json = (change: object) => JSON.stringify({ ...record, ...change });

  test('of a newer version is refused with what to do', () => {
    const text = json({ schemaVersion: SCHEMA_VERSION + 1, settings: 'of another shape' });
    expect(() => parseRecord('run.json', text)).toThrow(
      new UsageError(
        `run.json has schema version ${SCHEMA_VERSION + 1}; this version of iomodels-bench reads up to ${SCHEMA_VERSION}: update it`,
      ),
    );
  });

  test('with members that are not known yet is read', () => {
    expect(parseRecord('run.json', json({ later: 1 }))).toEqual(record);
  });

  test.each([
    ['', 'run.json is not JSON: '],
    ['{"schemaVersion":', 'run.json is not JSON: '],
    ['null', 'run.json is not a run record:\n'],
    ['[]', 'run.json is not a run record:\n'],
    ['{}', 'run.json is not a run record:\n$.schemaVersion: '],
    [json({ schemaVersion: 0 }), 'run.json is not a run record:\n$.schemaVersion: '],
    [json({ runId: 7, cells: {} }), 'run.json is not a run record:\n$.runId: '],
  ])('that is %j is refused', (text, message) => {
    expect(() => parseRecord('run.json', text)).toThrow(message);
    expect(() => parseRecord('run.json', text)).toThrow(UsageError);
  });
});

describe('readRun', () => {
  test('finds a run by its id, its folder, its run.json, and relative paths', async () => {
    const folder = await storedRun('a');
    await storedRun('b');
    const cwd = process.cwd();
    for (const name of ['a', folder, `${folder}/`, join(folder, RECORD_FILE)])
      expect((await readRun(name, out)).folder, name).toBe(folder);
    process.chdir(folder);
    try {
      expect((await readRun('.', '../elsewhere')).folder).toBe(folder);
      expect((await readRun(RECORD_FILE, '../elsewhere')).folder).toBe(folder);
    } finally {
      process.chdir(cwd);
    }
  });

  test('names the runs that there are when the one asked for is not among them', async () => {
    await storedRun('a');
    await storedRun('b');
    const error = await failureOf(UsageError, () => readRun('c', out));
    expect(error.message).toBe(
      `no run c: it is neither a run id, a folder with a run.json, nor such a file; runs under ${out}: a, b`,
    );
  });

  test.each(['trials.ndjson', 'logs', 'a/trials.ndjson', '../../etc/passwd', ''])(
    'takes "%s" for no run',
    async (name) => {
      await storedRun('a');
      await failureOf(UsageError, () => readRun(name, out));
    },
  );

  test('names the file when run.json is not one', async () => {
    const folder = await storedRun('a');
    writeFileSync(join(folder, RECORD_FILE), '{"schemaVersion":1');
    const error = await failureOf(UsageError, () => readRun('a', out));
    expect(error.message).toContain(`${join(folder, RECORD_FILE)} is not JSON: `);
  });

  test('does not write', async () => {
    const folder = await storedRun('a');
    appendFileSync(join(folder, TRIALS_FILE), '{"cut');
    const before = readFileSync(join(folder, TRIALS_FILE));
    await readRun('a', out);
    expect(readFileSync(join(folder, TRIALS_FILE))).toEqual(before);
    expect(existsSync(join(folder, 'logs'))).toBe(false);
  });
});
