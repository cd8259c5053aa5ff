import type { Comparison, MetricComparison } from '../stats/compare-result.ts';

const METRIC: MetricComparison = {
  label: 'epoll-lt',
  model: 'epoll-lt',
  workload: 'many-connections',
  metric: 'syscallsPerRequest',
  kind: 'counted',
  base: { median: 2.05, blocks: 6 },
  current: { median: 2.05, blocks: 6 },
  raw: { ratio: 1, interval: { low: 0.999, high: 1.001 } },
  normalised: null,
  relative: null,
  decidedBy: 'raw',
  change: { ratio: 1, interval: { low: 0.999, high: 1.001 } },
  threshold: 0.05,
  pValue: 0.9,
  adjustedP: 1,
  verdict: 'same',
  reason: null,
  furtherBlocks: null,
  confirmed: null,
};

const REGRESSED: MetricComparison = {
  ...METRIC,
  metric: 'cpuNsPerRequest',
  kind: 'timed',
  base: { median: 6400, blocks: 6 },
  current: { median: 7117, blocks: 6 },
  change: { ratio: 1.112, interval: { low: 1.098, high: 1.124 } },
  adjustedP: 0.0021,
  verdict: 'regressed',
  confirmed: true,
};

/** For tests only: one cell of the fixture with a metric of each verdict, and what is left out. */
export const COMPARISON: Comparison = {
  base: { runs: [], blocks: 6 },
  current: { runs: [], blocks: 6 },
  workloads: [],
  environment: [],
  unsteady: [],
  calibration: null,
  metrics: [
    METRIC,
    REGRESSED,
    { ...REGRESSED, metric: 'responseP50Ns', confirmed: false },
    { ...METRIC, metric: 'responseP99Ns', verdict: 'inconclusive', reason: 'noise: 12 more blocks' },
    { ...METRIC, metric: 'throughputPerS', verdict: 'improved' },
  ],
  leftOut: [
    { label: 'epoll-lt', workload: 'many-connections', metric: 'rssMaxBytes', reason: 'not in the base' },
    { label: 'io_uring', workload: 'fixed-rate', metric: null, reason: 'not in the base' },
    { label: 'select', workload: 'fixed-rate', metric: null, reason: 'skipped on both sides' },
  ],
  counts: { regressed: 2, improved: 1, same: 1, inconclusive: 1 },
  outcome: 'regressed',
  warnings: [],
};
