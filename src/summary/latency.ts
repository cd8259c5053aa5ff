import type { Latency } from '../results/schema.ts';
import { mergeLatencies } from '../stats/histogram.ts';
import { blockPercentile } from '../stats/percentile-interval.ts';
import type { LatencySummary } from './run-summary.ts';

/** Percentiles of the ONE histogram that all trials add up to; each trial is a block of its own. */
export function summarizeLatency(latencies: readonly Latency[]): LatencySummary {
  const merged = mergeLatencies(latencies);
  const empty = merged.count === 0;
  return {
    count: merged.count,
    meanNs: empty ? null : merged.sumNs / merged.count,
    minNs: empty ? null : merged.minNs,
    maxNs: empty ? null : merged.maxNs,
    p50: blockPercentile(latencies, 0.5),
    p99: blockPercentile(latencies, 0.99),
    p999: blockPercentile(latencies, 0.999),
  };
}
