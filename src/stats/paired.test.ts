import { describe, expect, test } from 'vitest';
import { PAIRS_MIN, pairedEstimate, signFlipP, studentEstimate } from './paired.ts';

describe('The estimate of pairs', () => {
  test('has no interval with fewer than four', () => {
    expect(pairedEstimate([0.1, 0.2, 0.3])).toEqual({
      difference: expect.closeTo(0.2),
      reach: null,
      pValue: null,
    });
    expect(pairedEstimate([])).toEqual({ difference: 0, reach: null, pValue: null });
    expect(pairedEstimate([1, 2, 3, 4]).reach).not.toBeNull();
    expect(PAIRS_MIN).toBe(4);
  });
  test("is Student's interval of the mean: seven values, by scipy", () => {
    // scipy's ttest_1samp: p 9.64e-07; the 97.5 % quantile of 6 degrees times the standard error is 0.006065.
    const { difference, reach, pValue } = pairedEstimate([0.05, 0.06, 0.04, 0.055, 0.045, 0.052, 0.048]);
    expect(difference).toBeCloseTo(0.05, 10);
    expect(reach).toBeCloseTo(0.006064619, 6);
    expect(pValue).toBeCloseTo(9.636e-7, 8);
  });
  test('leaves out a burst where there are ten or more', () => {
    const quiet = Array.from({ length: 12 }, (_, i) => 0.05 + 0.001 * (i % 3));
    const burst = quiet.map((value, i) => (i === 4 ? 0.6 : value));
    expect(pairedEstimate(burst).difference).toBeCloseTo(pairedEstimate(quiet).difference, 2);
    expect(pairedEstimate(burst).reach).toBeLessThan(0.01);
  });
  test('without any spread is known exactly', () => {
    expect(studentEstimate(0.1, 0, 3)).toEqual({ difference: 0.1, reach: 0, pValue: 0 });
    expect(studentEstimate(0, 0, 3)).toEqual({ difference: 0, reach: 0, pValue: 1 });
  });
});

describe('The sign-flip test', () => {
  test.each([
    { pairs: [1, 1, 1, 1, 1, 1, 1], p: 2 / 128 },
    { pairs: [1, 1, 1, 1, 1, 1], p: 2 / 64 },
    { pairs: [1, -1, 1, -1], p: 1 },
    // The sums are 6, 4, 2 and 0, each with both signs: four of the eight are 4 or more.
    { pairs: [3, 2, -1], p: 4 / 8 },
  ])('of $pairs is exact: $p', ({ pairs, p }) => {
    expect(signFlipP(pairs, 1)).toBeCloseTo(p, 12);
  });
  test('of many pairs is near the exact value, the same for the same seed, and never zero', () => {
    const clear = Array.from({ length: 20 }, () => 1);
    expect(signFlipP(clear, 1)).toBeCloseTo(1 / 4001, 6);
    const mixed = Array.from({ length: 20 }, (_, i) => Math.sin(i * 2.4) + 0.1);
    expect(signFlipP(mixed, 7)).toBe(signFlipP(mixed, 7));
    expect(signFlipP(mixed, 7)).toBeGreaterThan(0.3);
  });
  test('of nothing says nothing', () => {
    expect(signFlipP([], 1)).toBeNull();
  });
});
