import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { mean, quantileSorted, sampleVariance } from 'simple-statistics';
import { normalProbability, studentTQuantile } from './student-t.ts';

/** The share of runs that may show a difference where there is none. */
export const FAMILY_ERROR = 0.05;
/** Below this many blocks there is an estimate and no interval. */
export const BLOCKS_MIN = 4;

const INTERVAL_ERROR = 0.05;
/** A percentile interval lies within the values, which n blocks of one sign leave out with 2 * 2^-n. */
const BLOCKS_MIN_PERCENTILE = 6;
const TRIMMED_SHARE = 0.2;
/** Few blocks need many resamples, since they put the level far into the tail. */
const RESAMPLES = 5000;
const RESAMPLES_MIN = 1000;
/** Values drawn for one interval: bounds the time that a run of hundreds of blocks takes. */
const DRAWS_MAX = 200_000;

/** Two models in one block: what each reached, in any unit where more is better. */
export interface Pair {
  readonly value: number;
  readonly baseline: number;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface PairedRatio {
  /** Blocks in which both were measured. */
  readonly blocks: number;
  /** value / baseline; null without a block. */
  readonly ratio: number | null;
  /** 95 % interval of `ratio`; null with too few blocks. */
  readonly interval: Interval | null;
  /** The same at the level that holds for all comparisons of the run together. */
  readonly simultaneous: Interval | null;
  /** Both intervals leave out 1. */
  readonly differs: boolean;
}

export interface RatioOptions {
  readonly seed: number;
  /** How many ratios the run compares with 1. */
  readonly comparisons: number;
}

/**
 * How many times the baseline a model reaches, from blocks that hold both.
 *
 * **Estimate.** The trimmed mean of the logarithms of the ratio of each block, as a ratio. From 6
 * blocks on a fifth of the blocks, at least one, is left out at each end: a disturbance of the host
 * that hits one trial makes it two or ten times slower, and one such block would double the width of
 * every interval around a mean.
 *
 * **`interval`** is a percentile bootstrap over blocks, expanded for small samples: Hesterberg (2015),
 * "What Teachers Should Know About the Bootstrap", arXiv:1411.5279: its levels are
 * Phi(-sqrt(n/(n-1)) t) instead of 2.5 %, t being Student's quantile. Of a plain mean even that misses
 * 7 to 9 % of the time when the noise has heavy tails (see the simulation in the test); of the trimmed
 * mean it misses 2 to 6 %. With 4 or 5 blocks no percentile interval can hold 95 %: Student's is used.
 *
 * **`simultaneous`** guards the verdict: a run compares dozens of cells, so that intervals of 95 %
 * would show a difference between equals in most runs. The error is divided by the number of
 * comparisons (Bonferroni). Resampling n blocks cannot reach such levels, for its intervals end at the
 * values themselves; this one is Student's interval of a trimmed mean: Yuen (1974), "The two-sample
 * trimmed t for unequal population variances", for one sample. Under no difference the logarithms are
 * symmetric whatever the noise is, where Student's t errs to the safe side: Benjamini (1983), "Is the
 * t test really conservative when the parent distribution is long-tailed?".
 */
export function pairedRatio(pairs: readonly Pair[], options: RatioOptions): PairedRatio {
  const logs = pairs
    .filter((pair) => pair.value > 0 && pair.baseline > 0)
    .map((pair) => Math.log(pair.value / pair.baseline))
    .sort((a, b) => a - b);
  const blocks = logs.length;
  const ratio = blocks === 0 ? null : Math.exp(trimmedMean(logs));
  if (blocks < BLOCKS_MIN) return { blocks, ratio, interval: null, simultaneous: null, differs: false };
  const interval = exponential(meanInterval(logs, options.seed));
  const simultaneous = exponential(trimmedTInterval(logs, FAMILY_ERROR / Math.max(1, options.comparisons)));
  const differs = leavesOutOne(interval) && leavesOutOne(simultaneous);
  return { blocks, ratio, interval, simultaneous, differs };
}

/** Half the width of an interval, in units of the ratio; null without one. */
export function halfWidth(interval: Interval | null): number | null {
  return interval === null ? null : (interval.high - interval.low) / 2;
}

function leavesOutOne(interval: Interval): boolean {
  return interval.low > 1 || interval.high < 1;
}

function exponential({ low, high }: Interval): Interval {
  return { low: Math.exp(low), high: Math.exp(high) };
}

/** The 95 % interval of the trimmed mean; see `pairedRatio`. */
function meanInterval(sorted: readonly number[], seed: number): Interval {
  return sorted.length < BLOCKS_MIN_PERCENTILE
    ? trimmedTInterval(sorted, INTERVAL_ERROR)
    : expandedPercentileInterval(sorted, seed);
}

/** How many values are left out at each end: a fifth, from six on. */
export function trimmedBlocks(count: number): number {
  return count < BLOCKS_MIN_PERCENTILE ? 0 : Math.max(1, Math.floor(count * TRIMMED_SHARE));
}

/** The mean without the lowest and highest fifth. @param sorted in order. */
export function trimmedMean(sorted: readonly number[]): number {
  const trimmed = trimmedBlocks(sorted.length);
  return mean(sorted.slice(trimmed, sorted.length - trimmed));
}

/**
 * The squared standard error of the trimmed mean and its degrees of freedom, by Yuen's winsorized
 * variance; see `pairedRatio`. @param sorted at least `BLOCKS_MIN` values, in order.
 */
export function trimmedError(sorted: readonly number[]): { variance: number; degrees: number } {
  const count = sorted.length;
  const trimmed = trimmedBlocks(count);
  const kept = count - 2 * trimmed;
  const lowest = sorted[trimmed] ?? 0;
  const highest = sorted[count - trimmed - 1] ?? 0;
  const winsorized = sorted.map((value) => Math.min(highest, Math.max(lowest, value)));
  const variance = ((count - 1) * sampleVariance(winsorized)) / (kept * (kept - 1));
  return { variance, degrees: kept - 1 };
}

function trimmedTInterval(sorted: readonly number[], error: number): Interval {
  const { variance, degrees } = trimmedError(sorted);
  const reach = studentTQuantile(1 - error / 2, degrees) * Math.sqrt(variance);
  const middle = trimmedMean(sorted);
  return { low: middle - reach, high: middle + reach };
}

function expandedPercentileInterval(sorted: readonly number[], seed: number): Interval {
  return expandedPercentiles(resampledMeans(sorted, seed), sorted.length);
}

/**
 * The 95 % interval from the estimates of resamples, expanded for the small number of what was resampled; see
 * `pairedRatio`. @param count of blocks, at least two.
 */
export function expandedPercentiles(resampled: readonly number[], count: number): Interval {
  // Numbers alone are sorted several times faster than by a comparison.
  const sorted = [...Float64Array.from(resampled).sort()];
  const t = studentTQuantile(1 - INTERVAL_ERROR / 2, count - 1);
  const level = normalProbability(-Math.sqrt(count / (count - 1)) * t);
  return { low: quantileSorted(sorted, level), high: quantileSorted(sorted, 1 - level) };
}

/** Trimmed means of resamples. @param sorted in order. */
export function resampledMeans(sorted: readonly number[], seed: number): number[] {
  const random = xoroshiro128plus(seed);
  const count = sorted.length;
  const trimmed = trimmedBlocks(count);
  const drawn = new Int32Array(count);
  const resamples = Math.min(RESAMPLES, Math.max(RESAMPLES_MIN, Math.floor(DRAWS_MAX / count)));
  const means = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample++) {
    drawn.fill(0);
    for (let i = 0; i < count; i++) {
      const index = uniformInt(random, 0, count - 1);
      drawn[index] = (drawn[index] ?? 0) + 1;
    }
    // The values are in order, so the places of the resample that each value takes are as well.
    let place = 0;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const next = place + (drawn[i] ?? 0);
      const kept = Math.min(next, count - trimmed) - Math.max(place, trimmed);
      if (kept > 0) sum += (sorted[i] ?? 0) * kept;
      place = next;
    }
    means[resample] = sum / (count - 2 * trimmed);
  }
  return [...means];
}
