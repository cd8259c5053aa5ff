import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { expect, test } from 'vitest';
import { pairedEstimate } from './paired.ts';
import { cautiousHalfWidth, isLook } from './stopping.ts';

const looksFrom = (planned: number, until: number) =>
  Array.from({ length: until + 1 }, (_, blocks) => blocks).filter((blocks) => isLook(blocks, planned));

test('There are few looks, at numbers of blocks that grow by a quarter', () => {
  expect(looksFrom(7, 60)).toEqual([7, 9, 12, 15, 19, 24, 30, 38, 48, 60]);
  expect(looksFrom(20, 60)).toEqual([20, 25, 32, 40, 50]);
  expect(looksFrom(1, 10)).toEqual([1, 2, 3, 4, 5, 7, 9]);
});

test('A width is wider than it looks, the more so the fewer blocks it is from', () => {
  const factors = [4, 7, 15, 40, 200].map((blocks) => Number(cautiousHalfWidth(1, blocks).toFixed(2)));
  // The root of degrees of freedom over the 20 % quantile of chi-squared, which is 1.005 of 3, 1.649 of 4, 4.594 of 8.
  const exact = [3 / 1.005, 4 / 1.649, 8 / 4.594].map(Math.sqrt);
  for (const [i, factor] of exact.entries()) expect(factors[i]).toBeCloseTo(factor, 1);
  expect(factors).toEqual([1.72, 1.55, 1.32, 1.16, 1.06]);
  expect(cautiousHalfWidth(0, 7)).toBe(0);
});

/** Logarithms of ratios whose truth is 0: normal noise of 4.5 % of which a fifth lasts, so that neighbours correlate by 0.1. */
function drifting(seed: number): () => number {
  const random = xoroshiro128plus(seed);
  const uniform = () => 1 - uniformFloat64(random);
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  let lasting = 0.02 * normal();
  return () => {
    lasting = 0.5 * lasting + 0.02 * Math.sqrt(0.75) * normal();
    return lasting + 0.04 * normal();
  };
}

type Rule = (halfWidth: number, blocks: number) => boolean;

/** Runs of which the ratio is further off than was asked for, as a share. Intervals are Student's, which take no resampling. */
function offBy(asked: number, planned: number, enough: Rule): number {
  const runs = 1000;
  let off = 0;
  for (let seed = 0; seed < runs; seed++) {
    const draw = drifting(seed * 7919 + 1);
    const logs = Array.from({ length: planned }, draw);
    const known = () => pairedEstimate(logs);
    while (!enough(known().reach ?? Number.POSITIVE_INFINITY, logs.length)) logs.push(draw());
    if (Math.abs(known().difference) > asked) off++;
  }
  return off / runs;
}

test.each([{ planned: 7 }, { planned: 15 }])(
  'A run of $planned blocks that goes on until 2 % are surely known is further off in a twentieth',
  ({ planned }) => {
    const careful: Rule = (halfWidth, blocks) =>
      isLook(blocks, planned) && cautiousHalfWidth(halfWidth, blocks) <= 0.02;
    const greedy: Rule = (halfWidth) => halfWidth <= 0.02;
    // The share of 1,000 runs is known to 0.7 %.
    expect(offBy(0.02, planned, careful)).toBeLessThanOrEqual(0.06);
    // What it is for: who stops at the first narrow interval.
    expect(offBy(0.02, planned, greedy)).toBeGreaterThan(0.07);
  },
  60_000,
);
