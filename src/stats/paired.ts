import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { mean } from 'simple-statistics';
import { trimmedError, trimmedMean } from './bootstrap.ts';
import { studentTP, studentTQuantile } from './student-t.ts';

/** A difference of logarithms, how well it is known, and whether it may be none. */
export interface Estimate {
  readonly difference: number;
  /** Half of its 95 % interval; null: nothing says. */
  readonly reach: number | null;
  /** Two-sided, that there is no difference; null: nothing says. */
  readonly pValue: number | null;
}

const INTERVAL_ERROR = 0.05;
/** With fewer pairs there is an estimate and no interval. */
export const PAIRS_MIN = 4;
/** So many random ways to turn the signs around. */
const RANDOM_FLIPS = 2000;
/** Every way is tried where there are no more. */
const EXACT_PAIRS_MAX = 10;

/**
 * The trimmed mean of differences of logarithms, one per pair, with Yuen's interval (`trimmedError`; of fewer than six
 * pairs it is Student's of the mean): a burst of noise in one of seven trials is a rule and not an exception. Where
 * nothing differs, differences of pairs are symmetric, so that it errs to the safe side: Benjamini (1983).
 */
export function pairedEstimate(differences: readonly number[]): Estimate {
  const count = differences.length;
  if (count === 0) return { difference: 0, reach: null, pValue: null };
  const sorted = differences.toSorted((a, b) => a - b);
  const difference = trimmedMean(sorted);
  if (count < PAIRS_MIN) return { difference, reach: null, pValue: null };
  const { variance, degrees } = trimmedError(sorted);
  return studentEstimate(difference, Math.sqrt(variance), degrees);
}

/**
 * The mean of the estimates of several rows of pairs, of which each stands for itself: within a block, who comes first
 * is chance, so that the differences of two cells are not correlated. Degrees of freedom by Welch and Satterthwaite,
 * rounded down. Without an interval where a row has too few pairs.
 */
export function meanOfRows(rows: readonly (readonly number[])[]): Estimate {
  const sorted = rows.map((row) => row.toSorted((a, b) => a - b));
  if (sorted.length === 0 || sorted.some((row) => row.length === 0))
    return { difference: 0, reach: null, pValue: null };
  const difference = mean(sorted.map((row) => trimmedMean(row)));
  if (sorted.some((row) => row.length < PAIRS_MIN)) return { difference, reach: null, pValue: null };
  const errors = sorted.map((row) => trimmedError(row));
  const variance = errors.reduce((sum, error) => sum + error.variance, 0);
  const spread = errors.reduce((sum, error) => sum + error.variance ** 2 / error.degrees, 0);
  const degrees = spread === 0 ? 1 : Math.max(1, Math.floor(variance ** 2 / spread));
  return studentEstimate(difference, Math.sqrt(variance) / rows.length, degrees);
}

/** An estimate from its standard error. @param degrees of freedom, a positive integer. */
export function studentEstimate(difference: number, standardError: number, degrees: number): Estimate {
  if (standardError === 0) return { difference, reach: 0, pValue: difference === 0 ? 1 : 0 };
  return {
    difference,
    reach: studentTQuantile(1 - INTERVAL_ERROR / 2, degrees) * standardError,
    pValue: studentTP(difference / standardError, degrees),
  };
}

/**
 * Two-sided p-value of the sign-flip permutation test of `meanOfRows`: where nothing differs, which row of a pair is
 * called the base is chance, and every sign is as likely as its opposite, whatever the distribution. Of 2,000 random
 * flips, themselves counted in; up to ten pairs in all it is exact, and of the plain mean: that of seven trimmed values
 * does not tell one turned sign from none. Null without a pair in every row. Fisher (1935), "The Design of
 * Experiments", section 21.
 */
export function signFlipP(rows: readonly (readonly number[])[], seed: number): number | null {
  if (rows.length === 0 || rows.some((row) => row.length === 0)) return null;
  const pairs = rows.reduce((sum, row) => sum + row.length, 0);
  const isExact = pairs <= EXACT_PAIRS_MAX;
  const statistic = (flip: (pair: number) => boolean) => {
    let pair = 0;
    const means = rows.map((row) => {
      const flipped = row.map((value) => (flip(pair++) ? -value : value));
      return isExact ? mean(flipped) : trimmedMean(flipped.sort((a, b) => a - b));
    });
    return Math.abs(mean(means));
  };
  // Sums in another order differ in their last bits.
  const atLeast = statistic(() => false) * (1 - 1e-12);
  if (isExact) {
    const ways = 2 ** pairs;
    let extreme = 0;
    for (let flips = 0; flips < ways; flips++)
      if (statistic((pair) => ((flips >> pair) & 1) === 1) >= atLeast) extreme++;
    return extreme / ways;
  }
  const random = xoroshiro128plus(seed);
  let extreme = 1;
  for (let i = 0; i < RANDOM_FLIPS; i++)
    if (statistic(() => uniformInt(random, 0, 1) === 1) >= atLeast) extreme++;
  return extreme / (RANDOM_FLIPS + 1);
}
