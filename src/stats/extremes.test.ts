import { mean, min } from 'simple-statistics';
import { describe, expect, test } from 'vitest';
import { expectedHighest, expectedLowest } from './extremes.ts';

/** Every choice of `of` values. */
function choices(values: readonly number[], of: number): number[][] {
  if (of === 0) return [[]];
  return values.flatMap((value, i) => choices(values.slice(i + 1), of - 1).map((rest) => [value, ...rest]));
}

describe('The expected lowest', () => {
  const values = [9, 2, 7, 3, 11, 5, 8];
  test.each([1, 2, 3, 5, 7])('of %i is the mean over every choice of so many', (of) => {
    expect(expectedLowest(values, of)).toBeCloseTo(mean(choices(values, of).map((some) => min(some))), 12);
  });
  test('of all is the lowest', () => {
    expect(expectedLowest(values, values.length)).toBe(2);
    expect(expectedHighest(values, values.length)).toBe(11);
  });
  test.each([0, 8, 1.5])('of %d of seven is refused', (of) => {
    expect(() => expectedLowest(values, of)).toThrow(RangeError);
  });
});
