import { pnorm, pwilcox } from 'lib-r-math.js';
import { describe, expect, test } from 'vitest';
import { normalTail, rankSumCdf } from './rank-distribution.ts';

/** R's takes a while for many values. */
const STATISTICS_MAX = 64;

/** How far a share is from R's, as a part of it. */
function off(ours: number, ofR: number): number {
  return Math.abs(ours - ofR) / ofR;
}

describe('rankSumCdf is what pwilcox of R is', () => {
  test.each([
    [1, 1],
    [3, 4],
    [7, 7],
    [14, 9],
    [9, 14],
    [25, 25],
  ])('for %i and %i values', (m, n) => {
    const step = Math.ceil((m * n) / STATISTICS_MAX);
    for (let w = 0; w <= m * n; w += step)
      expect(off(rankSumCdf(w, m, n), pwilcox(w, m, n))).toBeLessThan(1e-12);
  });
  test('also outside of what the statistic can be', () => {
    expect([rankSumCdf(-1, 3, 4), rankSumCdf(12, 3, 4), rankSumCdf(99, 3, 4)]).toEqual([0, 1, 1]);
  });
});

test('normalTail is what pnorm of R is, as far out as it is a number', () => {
  for (let z = 0; z < 37; z += 0.01) expect(off(normalTail(z), pnorm(-z)), `${z}`).toBeLessThan(1e-12);
});
