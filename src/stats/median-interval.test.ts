import { describe, expect, test } from 'vitest';
import { medianInterval } from './median-interval.ts';

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

describe('the interval of a median', () => {
  // Ranks of the interval for n values, as in tables of the sign test (Conover, table A3).
  test.each([
    { n: 1, low: 1, high: 1 },
    { n: 5, low: 1, high: 5 },
    { n: 6, low: 1, high: 6 },
    { n: 9, low: 2, high: 8 },
    { n: 10, low: 2, high: 9 },
    { n: 20, low: 6, high: 15 },
    { n: 25, low: 8, high: 18 },
    { n: 50, low: 18, high: 33 },
  ])('of $n values lies between the values $low and $high of them', ({ n, low, high }) => {
    expect(medianInterval(upTo(n).reverse())).toEqual({ median: (n + 1) / 2, low, high });
  });
  test('holds for a series so long that 2^-n is nothing', () => {
    const { low, high } = medianInterval(upTo(2000));
    expect([low, high]).toEqual([956, 1045]);
  });
  test('of nothing is an error', () => {
    expect(() => medianInterval([])).toThrow(RangeError);
  });
});
