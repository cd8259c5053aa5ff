import type { Latency } from '../results/schema.ts';
import { bucketValueNs, type CountedBucket, countedBuckets, samplesNeeded } from './histogram.ts';

/** Steps from 0 to 50 %, from 50 to 75 %, and so on: as HdrHistogram's own programs have it. */
const STEPS_PER_HALF = 5;

/** A percentile of a distribution. */
export interface PercentileStep {
  readonly share: number;
  readonly valueNs: number;
  /** Values in the bucket of this one and in those below it. */
  readonly countUpTo: number;
}

/**
 * The percentiles that HdrHistogram prints of a distribution, with ever finer steps towards 1 (`PercentileIterator`
 * of its Java code): as far as there are ten values beyond them, and the largest value as 1.
 */
export function percentileSteps(latency: Latency): readonly PercentileStep[] {
  const buckets = countedBuckets(latency.histogram);
  const total = buckets.at(-1)?.countUpTo ?? 0;
  if (total === 0) return [];
  const steps = percentLevels(total).flatMap((percent) => stepAt(percent, buckets, latency) ?? []);
  return [...steps, { share: 1, valueNs: latency.maxNs, countUpTo: total }];
}

function percentLevels(total: number): readonly number[] {
  const levels: number[] = [];
  // In percent, of which the steps are dyadic parts, exact in binary.
  for (let percent = 0; samplesNeeded(percent / 100) <= total; ) {
    levels.push(percent);
    const halvings = Math.floor(Math.log2(100 / (100 - percent))) + 1;
    percent += 100 / (STEPS_PER_HALF * 2 ** halvings);
  }
  return levels;
}

function stepAt(percent: number, buckets: readonly CountedBucket[], latency: Latency): PercentileStep | null {
  const total = buckets.at(-1)?.countUpTo ?? 0;
  const bucket = buckets.find(({ countUpTo }) => (100 * countUpTo) / total >= percent);
  if (bucket === undefined) return null;
  const { index, countUpTo } = bucket;
  return { share: percent / 100, valueNs: bucketValueNs(index, latency), countUpTo };
}

/** The square root of the mean squared distance from the mean, each value as that of its bucket. */
export function standardDeviationNs(latency: Latency): number {
  const buckets = countedBuckets(latency.histogram);
  const total = buckets.at(-1)?.countUpTo ?? 0;
  if (total === 0) return 0;
  const meanNs = latency.sumNs / latency.count;
  const squares = buckets.reduce(
    (sum, { index, count }) => sum + count * (bucketValueNs(index, latency) - meanNs) ** 2,
    0,
  );
  return Math.sqrt(squares / total);
}
