import type { Latency } from '../results/schema.ts';
import { mergeLatencies, quantileNs, samplesNeeded } from '../stats/histogram.ts';
import type { LatencySummary, Percentile } from './run-summary.ts';

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
