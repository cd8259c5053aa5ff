import type { MeasuredTrial } from '../results/schema.ts';
import { quantileNs, samplesNeeded } from '../stats/histogram.ts';
import type { Workload } from '../workloads/schema.ts';
import type { MetricId } from './result.ts';

/** How a metric is read, and what the host may do to it between two runs. */
export interface Metric {
  readonly id: MetricId;
  readonly better: 'higher' | 'lower';
  /** Null: cannot be measured in this trial. */
  readonly valueOf: (trial: MeasuredTrial) => number | null;
  /** Differences below this are none, however large a share they are. */
  readonly resolution: number;
  /**
   * What moves it from run to run: `cpu` the machine's speed, which the load generator feels as well;
   * `wall` that, and whoever else wants the CPUs; `load` how requests happen to meet; `chance` nothing
   * that lasts for a run.
   */
  readonly drift: 'cpu' | 'wall' | 'load' | 'chance';
}

const P99 = 0.99;

/** In the order of the tables. A count that hardly varies is judged as one, whatever stands here. */
export const METRICS: readonly Metric[] = [
  {
    id: 'syscallsPerRequest',
    better: 'lower',
    valueOf: ({ observation }) => observation.server.syscallsPerRequest,
    resolution: 0.02,
    drift: 'load',
  },
  {
    id: 'contextSwitchesPerRequest',
    better: 'lower',
    valueOf: ({ observation }) => observation.server.contextSwitchesPerRequest,
    resolution: 0.02,
    drift: 'load',
  },
  {
    id: 'cpuNsPerRequest',
    better: 'lower',
    valueOf: ({ observation }) => observation.server.cpuNsPerRequest,
    resolution: 0,
    drift: 'cpu',
  },
  {
    id: 'throughputPerS',
    better: 'higher',
    valueOf: ({ observation }) => observation.throughputPerS,
    resolution: 0,
    drift: 'wall',
  },
  {
    id: 'responseP50Ns',
    better: 'lower',
    valueOf: ({ observation }) => quantileNs(observation.response, 0.5),
    resolution: 0,
    drift: 'wall',
  },
  {
    id: 'responseP99Ns',
    better: 'lower',
    valueOf: ({ observation }) =>
      observation.response.count < samplesNeeded(P99) ? null : quantileNs(observation.response, P99),
    resolution: 0,
    drift: 'wall',
  },
  {
    id: 'rssMaxBytes',
    better: 'lower',
    valueOf: ({ observation }) => observation.server.rssMaxBytes,
    resolution: 64 * 1024,
    drift: 'chance',
  },
];

export const METRIC_IDS = METRICS.map((metric) => metric.id);

/** Why a metric says nothing about the server under a workload; null: it does. */
export function whyMeaningless(metric: Metric, saturation: readonly string[], workload: Workload) {
  if (metric.id !== 'throughputPerS' || workload.mode === 'open') return null;
  return saturation.includes('client')
    ? 'the client was the limit, so that throughput says nothing about the server'
    : null;
}
