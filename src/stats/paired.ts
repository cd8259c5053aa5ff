import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { mean, sampleStandardDeviation } from 'simple-statistics';
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
/** From so many pairs on, the fifth at each end is left out: of fewer that costs more than it saves. */
const TRIMMED_FROM = 10;
/** Every way to turn the signs around is tried up to so many pairs, else so many at random. */
const EXACT_MAX = 12;
const RANDOM_FLIPS = 4000;

/**
 * The mean of differences of logarithms, one per pair, with Student's interval; from ten pairs on of the trimmed mean
 * (Yuen 1974, for one sample: `trimmedError`), since one burst of noise in ten is a rule and not an exception.
 * Differences of pairs are symmetric where nothing differs, so that Student's errs to the safe side: Benjamini (1983).
 */
export function pairedEstimate(differences: readonly number[]): Estimate {
  const count = differences.length;
  if (count === 0) return { difference: 0, reach: null, pValue: null };
  if (count < PAIRS_MIN) return { difference: mean([...differences]), reach: null, pValue: null };
  const sorted = differences.toSorted((a, b) => a - b);
  const trimmed = count >= TRIMMED_FROM;
  const difference = trimmed ? trimmedMean(sorted) : mean(sorted);
  const { variance, degrees } = trimmed
    ? trimmedError(sorted)
    : { variance: sampleStandardDeviation(sorted) ** 2 / count, degrees: count - 1 };
  return studentEstimate(difference, Math.sqrt(variance), degrees);
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
 * Two-sided p-value of the sign-flip permutation test of the mean: where nothing differs, which row of a pair is
 * called the base is chance, and every sign is as likely as its opposite, whatever the distribution. Exact up to 12
 * pairs (its least is 2 / 2^n: six pairs can decide), else of 4,000 random flips, themselves counted in. Null
 * without a pair. Fisher (1935), "The Design of Experiments", section 21.
 */
export function signFlipP(differences: readonly number[], seed: number): number | null {
  const count = differences.length;
  if (count === 0) return null;
  const observed = Math.abs(differences.reduce((sum, value) => sum + value, 0));
  // Sums in another order differ in their last bits.
  const atLeast = observed * (1 - 1e-12);
  if (count <= EXACT_MAX) {
    const ways = 2 ** count;
    let extreme = 0;
    for (let flips = 0; flips < ways; flips++)
      if (flippedSum(differences, (i) => (flips >> i) & 1) >= atLeast) extreme++;
    return extreme / ways;
  }
  const random = xoroshiro128plus(seed);
  let extreme = 1;
  for (let i = 0; i < RANDOM_FLIPS; i++)
    if (flippedSum(differences, () => uniformInt(random, 0, 1)) >= atLeast) extreme++;
  return extreme / (RANDOM_FLIPS + 1);
}

function flippedSum(differences: readonly number[], flip: (index: number) => number): number {
  return Math.abs(differences.reduce((sum, value, i) => sum + (flip(i) === 1 ? -value : value), 0));
}
