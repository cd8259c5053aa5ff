import { describe, expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import type { Calibration, MeasuredTrial, Observation, RunResult } from '../results/schema.ts';
import { cleanTrials, endsOfBlock, uncleanReasons, usualSpeed } from './clean-trials.ts';

function calibration(block: number, pingNs: number, spinNs = 664, syscallNs = 192): Calibration {
  return { block, startedAt: '', wallMs: 20, cpu: 1, spinNs, syscallNs, pingNs };
}

/** A run with a calibration per block and a closing one. */
function runWith(pings: readonly number[]): RunResult {
  const run = fixtureRun();
  return { ...run, calibrations: pings.map((ping, block) => calibration(block, ping)) };
}

test('What is usual is where most calibrations lie, whatever the others do', () => {
  const pings = [14000, 14010, 15050, 13990, 19000, 14020, 18500];
  expect(usualSpeed(pings.map((ping, block) => calibration(block, ping)))?.pingNs).toBeCloseTo(14000, -2);
  expect(usualSpeed([])).toBeNull();
});

test('A block has the calibrations at both of its ends', () => {
  const all = [0, 1, 2].map((block) => calibration(block, 14000));
  expect(endsOfBlock(all, 1).map(({ block }) => block)).toEqual([1, 2]);
  expect(endsOfBlock(all, 2).map(({ block }) => block)).toEqual([2]);
});

describe('A trial of a block with slow ends is not clean:', () => {
  const usual = { spinNs: 664, syscallNs: 192, pingNs: 14000 };
  const [trial] = runWith([]).trials;
  if (trial?.status !== 'measured') throw new Error('the fixture begins with a measured trial');
  const clean = { ...trial, observation: { ...trial.observation, contamination: noMarks(trial) } };
  test.each([
    { ends: [calibration(0, 14000), calibration(1, 15100)], reasons: [] },
    { ends: [calibration(0, 14000)], reasons: [] },
    // A burst at one end is no spell.
    { ends: [calibration(0, 19000), calibration(1, 14000)], reasons: [] },
    {
      ends: [calibration(0, 19000), calibration(1, 15400)],
      reasons: ['round trip 19.0 us, usually 14.0 us', 'round trip 15.4 us, usually 14.0 us'],
    },
    {
      ends: [calibration(0, 14000, 900, 300)],
      reasons: ['loop 900 ns, usually 664 ns', 'system call 300 ns, usually 192 ns'],
    },
    // Faster is no disturbance.
    { ends: [calibration(0, 9000)], reasons: [] },
  ])('$reasons', ({ ends, reasons }) => {
    expect(uncleanReasons(clean, ends, usual)).toEqual(reasons);
  });
  test('or one that is marked', () => {
    const marks = ['the client waited for its CPU 9.0 % of the time'];
    const marked = {
      ...clean,
      observation: { ...clean.observation, contamination: { ...noMarks(trial), marks } },
    };
    expect(uncleanReasons(marked, [], usual)).toEqual(marks);
  });
});

function noMarks({ observation }: MeasuredTrial): Observation['contamination'] {
  return { ...observation.contamination, marks: [] };
}

test('A run without calibrations is judged by its marks alone', () => {
  const run = fixtureRun();
  const marked = run.trials.filter(
    (trial) => trial.status === 'measured' && trial.observation.contamination.marks.length > 0,
  );
  const measured = run.trials.filter(({ status }) => status === 'measured');
  expect(cleanTrials({ ...run, calibrations: [] })).toHaveLength(measured.length - marked.length);
});

test('Half of the blocks slow: their trials are left out; a slow run by itself is usual, and others say that it is not', () => {
  const half = runWith([14000, 14000, 14000, 14000, 19000, 19000, 19000]);
  expect(new Set(cleanTrials(half).map(({ block }) => block))).toEqual(new Set([0, 1, 2, 3]));
  const slow = runWith([19000, 19000, 19000, 19000, 19000, 19000, 19000]);
  expect(cleanTrials(slow).length).toBeGreaterThan(0);
  expect(cleanTrials(slow, { spinNs: 664, syscallNs: 192, pingNs: 14000 })).toEqual([]);
});
