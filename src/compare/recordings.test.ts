import { describe, expect, test } from 'vitest';
import { type Recording, recordedRuns } from '../fixtures/recordings.ts';
import type { RunResult } from '../results/schema.ts';
import { COMPARE_DEFAULTS, compareRuns } from './compare-runs.ts';
import type { Comparison } from './result.ts';

/** Hundreds of comparisons. */
const TIMEOUT_MS = 60_000;

/** The half-minute in which whatever wakes another task cost a quarter more, and the run that it began in. */
const SLOW = '20261125-085755-32eb';
const HALF_SLOW = '20261125-085735-11c5';

const RUNS: Readonly<Record<Recording, readonly RunResult[]>> = {
  quiet: recordedRuns('quiet'),
  noisy: recordedRuns('noisy'),
  within: recordedRuns('within'),
};

/** Runs of a recording whose rows were slower by so much; 0: by nothing. */
function runs(recording: Recording, handicapNs: number): RunResult[] {
  return RUNS[recording].filter(({ record }) => (record.settings.handicap?.ns ?? 0) === handicapNs);
}

function isSteady({ record }: RunResult): boolean {
  return record.runId !== SLOW && record.runId !== HALF_SLOW;
}

/** Every ordered pair of different runs. */
function pairsOf(base: readonly RunResult[], current: readonly RunResult[]): [RunResult, RunResult][] {
  return base.flatMap((a) => current.flatMap((b): [RunResult, RunResult][] => (a === b ? [] : [[a, b]])));
}

function compare(
  recording: Recording,
  [base, current]: readonly [readonly RunResult[], readonly RunResult[]],
  { detect = 0.05, known = true } = {},
): Comparison {
  const history = known ? RUNS[recording] : [];
  return compareRuns(base, current, { ...COMPARE_DEFAULTS, detect, history });
}

function share(comparisons: readonly Comparison[], outcome: Comparison['outcome']): number {
  return comparisons.filter((one) => one.outcome === outcome).length / comparisons.length;
}

/** Every choice of three. */
function triples(all: readonly RunResult[]): RunResult[][] {
  return all.flatMap((a, i) =>
    all.slice(i + 1).flatMap((b, j) => all.slice(i + j + 2).map((c): RunResult[] => [a, b, c])),
  );
}

/** So many of them, from all over. */
function some<T>(all: readonly T[], count: number): T[] {
  const step = Math.max(1, Math.floor(all.length / count));
  return all.filter((_, i) => i % step === 0);
}

describe('single runs of the quiet recording, with the others as history', () => {
  test.each([0, 320, 640])(
    'equal ones (%i ns) are never called regressed, and passed in most of the pairs',
    (handicapNs) => {
      const own = runs('quiet', handicapNs);
      const all = pairsOf(own, own).map(([a, b]) => ({
        steady: isSteady(a) && isSteady(b),
        found: compare('quiet', [[a], [b]]),
      }));
      expect(all.filter(({ found }) => found.outcome === 'regressed')).toEqual([]);
      const steady = all.filter((one) => one.steady).map(({ found }) => found);
      expect(share(steady, 'passed')).toBeGreaterThanOrEqual(0.85);
    },
    TIMEOUT_MS,
  );
  test(
    '640 ns per read, 5.7 % of a ping-pong, are found in 95 % of the pairs',
    () => {
      const found = pairsOf(runs('quiet', 0), runs('quiet', 640).filter(isSteady)).map(([a, b]) =>
        compare('quiet', [[a], [b]]),
      );
      expect(share(found, 'regressed')).toBeGreaterThanOrEqual(0.95);
    },
    TIMEOUT_MS,
  );
  test('the slow half-minute is inconclusive, whatever it is compared with, also a run that is slower by itself', () => {
    const slow = RUNS.quiet.filter((run) => !isSteady(run));
    expect(slow).toHaveLength(2);
    const steady = RUNS.quiet.filter(isSteady);
    const all = [...pairsOf(steady, slow), ...pairsOf(slow, steady)];
    const outcomes = all.map(([a, b]) => compare('quiet', [[a], [b]]).outcome);
    expect(outcomes).not.toContain('regressed');
    const [spell] = slow.filter(({ record }) => record.runId === SLOW);
    if (spell === undefined) throw new Error('the slow run is in the recording');
    const { metrics } = compare('quiet', [runs('quiet', 0).slice(0, 1), [spell]]);
    expect(metrics.map(({ reason }) => reason).join()).toMatch(
      /all of the run was measured while a round trip took/,
    );
  });
  test('nothing is called without any history', () => {
    const found = pairsOf(runs('quiet', 0), RUNS.quiet).map(([a, b]) =>
      compare('quiet', [[a], [b]], { known: false }),
    );
    expect(share(found, 'regressed')).toBe(0);
  });
});

