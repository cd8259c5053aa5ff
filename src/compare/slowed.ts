import type { Latency, MeasuredTrial, RunResult } from '../results/schema.ts';
import {
  bucketIndex,
  bucketValueNs,
  countedBuckets,
  encodeHistogram,
  HISTOGRAM_BUCKETS,
} from '../stats/histogram.ts';

/**
 * A run as it would be if its servers were slower by this factor: CPU and response times times it, rates divided by it.
 * For what a rule finds of a change that is known.
 */
export function slowed(run: RunResult, factor: number): RunResult {
  return {
    ...run,
    trials: run.trials.map((trial) => (trial.status === 'measured' ? slowedTrial(trial, factor) : trial)),
  };
}

function slowedTrial(trial: MeasuredTrial, factor: number): MeasuredTrial {
  const { observation } = trial;
  const { server, response, service } = observation;
  return {
    ...trial,
    observation: {
      ...observation,
      throughputPerS: observation.throughputPerS / factor,
      response: slowedLatency(response, factor),
      service: service && slowedLatency(service, factor),
      server: {
        ...server,
        cpuNs: server.cpuNs * factor,
        cpuNsPerRequest: server.cpuNsPerRequest * factor,
      },
    },
  };
}

/** Every value times the factor, in the bucket where it then lies. */
function slowedLatency(latency: Latency, factor: number): Latency {
  const dense = new Array<number>(HISTOGRAM_BUCKETS).fill(0);
  for (const { index, count } of countedBuckets(latency.histogram)) {
    const moved = bucketIndex(bucketValueNs(index, latency) * factor);
    dense[moved] = (dense[moved] ?? 0) + count;
  }
  return {
    count: latency.count,
    sumNs: latency.sumNs * factor,
    minNs: latency.minNs * factor,
    maxNs: latency.maxNs * factor,
    histogram: encodeHistogram(dense),
  };
}
