import { quantile } from 'simple-statistics';
import type { Observation } from '../results/schema.ts';
import { quantileNs } from '../stats/histogram.ts';
import type { MeasuredRow } from '../summary/run-summary.ts';
import type { ExportCell } from './cells.ts';

/** A number that a cell is plotted and compared by. */
export interface Measure {
  readonly id: MeasureId;
  /** For people. */
  readonly title: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** Of all trials together; null: could not be measured. */
  ofRow(row: MeasuredRow): number | null;
  /** Of one trial. */
  ofTrial(observation: Observation): number | null;
}

export type MeasureId =
  | 'throughput'
  | 'latency-p50'
  | 'latency-p99'
  | 'cpu-per-request'
  | 'syscalls-per-request'
  | 'context-switches-per-request'
  | 'rss-max';

/** What the formats of one number per benchmark and measure hold. */
export const MEASURES: readonly Measure[] = [
  {
    id: 'throughput',
    title: 'throughput',
    unit: 'req/s',
    better: 'higher',
    ofRow: (row) => row.throughputPerS.median,
    ofTrial: (observation) => observation.throughputPerS,
  },
  {
    id: 'latency-p50',
    title: 'p50 latency',
    unit: 'ns',
    better: 'lower',
    ofRow: (row) => row.response.p50.valueNs,
    ofTrial: ({ response }) => quantileNs(response, 0.5),
  },
  {
    id: 'latency-p99',
    title: 'p99 latency',
    unit: 'ns',
    better: 'lower',
    ofRow: (row) => row.response.p99.valueNs,
    ofTrial: ({ response }) => quantileNs(response, 0.99),
  },
  {
    id: 'cpu-per-request',
    title: 'server CPU',
    unit: 'ns/req',
    better: 'lower',
    ofRow: (row) => row.server.cpuNsPerRequest,
    ofTrial: ({ server, requests }) => (requests.accounted > 0 ? server.cpuNsPerRequest : null),
  },
  {
    id: 'syscalls-per-request',
    title: 'system calls',
    unit: 'calls/req',
    better: 'lower',
    ofRow: (row) => row.server.syscallsPerRequest,
    ofTrial: ({ server, requests }) => (requests.accounted > 0 ? server.syscallsPerRequest : null),
  },
  {
    id: 'context-switches-per-request',
    title: 'context switches',
    unit: 'switches/req',
    better: 'lower',
    ofRow: (row) => row.server.contextSwitchesPerRequest,
    ofTrial: ({ server, requests }) => (requests.accounted > 0 ? server.contextSwitchesPerRequest : null),
  },
  {
    id: 'rss-max',
    title: 'peak resident memory',
    unit: 'bytes',
    better: 'lower',
    ofRow: (row) => row.server.rssMaxBytes,
    ofTrial: ({ server }) => server.rssMaxBytes,
  },
];

/** A measure of a cell, and the quartiles of its trials around it. */
export interface Measurement {
  readonly measure: Measure;
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
}

/** What could be measured of a cell, in the order of `MEASURES`; never NaN or infinite. */
export function measurementsOf(cell: ExportCell<MeasuredRow>): readonly Measurement[] {
  return MEASURES.flatMap((measure) => {
    const value = measure.ofRow(cell.row);
    if (value === null || !Number.isFinite(value)) return [];
    const perTrial = cell.trials
      .map(({ observation }) => measure.ofTrial(observation))
      .filter((trial): trial is number => trial !== null && Number.isFinite(trial));
    const [q1, q3] = perTrial.length > 0 ? quantile(perTrial, [0.25, 0.75]) : [];
    // Pooled over all trials, a value may lie beyond the quartiles of the trials.
    const lower = Math.min(value, q1 ?? value);
    return [{ measure, value, lower, upper: Math.max(value, q3 ?? value) }];
  });
}
