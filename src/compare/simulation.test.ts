import { describe, expect, test } from 'vitest';
import { BUSY, type FakeHost, type FakeRun, fakeRun, QUIET } from '../fixtures/compare.ts';
import type { RunResult } from '../results/schema.ts';
import { COMPARE_DEFAULTS, compareRuns } from './compare-runs.ts';
import type { Comparison } from './result.ts';

/** Simulations take their time on a machine that stalls. */
const TIMEOUT_MS = 60_000;
const TIMES = 100;
/** Four cells, as in the recordings. */
const CELLS = { models: 2, workloads: 2 };

function run(seed: number, options: Partial<FakeRun> = {}): RunResult {
  return fakeRun({ ...CELLS, blocks: 15, host: QUIET, seed, ...options });
}

function shareOf(comparisons: readonly Comparison[], ...outcomes: readonly Comparison['outcome'][]): number {
  return comparisons.filter(({ outcome }) => outcomes.includes(outcome)).length / comparisons.length;
}

/** Share of overall verdicts on CPU that are called, the one way or the other. */
function calledShare(comparisons: readonly Comparison[]): number {
  const called = comparisons.filter(({ overall }) =>
    overall.some(({ gate, verdict }) => gate && (verdict === 'regressed' || verdict === 'improved')),
  );
  return called.length / comparisons.length;
}

/** Share of the intervals of overall CPU that hold the truth. */
function coverage(comparisons: readonly Comparison[], truth: number): number {
  const intervals = comparisons.flatMap(({ overall }) =>
    overall.flatMap(({ metric, change }) => (metric === 'cpuNsPerRequest' ? (change.interval ?? []) : [])),
  );
  return intervals.filter(({ low, high }) => low <= truth && truth <= high).length / intervals.length;
}

function seeds(first: number): number[] {
  return Array.from({ length: TIMES }, (_, i) => first + 100 * i);
}

describe('pairs', () => {
  /** Rows of one run: the floor of a cell is one, and bursts hit each row for itself. */
  const host: FakeHost = { ...BUSY, level: 0, marked: 0 };
  function compared(blocks: number, slower: number, first: number): Comparison[] {
    return seeds(first).map((seed) => {
      const options = { host, blocks, runId: 'one' };
      return compareRuns([run(seed, options)], [run(seed + 1, { ...options, slower })]);
    });
  }
  test.each([7, 20])(
    'of equals hardly ever show a change over all cells: %i blocks',
    (blocks) => {
      const found = compared(blocks, 1, 1);
      expect(calledShare(found)).toBeLessThanOrEqual(0.05);
      expect(shareOf(found, 'regressed')).toBeLessThanOrEqual(0.05);
      expect(coverage(found, 1)).toBeGreaterThanOrEqual(0.9);
    },
    TIMEOUT_MS,
  );
  test.each([
    { blocks: 20, noise: 'steady', host: { ...host, hit: 0.3, burst: 0.1 }, atLeast: 0.95 },
    { blocks: 7, noise: 'steady', host: { ...host, hit: 0.3, burst: 0.1 }, atLeast: 0.8 },
  ])(
    'find a row that needs 5 % more CPU with $blocks blocks',
    ({ blocks, host: weather, atLeast }) => {
      const found = seeds(3).map((seed) => {
        const options = { host: weather, blocks, runId: 'one' };
        return compareRuns([run(seed, options)], [run(seed + 1, { ...options, slower: 1.05 })]);
      });
      expect(shareOf(found, 'regressed')).toBeGreaterThanOrEqual(atLeast);
    },
    TIMEOUT_MS,
  );
});

describe('single runs, with history', () => {
  const historyOf = (host: FakeHost) => Array.from({ length: 10 }, (_, i) => run(900_000 + i, { host }));
  test.each([
    { name: 'a quiet host', host: QUIET, passed: 0.85 },
    { name: 'a busy host', host: BUSY, passed: 0.5 },
  ])(
    'of equals are hardly ever called on $name, and mostly pass',
    ({ host, passed }) => {
      const history = historyOf(host);
      const found = seeds(5).map((seed) =>
        compareRuns([run(seed, { host })], [run(seed + 1, { host })], { ...COMPARE_DEFAULTS, history }),
      );
      expect(shareOf(found, 'regressed')).toBeLessThanOrEqual(0.01);
      expect(calledShare(found)).toBeLessThanOrEqual(0.01);
      expect(shareOf(found, 'passed')).toBeGreaterThanOrEqual(passed);
    },
    TIMEOUT_MS,
  );
  test(
    'find 5.7 %, and their intervals hold the truth',
    () => {
      const history = historyOf(QUIET);
      const found = seeds(7).map((seed) =>
        compareRuns([run(seed)], [run(seed + 1, { slower: 1.057 })], { ...COMPARE_DEFAULTS, history }),
      );
      expect(shareOf(found, 'regressed')).toBeGreaterThanOrEqual(0.95);
      expect(coverage(found, 1.057)).toBeGreaterThanOrEqual(0.85);
    },
    TIMEOUT_MS,
  );
  test(
    'of which one was measured in a slow spell are never called regressed',
    () => {
      const history = historyOf(QUIET);
      const found = seeds(9).map((seed) =>
        compareRuns([run(seed)], [run(seed + 1, { spell: 1.2 })], { ...COMPARE_DEFAULTS, history }),
      );
      expect(shareOf(found, 'inconclusive')).toBe(1);
    },
    TIMEOUT_MS,
  );
});

describe('three runs a side, without history', () => {
  const three = (seed: number, options: Partial<FakeRun> = {}) =>
    [0, 1, 2].map((i) => run(seed + i, options));
  test(
    'of equals are hardly ever called',
    () => {
      const found = seeds(11).map((seed) => compareRuns(three(seed), three(seed + 10)));
      expect(shareOf(found, 'regressed')).toBeLessThanOrEqual(0.02);
      expect(shareOf(found, 'passed')).toBeGreaterThanOrEqual(0.85);
    },
    TIMEOUT_MS,
  );
  test(
    'find 2.8 % where 2 % is to be found',
    () => {
      const found = seeds(13).map((seed) =>
        compareRuns(three(seed), three(seed + 10, { slower: 1.028 }), { ...COMPARE_DEFAULTS, detect: 0.02 }),
      );
      expect(shareOf(found, 'regressed')).toBeGreaterThanOrEqual(0.9);
    },
    TIMEOUT_MS,
  );
});
