import type { Latency } from '../results/schema.ts';
import { mergeLatencies, quantileNs, samplesNeeded } from '../stats/histogram.ts';

/** A percentile, and whether the samples suffice to believe it. */
export interface Percentile {
  /** Null when nothing was recorded. */
  readonly valueNs: number | null;
  /** At least `samplesNeeded` values were recorded, that is ten beyond it. */
  readonly enough: boolean;
  readonly samplesNeeded: number;
}

/** Of all trials as one distribution; see `stats/histogram.ts` for what a percentile is. */
export interface LatencySummary {
  readonly count: number;
  readonly meanNs: number | null;
  readonly minNs: number | null;
  readonly maxNs: number | null;
  readonly p50: Percentile;
  readonly p99: Percentile;
  readonly p999: Percentile;
}

/** Percentiles of the ONE histogram that all trials add up to. */
export function summarizeLatency(latencies: readonly Latency[]): LatencySummary {
  const merged = mergeLatencies(latencies);
  const empty = merged.count === 0;
  const percentile = (share: number): Percentile => ({
    valueNs: quantileNs(merged, share),
    enough: merged.count >= samplesNeeded(share),
    samplesNeeded: samplesNeeded(share),
  });
  return {
    count: merged.count,
    meanNs: empty ? null : merged.sumNs / merged.count,
    minNs: empty ? null : merged.minNs,
    maxNs: empty ? null : merged.maxNs,
    p50: percentile(0.5),
    p99: percentile(0.99),
    p999: percentile(0.999),
  };
}
