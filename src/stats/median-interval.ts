import { quantileSorted } from 'simple-statistics';

const INTERVAL_ERROR = 0.05;

export interface MedianInterval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The median and its 95 % interval, between two of the values: which two follows from the binomial distribution, and
 * nothing is assumed of how the values are distributed (Conover, Practical Nonparametric Statistics, 3.2). With fewer than
 * six values no two of them reach 95 %: the smallest and the largest then.
 * @throws RangeError without a value.
 */
export function medianInterval(values: readonly number[]): MedianInterval {
  if (values.length === 0) throw new RangeError('the median of no values');
  const sorted = [...values].sort((a, b) => a - b);
  const rank = rankBelow(sorted.length);
  return {
    median: quantileSorted(sorted, 0.5),
    low: sorted[rank] ?? Number.NaN,
    high: sorted[sorted.length - 1 - rank] ?? Number.NaN,
  };
}

/** How many values may lie outside at each end: the largest k with P(Binomial(n, 1/2) <= k) <= 2.5 %. */
function rankBelow(n: number): number {
  // In logarithms: 2^-n is nothing for a long series.
  let logTerm = -n * Math.LN2;
  let sum = 0;
  for (let k = 0; k < n / 2; k++) {
    sum += Math.exp(logTerm);
    if (sum > INTERVAL_ERROR / 2) return Math.max(0, k - 1);
    logTerm += Math.log((n - k) / (k + 1));
  }
  return Math.floor((n - 1) / 2);
}
