import type { Latency, SparseHistogram } from '../results/schema.ts';

/**
 * The log-linear histogram of nanoseconds that the load generator fills; its twin is
 * `c-helpers/wire/histogram.h`: change both or neither.
 *
 * A value below 256 ns has a bucket of its own. Above, every power of two is cut into 128 buckets,
 * so a bucket is never wider than 1/128 of its values. The last bucket ends at 2^36 ns (68.7 s); what
 * lies above is counted in it. Values exceed 2^31, hence no shift operators here.
 */
const EXACT = 256;
const EXPONENT_MIN = 8;
const EXPONENT_MAX = 35;
const PER_OCTAVE = 128;

/** In the terms of HdrHistogram: the exact values and the octaves above, and how finely each is cut. */
export const HISTOGRAM_OCTAVES = EXPONENT_MAX - EXPONENT_MIN + 2;
export const HISTOGRAM_SUB_BUCKETS = EXACT;

/** How many buckets a dense histogram has. */
export const HISTOGRAM_BUCKETS = EXACT + (EXPONENT_MAX - EXPONENT_MIN + 1) * PER_OCTAVE;

/** The bucket that counts this value. */
export function bucketIndex(valueNs: number): number {
  const value = Math.floor(valueNs);
  if (value < EXACT) return Math.max(0, value);
  const exponent = exponentOf(value);
  if (exponent > EXPONENT_MAX) return HISTOGRAM_BUCKETS - 1;
  const sub = Math.floor(value / bucketWidthOf(exponent)) - PER_OCTAVE;
  return EXACT + (exponent - EXPONENT_MIN) * PER_OCTAVE + sub;
}

/** The smallest value of a bucket. */
export function bucketLowerNs(index: number): number {
  if (index < EXACT) return index;
  return (PER_OCTAVE + ((index - EXACT) % PER_OCTAVE)) * bucketWidthNs(index);
}

/** How many values a bucket holds. */
export function bucketWidthNs(index: number): number {
  if (index < EXACT) return 1;
  return bucketWidthOf(EXPONENT_MIN + Math.floor((index - EXACT) / PER_OCTAVE));
}

/** Dense counts, one per bucket, in the stored form. */
export function encodeHistogram(counts: ArrayLike<number | bigint>): SparseHistogram {
  const sparse: number[] = [];
  let previous = 0;
  for (let index = 0; index < counts.length; index++) {
    const count = Number(counts[index] ?? 0);
    if (count === 0) continue;
    sparse.push(index - previous, count);
    previous = index;
  }
  return sparse;
}

/** The stored form as dense counts. @throws RangeError when it is no histogram of this layout. */
export function decodeHistogram(sparse: SparseHistogram): number[] {
  const dense = new Array<number>(HISTOGRAM_BUCKETS).fill(0);
  addTo(dense, sparse);
  return dense;
}

/** All values of several histograms in one: this, and never an average, is what percentiles are of. */
export function mergeHistograms(histograms: readonly SparseHistogram[]): SparseHistogram {
  const dense = new Array<number>(HISTOGRAM_BUCKETS).fill(0);
  for (const sparse of histograms) addTo(dense, sparse);
  return encodeHistogram(dense);
}

/** The latencies of several trials as if they were of one. */
export function mergeLatencies(latencies: readonly Latency[]): Latency {
  const filled = latencies.filter((latency) => latency.count > 0);
  return {
    count: filled.reduce((sum, latency) => sum + latency.count, 0),
    sumNs: filled.reduce((sum, latency) => sum + latency.sumNs, 0),
    minNs: filled.reduce((min, latency) => Math.min(min, latency.minNs), filled[0]?.minNs ?? 0),
    maxNs: filled.reduce((max, latency) => Math.max(max, latency.maxNs), 0),
    histogram: mergeHistograms(filled.map((latency) => latency.histogram)),
  };
}

/**
 * The latencies as they would be if each had taken `factor` times as long. The values of a bucket are taken to lie evenly
 * in it, and are shared out among the buckets that they come to, in whole numbers.
 */
