import { describe, expect, test } from 'vitest';
import { costInfo, costSamples } from '../fixtures/costs.ts';
import { summarizeCost } from './summarize-costs.ts';

const FREQUENCY = { coreHz: null, coreSource: 'none', tscHz: null } as const;
const summarize = (rounds: readonly (readonly number[])[]) =>
  summarizeCost({ info: costInfo('a'), rounds: rounds.map((ns) => costSamples(ns)) }, FREQUENCY, 2);

describe('a cost of several rounds', () => {
  test('is the median of the medians of rounds, however many batches a disturbed one has', () => {
    const rounds = [[10], [11], [12], [13], [14], [15], [900, 900, 900, 900, 900, 900]];
    expect(summarize(rounds)).toMatchObject({
      ns: 13,
      lowNs: 10,
      highNs: 900,
      roundNs: [10, 11, 12, 13, 14, 15, 900],
    });
  });
  test('has of its batches what tinybench says, which measures nothing itself', () => {
    const batches = Array.from({ length: 100 }, (_, i) => i + 1);
    const cost = summarize([batches]);
    if (cost.status !== 'measured') throw new Error('it is measured');
    const { count, p50Ns, meanNs, p99Ns, minNs, maxNs, turns, clockShare } = cost.batches;
    expect([count, turns]).toEqual([100, 100]);
    expect(p50Ns).toBeCloseTo(50.5, 6);
    expect(meanNs).toBeCloseTo(50.5, 6);
    expect(p99Ns).toBeGreaterThanOrEqual(99);
    expect([minNs, maxNs]).toEqual([expect.closeTo(1, 9), expect.closeTo(100, 9)]);
    // A step of 2 ns in 100 operations of 50.5 ns.
    expect(clockShare).toBeCloseTo(2 / 5050, 9);
  });
  test('may be less than what was subtracted', () => {
    expect(summarize([[-0.2], [-0.1]])).toMatchObject({
      ns: expect.closeTo(-0.15, 9),
      batches: { minNs: 0 },
    });
  });
  test('that never went well has the last reason', () => {
    const rounds = ['first', 'last'].map((reason) => costSamples([], { status: 'overdue', reason }));
    expect(summarizeCost({ info: costInfo('a'), rounds }, FREQUENCY, 1)).toMatchObject({
      status: 'failed',
      reason: 'last',
    });
  });
});
