import { mean, median } from 'simple-statistics';
import type { Metric } from '../metrics/metric.ts';
import { expectedHighest, expectedLowest } from '../stats/extremes.ts';
import { type Estimate, studentEstimate } from '../stats/paired.ts';
import { CLEAN_MIN } from '../summary/clean-trials.ts';
import { type ComparedRun, readMetric, type UsedTrial } from './compared-run.ts';
import { perObject } from './per-object.ts';

/**
 * A run is stood for by the expected best of so many clean trials, or of as many as each of the compared runs has. Of
 * the recordings that were tried, 3 to 10 and low quantiles, five spread least between equal runs.
 */
export const BEST_OF = 5;
/** How near the best three must lie, as a difference of logarithms: what a burst adds begins at 5 %. */
const AGREE = 0.04;
/** Below it the spread of a cell is known from too few runs: that of all cells of the metric counts as well. */
const DEGREES_MIN = 4;
/** More runs than this are no advice. */
const RUNS_MAX = 20;
/** No two runs are known to be more alike than this, whatever three of them did: a standard deviation of logarithms. */
const SPREAD_MIN = 0.001;
/** ... nor two boots by a clock that counts instructions. */
const SPREAD_EXACT_MIN = 0.0001;

/** Values of one trial, as logarithms; null: it has none. */
export type TrialValue = (trial: UsedTrial) => number | null;

/** As logarithms: a share is a difference. @param offset added before, so that counts may be 0. */
export function logOf(metric: Pick<Metric, 'id' | 'ofTrial' | 'resolution'>): TrialValue {
  return (trial) => {
    const value = readMetric(metric, trial);
    if (value === null || !Number.isFinite(value) || value + metric.resolution <= 0) return null;
    return Math.log(value + metric.resolution);
  };
}

/** The clean values of a cell in one run. */
export function cleanValues(
  trials: readonly UsedTrial[],
  clean: ReadonlySet<UsedTrial>,
  logOfTrial: TrialValue,
): number[] {
  return trials.flatMap((trial) => (clean.has(trial) ? (logOfTrial(trial) ?? []) : []));
}

/**
 * How many trials the expected best is of, for runs that have these numbers of clean ones; null: too few in one. Of what
 * is exact one trial says as much as several.
 */
export function drawOf({ comparedBy }: Pick<Metric, 'comparedBy'>, counts: readonly number[]): number | null {
  const fewest = Math.min(...counts);
  return fewest < (comparedBy === 'exact' ? 1 : CLEAN_MIN) ? null : Math.min(BEST_OF, fewest);
}

/**
 * Whether a floor was seen: the best trials agree. A run in which no three come near each other was measured in bursts,
 * and its best is only its luckiest. What wanders anyway has none. What the CPU counts needs no floor.
 */
export function isSeen(
  { comparedBy, better, takenFrom }: Pick<Metric, 'comparedBy' | 'better' | 'takenFrom'>,
  values: readonly number[],
): boolean {
  if (comparedBy === 'exact' || takenFrom === 'cpu') return values.length > 0;
  if (comparedBy === 'middle') return values.length >= CLEAN_MIN;
  const sign = better === 'lower' ? 1 : -1;
  const best = values.map((value) => sign * value).sort((a, b) => a - b);
  const [first, last] = [best[0], best[CLEAN_MIN - 1]];
  return first !== undefined && last !== undefined && last - first <= AGREE;
}

/** What stands for a run: see `Metric.comparedBy`. @param of from `drawOf`. */
export function levelOf(
  { comparedBy, better }: Pick<Metric, 'comparedBy' | 'better'>,
  values: readonly number[],
  of: number,
): number {
  if (comparedBy !== 'best') return median([...values]);
  return better === 'lower' ? expectedLowest(values, of) : expectedHighest(values, of);
}

/**
 * Runs of one kind differ in nothing that is compared: one kernel, one build of the servers, one handicap. How far the
 * levels of its runs lie apart is how far runs lie apart.
 */
export const kindOf = perObject(({ record: { environment, build, settings } }: ComparedRun) =>
  JSON.stringify([environment.kernel, environment.kernelVersion, build.hash, settings.handicap]),
);

/** How far levels of equal runs lie apart: a variance of logarithms, and what it is known from. */
export interface Spread {
  readonly variance: number;
  readonly degrees: number;
  /** The farthest that one run lay from the mean of its group. */
  readonly farthest: number;
}

/** Pooled over groups of equal runs, each around its own mean. */
export function pooledSpread(groups: readonly (readonly number[])[]): Spread {
  let squares = 0;
  let degrees = 0;
  let farthest = 0;
  for (const levels of groups) {
    if (levels.length < 2) continue;
    const middle = mean([...levels]);
    squares += levels.reduce((sum, level) => sum + (level - middle) ** 2, 0);
    degrees += levels.length - 1;
    farthest = Math.max(farthest, ...levels.map((level) => Math.abs(level - middle)));
  }
  return { variance: degrees === 0 ? 0 : squares / degrees, degrees, farthest };
}

/**
 * The spread of a cell beside the other cells of its metric. Where few runs say it, both count: the larger one, and twice
 * the degrees of freedom at most, for the cells of a run share its weather. Of what has no floor (tails) the larger one
 * counts in any case, and at least the farthest that any run lay: theirs is mostly the spread of one run in ten, which no
 * standard deviation of the others tells. Of what is exact a cell's own counts alone, for one connection repeats to a tenth
 * of what fifty do. Null where nothing says it.
 */
export function spreadWith(
  own: Spread,
  others: readonly Spread[],
  { comparedBy }: Pick<Metric, 'comparedBy'>,
): Spread | null {
  if (own.degrees === 0) return null;
  if (comparedBy === 'exact') return { ...own, variance: Math.max(own.variance, SPREAD_EXACT_MIN ** 2) };
  const all = others.reduce((sum, spread) => sum + spread.degrees, 0);
  const pooled = others.reduce((sum, spread) => sum + spread.variance * spread.degrees, 0) / Math.max(1, all);
  const few = own.degrees < DEGREES_MIN;
  const isTail = comparedBy === 'middle';
  const wider = few || isTail ? Math.max(own.variance, pooled) : own.variance;
  return {
    ...own,
    variance: Math.max(wider, isTail ? own.farthest ** 2 : 0, SPREAD_MIN ** 2),
    degrees: few ? Math.min(2 * own.degrees, Math.max(own.degrees, all)) : own.degrees,
  };
}

/** The change between two sides of runs. @param spread null: nothing says how far runs lie apart. */
export function changeOfLevels(
  base: readonly number[],
  current: readonly number[],
  spread: Spread | null,
): Estimate {
  const difference = mean([...current]) - mean([...base]);
  if (spread === null) return { difference, reach: null, pValue: null };
  const standardError = Math.sqrt(spread.variance * (1 / base.length + 1 / current.length));
  return studentEstimate(difference, standardError, spread.degrees);
}

/** How many runs a side, if each side had as many, would bring the reach down to this. */
export function runsFor(spread: Spread, wanted: number): number | null {
  for (let runs = 1; runs <= RUNS_MAX; runs++) {
    const degrees = spread.degrees + 2 * (runs - 1);
    const { reach } = studentEstimate(0.1, Math.sqrt((2 * spread.variance) / runs), degrees);
    if (reach !== null && reach <= wanted) return runs;
  }
  return null;
}
