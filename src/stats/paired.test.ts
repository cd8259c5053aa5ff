import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { mean } from 'simple-statistics';
import { describe, expect, test } from 'vitest';
import { trimmedMean } from './bootstrap.ts';
import { meanOfRows, PAIRS_MIN, pairedEstimate, signFlipP, studentEstimate } from './paired.ts';
import { studentTQuantile } from './student-t.ts';

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
  test("is Student's interval of the mean with five: by scipy's ttest_1samp", () => {
    const { difference, reach, pValue } = pairedEstimate([0.05, 0.06, 0.04, 0.055, 0.045]);
    expect(difference).toBeCloseTo(0.05, 10);
    expect(reach).toBeCloseTo(0.0098162, 6);
    expect(pValue).toBeCloseTo(1.4513e-4, 8);
  });
  test('leaves out a burst from six on', () => {
    const quiet = [0.05, 0.051, 0.052, 0.05, 0.051, 0.052, 0.05];
    const burst = quiet.map((value, i) => (i === 4 ? 0.6 : value));
    expect(pairedEstimate(burst).difference).toBeCloseTo(pairedEstimate(quiet).difference, 2);
    expect(pairedEstimate(burst).reach).toBeLessThan(0.01);
  });
  test('without any spread is known exactly', () => {
    expect(studentEstimate(0.1, 0, 3)).toEqual({ difference: 0.1, reach: 0, pValue: 0 });
    expect(studentEstimate(0, 0, 3)).toEqual({ difference: 0, reach: 0, pValue: 1 });
  });
});

describe('The mean over rows', () => {
  const rows = [
    [0.05, 0.06, 0.04, 0.055, 0.045],
    [0.01, 0.03, 0.02, 0.02, 0.02],
  ];
  test('is that of their estimates, and is better known than the worse of them', () => {
    const all = meanOfRows(rows);
    expect(all.difference).toBeCloseTo((0.05 + 0.02) / 2, 10);
    // Both standard errors: 0.0035355 and 0.0031623.
    expect(all.reach).toBeCloseTo((studentTQuantile(0.975, 7) * Math.hypot(0.0035355, 0.0031623)) / 2, 5);
    expect(meanOfRows(rows.slice(0, 1))).toEqual(pairedEstimate(rows[0] ?? []));
  });
  test('has no interval where one has too few pairs, and is nothing without any', () => {
    expect(meanOfRows([...rows, [0.1]]).reach).toBeNull();
    expect(meanOfRows([])).toEqual({ difference: 0, reach: null, pValue: null });
  });
});

describe('The sign-flip test', () => {
  test.each([
    { pairs: [1, 1, 1, 1, 1, 1, 1], p: 2 / 128 },
    { pairs: [1, -1, 1, -1], p: 1 },
    // The sums are 6, 4, 2 and 0, each with both signs: four of the eight are 4 or more.
    { pairs: [3, 2, -1], p: 4 / 8 },
  ])('of $pairs is exact: $p', ({ pairs, p }) => {
    expect(signFlipP([pairs], 1)).toBeCloseTo(p, 12);
  });
  test('of several rows turns each pair by itself', () => {
    expect(
      signFlipP(
        [
          [1, 1],
          [1, 1],
        ],
        1,
      ),
    ).toBeCloseTo(2 / 16, 12);
  });
  test('of many pairs is the same for the same seed, and never zero', () => {
    const clear = Array.from({ length: 20 }, (_, i) => 1 + i / 100);
    expect(signFlipP([clear], 1)).toBeCloseTo(1 / 2001, 6);
    const mixed = Array.from({ length: 20 }, (_, i) => Math.sin(i * 2.4) + 0.1);
    expect(signFlipP([mixed], 7)).toBe(signFlipP([mixed], 7));
    expect(signFlipP([mixed], 7)).toBeGreaterThan(0.3);
  });
  test('of nothing says nothing', () => {
    expect(signFlipP([], 1)).toBeNull();
    expect(signFlipP([[1], []], 1)).toBeNull();
  });
  test.each([1, 2, 3])('of many pairs is what turning them and sorting them anew says: %i rows', (count) => {
    const random = xoroshiro128plus(count);
    const rows = Array.from({ length: count }, (_, r) =>
      Array.from({ length: 11 + 6 * r }, () => uniformInt(random, -50, 60) / 100),
    );
    expect(signFlipP(rows, 5)).toBe(plainSignFlipP(rows, 5));
  });
});

/** The same p, without a thought of time. */
function plainSignFlipP(rows: readonly (readonly number[])[], seed: number): number {
  const size = (some: readonly (readonly number[])[]) =>
    Math.abs(mean(some.map((row) => trimmedMean(row.toSorted((a, b) => a - b)))));
  const random = xoroshiro128plus(seed);
  const atLeast = size(rows) * (1 - 1e-12);
  const extreme = Array.from({ length: 2000 }, () =>
    size(rows.map((row) => row.map((value) => (uniformInt(random, 0, 1) === 1 ? -value : value)))),
  ).filter((value) => value >= atLeast).length;
  return (extreme + 1) / 2001;
}
