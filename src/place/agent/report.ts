import { HISTOGRAM_BUCKETS } from '../../load/abi.ts';
import type { LoadLatency, LoadReport } from '../../load/generator.ts';
import type { AgentReport } from './protocol.ts';

/** A report as the load generator gives it here. Throws `RangeError` where a bucket is none. */
export function loadReportOf(report: AgentReport): LoadReport {
  const response = latencyOf(report.response);
  const service = report.service === null ? response : latencyOf(report.service);
  return { ...report, response, service, file: null };
}

function latencyOf(latency: AgentReport['response']): LoadLatency {
  const counts = new Array<number>(HISTOGRAM_BUCKETS).fill(0);
  for (const [bucket, counted] of latency.counts) {
    if (bucket >= counts.length) throw new RangeError(`a histogram has no bucket ${bucket}`);
    counts[bucket] = counted;
  }
  return { ...latency, counts };
}
