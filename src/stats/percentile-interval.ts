import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { quantileSorted } from 'simple-statistics';
import type { Latency } from '../results/schema.ts';
import type { Interval } from './bootstrap.ts';
import { bucketValueNs, countedBuckets, mergeLatencies, quantileNs, samplesNeeded } from './histogram.ts';
import { normalProbability, studentTQuantile } from './student-t.ts';

/** Fewer blocks with values beyond a percentile say too little of it. */
const BLOCKS_BEYOND_MIN = 5;
/** An interval that spans a factor as large is no number to rely on. */
const SPAN_MAX = 2;
const RESAMPLES = 200;
const INTERVAL_ERROR = 0.05;
/** The same for the same values: where it begins is of no meaning. */
const SEED = 20_000_331;

/** A percentile of the one distribution that several blocks add up to. */
export interface BlockPercentile {
  /** Null: nothing was recorded. */
  readonly valueNs: number | null;
  /** 95 %; null with fewer than two blocks. */
  readonly interval: Interval | null;
  /** Blocks that hold values beyond it. */
  readonly blocksBeyond: number;
  /** Whether to rely on it: ten values beyond it, in five blocks or more, and known to a factor below two. */
  readonly enough: boolean;
  readonly samplesNeeded: number;
}

/** What was found of blocks already: every metric of a row asks for a percentile of the same ones. */
const KNOWN = new WeakMap<
  Latency,
  { readonly blocks: readonly Latency[]; readonly found: BlockPercentile[] }
>();
/** The percentiles that anybody asks for. */
const SHARES: readonly number[] = [0.5, 0.99, 0.999];

/**
 * A percentile over blocks, with an interval from a bootstrap over *blocks*: requests of one block share its weather, so
 * that they are no independent values, however many they are. Percentile intervals, expanded for few blocks as in
 * `pairedRatio` (Hesterberg 2015).
 * @param blocks a distribution for each. @param share as 0.99: one of those that the metrics have.
 */
export function blockPercentile(blocks: readonly Latency[], share: number): BlockPercentile {
  const [first] = blocks;
  const known = first === undefined ? undefined : KNOWN.get(first);
  const isKnown = known?.blocks.length === blocks.length && known.blocks.every((one, i) => one === blocks[i]);
  const found = isKnown ? known.found : percentilesOf(blocks);
  if (first !== undefined && !isKnown) KNOWN.set(first, { blocks, found });
  const percentile = found[SHARES.indexOf(share)];
  if (percentile === undefined)
    throw new RangeError(`no percentile of ${share}: there are ${SHARES.join(', ')}`);
  return percentile;
}

function percentilesOf(blocks: readonly Latency[]): BlockPercentile[] {
  const merged = mergeLatencies(blocks);
  const drawn = resampledQuantiles(blocks, merged, SHARES);
  return SHARES.map((share, i) => {
    const valueNs = quantileNs(merged, share);
    const blocksBeyond = valueNs === null ? 0 : blocks.filter((block) => hasBeyond(block, valueNs)).length;
    const interval = drawn === null ? null : intervalOf(drawn[i] ?? [], blocks.length);
    const known = interval !== null && interval.high < SPAN_MAX * interval.low;
    const needed = samplesNeeded(share);
    return {
      valueNs,
      interval,
      blocksBeyond,
      enough: merged.count >= needed && blocksBeyond >= BLOCKS_BEYOND_MIN && known,
      samplesNeeded: needed,
    };
  });
}

/** By its largest bucket: that of the percentile itself counts, for its values may lie on either side. */
function hasBeyond(block: Latency, valueNs: number): boolean {
  return block.count > 0 && block.maxNs >= valueNs;
}

function intervalOf(values: readonly number[], blocks: number): Interval {
  const sorted = values.toSorted((a, b) => a - b);
  const t = studentTQuantile(1 - INTERVAL_ERROR / 2, blocks - 1);
  const level = normalProbability(-Math.sqrt(blocks / (blocks - 1)) * t);
  return { low: quantileSorted(sorted, level), high: quantileSorted(sorted, 1 - level) };
}

/** For each share, its value in every resample; null where there is nothing to draw from. */
function resampledQuantiles(
  blocks: readonly Latency[],
  merged: Latency,
  shares: readonly number[],
): number[][] | null {
  const filled = blocks.filter(({ count }) => count > 0);
  if (filled.length < 2) return null;
  const indices = countedBuckets(merged.histogram).map(({ index }) => index);
  const placeOf = new Map(indices.map((index, place) => [index, place]));
  // Counts up to each bucket, so that a resample is a sum of rows.
  const upTo = filled.map((block) => {
    const row = new Float64Array(indices.length);
    for (const { index, count } of countedBuckets(block.histogram)) row[placeOf.get(index) ?? 0] = count;
    for (let place = 1; place < row.length; place++) row[place] = (row[place] ?? 0) + (row[place - 1] ?? 0);
    return row;
  });
  const random = xoroshiro128plus(SEED);
  const found: number[][] = shares.map(() => []);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    const drawn = upTo.map(() => upTo[uniformInt(random, 0, upTo.length - 1)] ?? new Float64Array());
    const countUpTo = (place: number) => drawn.reduce((sum, row) => sum + (row[place] ?? 0), 0);
    const total = countUpTo(indices.length - 1);
    shares.forEach((share, i) => {
      const rank = Math.min(total, Math.max(1, Math.ceil(share * total)));
      found[i]?.push(bucketValueNs(indices[firstFrom(indices.length, countUpTo, rank)] ?? 0, merged));
    });
  }
  return found;
}

/** The first of so many places whose count is at least `rank`; counts ascend. */
function firstFrom(places: number, countUpTo: (place: number) => number, rank: number): number {
  let [low, high] = [0, places - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (countUpTo(middle) >= rank) high = middle;
    else low = middle + 1;
  }
  return low;
}