describe('three runs a side', () => {
  test('320 ns per read, 2.8 % of a ping-pong, are found in 90 % at 2 %', () => {
    const found = some(triples(runs('quiet', 0)), 15).flatMap((base) =>
      triples(runs('quiet', 320).filter(isSteady)).map((current) =>
        compare('quiet', [base, current], { detect: 0.02 }),
      ),
    );
    expect(share(found, 'regressed')).toBeGreaterThanOrEqual(0.9);
  });
  test.each(['quiet', 'noisy'] as const)(
    'equal ones of the %s recording are never called, with history or not',
    (recording) => {
      const own = triples(runs(recording, 0));
      const apart = own.flatMap((base) =>
        own
          .filter((current) => !current.some((run) => base.includes(run)))
          .map((current) => [base, current] as const),
      );
      for (const known of [true, false]) {
        const found = some(apart, 150).map((sides) => compare(recording, sides, { known }));
        expect(share(found, 'regressed')).toBe(0);
        expect(share(found, 'passed')).toBeGreaterThanOrEqual(0.6);
      }
    },
    TIMEOUT_MS,
  );
});

describe('runs of the noisy recording', () => {
  test('that are equal are never called regressed, and passed where both saw the floor', () => {
    const own = runs('noisy', 0);
    const found = pairsOf(own, own).map(([a, b]) => compare('noisy', [[a], [b]]));
    expect(share(found, 'regressed')).toBe(0);
    expect(share(found, 'passed')).toBeGreaterThan(0.4);
    const open = found.filter(({ outcome }) => outcome === 'inconclusive');
    for (const { overall } of open)
      expect(overall.map(({ reason }) => reason).join()).toContain('the host, not the blocks');
  });
});

describe('rows of the interleaved run, in pairs', () => {
  /** A row of every model as a side, from some of the blocks. */
  function side(number: number, blocks: readonly number[]): RunResult {
    const [run] = RUNS.within;
    if (run === undefined) throw new Error('the recording holds a run');
    const isOwn = ({ label }: { label: string }) =>
      number === 1 ? !label.includes('#') : label.endsWith(`#${number}`);
    const plain = <T extends { label: string }>(items: readonly T[]) =>
      items.filter(isOwn).map((item) => ({ ...item, label: item.label.replace(/#.*/, '') }));
    return {
      ...run,
      record: { ...run.record, cells: plain(run.record.cells) },
      trials: plain(run.trials.filter(({ block }) => blocks.includes(block))),
    };
  }
  function outcomes(count: number, base: number, current: number): string[] {
    return Array.from({ length: 31 - count }, (_, first) => {
      const blocks = Array.from({ length: count }, (_, i) => first + i);
      return compareRuns([side(base, blocks)], [side(current, blocks)]).outcome;
    });
  }
  test.each([
    { count: 20, base: 1, current: 2, outcome: 'passed', atLeast: 0.8 },
    { count: 20, base: 1, current: 3, outcome: 'regressed', atLeast: 0.95 },
    { count: 20, base: 2, current: 3, outcome: 'regressed', atLeast: 0.95 },
    { count: 7, base: 1, current: 3, outcome: 'regressed', atLeast: 0.8 },
    { count: 7, base: 2, current: 3, outcome: 'regressed', atLeast: 0.8 },
  ])('$count blocks of #$base and #$current: $outcome', ({ count, base, current, outcome, atLeast }) => {
    const found = outcomes(count, base, current);
    expect(found.filter((one) => one === outcome).length).toBeGreaterThanOrEqual(atLeast * found.length);
  });
  test.each([7, 20])('equal ones are not called regressed, %i blocks', (count) => {
    expect([...outcomes(count, 1, 2), ...outcomes(count, 2, 1)]).not.toContain('regressed');
  });
});
