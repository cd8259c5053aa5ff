import type { Interval } from './bootstrap.ts';

/** Student's quantile of a normal distribution, for 95 %. */
const Z = 1.959964;

/**
 * The 95 % interval of a share: Wilson (1927), "Probable inference, the law of succession, and statistical inference",
 * JASA 22. @param of independent trials, at least one.
 */
export function wilson(share: number, of: number): Interval {
  const square = Z ** 2 / of;
  const middle = (share + square / 2) / (1 + square);
  const reach = (Z * Math.sqrt((share * (1 - share)) / of + square / (4 * of))) / (1 + square);
  return { low: Math.max(0, middle - reach), high: Math.min(1, middle + reach) };
}
