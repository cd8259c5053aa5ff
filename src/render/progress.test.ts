import { PassThrough } from 'node:stream';
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import type { LoadGenerator } from '../load/generator.ts';
import type { Trial } from '../results/schema.ts';
import { createProgress, type ProgressState, progressLine } from './progress.ts';

const TRIAL: Trial = {
  index: 30,
  block: 2,
  counter: 'own',
  label: 'io_uring-sqpoll',
  model: 'io_uring-sqpoll',
  workload: 'many-connections',
  seed: 1,
};
const STATE: ProgressState = {
  done: 30,
  planned: 252,
  blocks: 7,
  trial: TRIAL,
  completed: 123_456,
  elapsedMs: 12_000,
};
const LOAD: LoadGenerator = {
  run: () => Promise.reject(new Error('not in this test')),
  progress: () => ({ phase: 'measuring', connectionsOpened: 200, completed: 123_456 }),
};

describe('The line of a terminal', () => {
  test.each([120, 79, 59, 30, 8])('Fits %i columns', (width) => {
    expect(stringWidth(progressLine(STATE, width))).toBeLessThanOrEqual(width);
  });

  test('Says where the run is, what it does, and how long it will take', () => {
    expect(progressLine(STATE, 120)).toMatchInlineSnapshot(
      `"━━──────────────────  12 %  ETA 89 s  block 3/7  io_uring-sqpoll many-connections  123.5k requests"`,
    );
    expect(progressLine(STATE, 79)).toMatchInlineSnapshot(
      `"12 %  ETA 89 s  block 3/7  io_uring-sqpoll many-connections  123.5k requests"`,
    );
    expect(progressLine(STATE, 40)).toMatchInlineSnapshot(`"12 %  ETA 89 s"`);
  });

  test('Guesses no end before the first trial', () => {
    expect(progressLine({ ...STATE, done: 0 }, 79)).toContain('ETA …');
  });
});

describe('Away from a terminal', () => {
  test('There is a line per block and per failed trial, and no escape', () => {
    const { record, trials } = fixtureRun();
    const stream = new PassThrough();
    let nowMs = 0;
    const progress = createProgress(stream, () => nowMs);
    const cells = record.cells.filter((cell) => cell.skipReason === null).length;
    progress.planned(
      {
        settings: record.settings,
        cells: record.cells,
        instruments: [],
        foreignInstruments: [],
        leftOut: [],
      },
      'results/fixture',
    );
    for (const result of trials) {
      progress.trialStarted(result, result.index, cells * 6, LOAD);
      nowMs += result.wallMs;
      progress.trialEnded(result);
      if ((result.index + 1) % cells === 0) progress.blockEnded(result.block, 6);
    }
    progress.stop();
    expect(String(stream.read())).toMatchInlineSnapshot(`
      "measuring 7 cells in 6 blocks, saving to results/fixture
      block 1 of 6: 7 of 42 trials, ETA 16 s
      block 2 of 6: 14 of 42 trials, ETA 13 s
      block 3 of 6: 21 of 42 trials, ETA 10 s
      trial failed: select under many-connections, block 4: load: the server ended with SIGKILL
      block 4 of 6: 28 of 42 trials, ETA 6 s
      block 5 of 6: 35 of 42 trials, ETA 3 s
      block 6 of 6: 42 of 42 trials
      "
    `);
  });
});

describe('On a terminal', () => {
  test('A log line takes the bar away, and stopping twice does no harm', () => {
    const { record } = fixtureRun();
    const stream = Object.assign(new PassThrough(), {
      isTTY: true,
      columns: 80,
      cursorTo: () => true,
      moveCursor: () => true,
      clearLine: () => true,
    });
    const progress = createProgress(stream, () => 0);
    progress.stop();
    progress.planned(
      {
        settings: record.settings,
        cells: record.cells,
        instruments: [],
        foreignInstruments: [],
        leftOut: [],
      },
      'results/fixture',
    );
    progress.trialStarted(TRIAL, 0, 42, LOAD);
    progress.log('something happened');
    progress.stop();
    progress.stop();
    const written = String(stream.read());
    expect(written).toContain('\nsomething happened\n'.trimStart());
    expect(written).toContain('io_uring-sqpoll many-connections');
  });
});
