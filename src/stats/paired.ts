import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { mean } from 'simple-statistics';
import { trimmedBlocks, trimmedError, trimmedMean } from './bootstrap.ts';
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
  const signs = new Int8Array(pairs).fill(1);
  const statistic = pairs <= EXACT_PAIRS_MAX ? meanOfSigned(rows) : trimmedOfSigned(rows);
  // Sums in another order differ in their last bits.
  const atLeast = statistic(signs) * (1 - 1e-12);
  if (pairs <= EXACT_PAIRS_MAX) {
    const ways = 2 ** pairs;
    let extreme = 0;
    for (let flips = 0; flips < ways; flips++)
      if (statistic(signs.map((_, pair) => ((flips >> pair) & 1 ? -1 : 1))) >= atLeast) extreme++;
    return extreme / ways;
  }
  const random = xoroshiro128plus(seed);
  let extreme = 1;
  for (let i = 0; i < RANDOM_FLIPS; i++) {
    for (let pair = 0; pair < pairs; pair++) signs[pair] = 1 - 2 * uniformInt(random, 0, 1);
    if (statistic(signs) >= atLeast) extreme++;
  }
  return extreme / (RANDOM_FLIPS + 1);
}

type Signed = (signs: Int8Array) => number;

/** Size of the mean over the rows of their means, with these signs, one per pair in the order of the rows. */
function meanOfSigned(rows: readonly (readonly number[])[]): Signed {
  return (signs) => {
    let pair = 0;
    return Math.abs(mean(rows.map((row) => mean(row.map((value) => value * (signs[pair++] ?? 1))))));
  };
}

/**
 * The same of trimmed means. What is turned below zero is in order the other way round, so that values that are sorted by
 * size need not be sorted for every turn: this is most of the time that a comparison takes.
 */
function trimmedOfSigned(rows: readonly (readonly number[])[]): Signed {
  let first = 0;
  const prepared = rows.map((row) => {
    const places = row.map((_, i) => i).sort((a, b) => Math.abs(row[a] ?? 0) - Math.abs(row[b] ?? 0));
    const offset = first;
    first += row.length;
    return {
      values: Float64Array.from(places, (place) => row[place] ?? 0),
      pairs: Int32Array.from(places, (place) => offset + place),
      ordered: new Float64Array(row.length),
      trimmed: trimmedBlocks(row.length),
    };
  });
  return (signs) => {
    let sum = 0;
    for (const { values, pairs, ordered, trimmed } of prepared) {
      orderSigned(values, pairs, signs, ordered);
      let kept = 0;
      for (let i = trimmed; i < ordered.length - trimmed; i++) kept += ordered[i] ?? 0;
      sum += kept / (ordered.length - 2 * trimmed);
    }
    return Math.abs(sum / prepared.length);
  };
}

/** @param values by size, the one nearest to zero first. @param ordered gets them with their signs, in order. */
function orderSigned(values: Float64Array, pairs: Int32Array, signs: Int8Array, ordered: Float64Array): void {
  const signed = (i: number) => (values[i] ?? 0) * (signs[pairs[i] ?? 0] ?? 1);
  let below = 0;
  for (let i = 0; i < values.length; i++) if (signed(i) < 0) below++;
  let above = below;
  for (let i = 0; i < values.length; i++) {
    const value = signed(i);
    ordered[value < 0 ? --below : above++] = value;
  }
}
