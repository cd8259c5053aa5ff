import { describe, expect, test } from 'vitest';
import { rankTest } from './rank-test.ts';

const upTo = (count: number, step = 1, from = 0) => Array.from({ length: count }, (_, i) => from + i * step);

describe('rankTest', () => {
  test.each([
    // wilcox.test(x, y)$p.value of R 4, exact.
    { name: 'sides that do not overlap', base: [1, 2, 3, 4], current: [5, 6, 7, 8], p: 2 / 70 },
    { name: 'the larger side first', base: upTo(7, 1, 10), current: upTo(7), p: 2 / 3432 },
    { name: 'sides of different size', base: [1.1, 2.2, 3.3], current: [2.0, 4.4, 5.5, 6.6], p: 8 / 35 },
    { name: 'equal values on both sides', base: [3, 3, 3], current: [3, 3, 3], p: 1 },
    { name: 'ties, rounded towards no difference', base: [1, 2, 3], current: [3, 4, 5], p: 0.2 },
  ])('gives the exact p-value of $name', ({ base, current, p }) => {
    expect(rankTest(base, current)).toBeCloseTo(p, 10);
  });
  test('goes over to the normal approximation without a step', () => {
    const exact = rankTest(upTo(25), upTo(25, 1, 6.5)) ?? 0;
    const normal = rankTest(upTo(26), upTo(26, 1, 6.5)) ?? 0;
    expect(Math.abs(Math.log(exact / normal))).toBeLessThan(0.25);
  });
  test('counts ties in the normal approximation', () => {
    const p = rankTest(new Array(30).fill(2), [...new Array(29).fill(2), 3]);
    // wilcox.test(rep(2, 30), c(rep(2, 29), 3), exact = FALSE)$p.value
    expect(p).toBeCloseTo(0.3337, 4);
  });
  test('has nothing to say of an empty side', () => {
    expect(rankTest([], [1])).toBeNull();
  });
});