export function scaleLatency(latency: Latency, factor: number): Latency {
  const dense = new Array<number>(HISTOGRAM_BUCKETS).fill(0);
  for (const { index, count } of countedBuckets(latency.histogram)) {
    const low = bucketLowerNs(index) * factor;
    const width = bucketWidthNs(index) * factor;
    const last = bucketIndex(low + width);
    let placed = 0;
    for (let to = bucketIndex(low); to <= last; to++) {
      const above = to === last ? 1 : Math.min(1, (bucketLowerNs(to) + bucketWidthNs(to) - low) / width);
      const upTo = Math.round(count * above);
      dense[to] = (dense[to] ?? 0) + upTo - placed;
      placed = upTo;
    }
  }
  return {
    count: latency.count,
    sumNs: latency.sumNs * factor,
    minNs: latency.minNs * factor,
    maxNs: latency.maxNs * factor,
    histogram: encodeHistogram(dense),
  };
}

/** How many values it counts. */
export function totalCount(sparse: SparseHistogram): number {
  let total = 0;
  for (let i = 1; i < sparse.length; i += 2) total += sparse[i] ?? 0;
  return total;
}

/**
 * The value of rank ceil(share * count), the smallest having rank 1 (the "nearest rank" definition):
 * the middle of its bucket, kept within `minNs` and `maxNs`. In the last bucket, which has no end,
 * it is `maxNs`. Null when nothing was counted.
 */
export function quantileNs(latency: Pick<Latency, 'histogram' | 'minNs' | 'maxNs'>, share: number) {
  const total = totalCount(latency.histogram);
  if (total === 0) return null;
  const rank = Math.min(total, Math.max(1, Math.ceil(share * total)));
  return bucketValueNs(indexOfRank(latency.histogram, rank), latency);
}

/** What stands for the values of a bucket: see `quantileNs`. */
export function bucketValueNs(index: number, { minNs, maxNs }: Pick<Latency, 'minNs' | 'maxNs'>): number {
  if (index === HISTOGRAM_BUCKETS - 1 && maxNs >= bucketLowerNs(index)) return maxNs;
  const middle = bucketLowerNs(index) + Math.floor(bucketWidthNs(index) / 2);
  return Math.min(maxNs, Math.max(minNs, middle));
}

/** A bucket that holds values. */
export interface CountedBucket {
  readonly index: number;
  readonly count: number;
  /** With those of all buckets below. */
  readonly countUpTo: number;
}

/** The buckets that hold values, the smallest first. */
export function countedBuckets(sparse: SparseHistogram): readonly CountedBucket[] {
  const buckets: CountedBucket[] = [];
  let index = 0;
  let countUpTo = 0;
  for (let i = 0; i < sparse.length; i += 2) {
    const count = sparse[i + 1] ?? 0;
    index += sparse[i] ?? 0;
    countUpTo += count;
    if (count > 0) buckets.push({ index, count, countUpTo });
  }
  return buckets;
}

/** The fewest values of which this percentile says something: ten beyond it (docs/architecture.md). */
export function samplesNeeded(share: number): number {
  // Rounded because 10 / (1 - 0.999) is a little more than 10,000 in binary.
  return Math.ceil(Number((10 / (1 - share)).toFixed(6)));
}

function indexOfRank(sparse: SparseHistogram, rank: number): number {
  let index = 0;
  let seen = 0;
  for (let i = 0; i < sparse.length; i += 2) {
    index += sparse[i] ?? 0;
    seen += sparse[i + 1] ?? 0;
    if (seen >= rank) break;
  }
  return index;
}

function addTo(dense: number[], sparse: SparseHistogram): void {
  if (sparse.length % 2 !== 0) throw new RangeError('histogram: a gap without a count at its end');
  let index = 0;
  for (let i = 0; i < sparse.length; i += 2) {
    index += sparse[i] ?? 0;
    const before = dense[index];
    if (before === undefined) {
      throw new RangeError(`histogram: bucket ${index} of ${HISTOGRAM_BUCKETS}; written by another version?`);
    }
    dense[index] = before + (sparse[i + 1] ?? 0);
  }
}

function bucketWidthOf(exponent: number): number {
  return 2 ** (exponent - EXPONENT_MIN + 1);
}

/** floor(log2 value), exact, for whole numbers below 2^63. */
function exponentOf(value: number): number {
  const high = Math.floor(value / 2 ** 32);
  return high > 0 ? 63 - Math.clz32(high) : 31 - Math.clz32(value);
}
