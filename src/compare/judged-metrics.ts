import type { Metric } from '../metrics/metric.ts';
import { METRICS } from '../metrics/registry.ts';
import type { Saturation } from '../results/schema.ts';
import type { Workload } from '../workloads/schema.ts';

/** What hardly varies stands first, for it is a finding even where time is noise. */
const ORDER: readonly Metric['movedBy'][] = ['program', 'boot', 'load', 'cpu', 'wall', 'chance'];

/** Every metric in the order of the verdicts. A count that hardly varies is judged as one, whatever stands there. */
export const COMPARED_METRICS: readonly Metric[] = METRICS.toSorted(
  (a, b) => ORDER.indexOf(a.movedBy) - ORDER.indexOf(b.movedBy),
);

export const METRIC_IDS = COMPARED_METRICS.map((metric) => metric.id);

/** Those that are judged unless it is said which. */
export const JUDGED_IDS = COMPARED_METRICS.filter((metric) => metric.judged).map((metric) => metric.id);

/** Whether it is judged as a count where it hardly varies. */
export function mayBeCount({ movedBy }: Metric): boolean {
  return movedBy === 'program' || movedBy === 'load';
}

/** Why a metric says nothing about the server in a cell; null: it does. */
export function whyMeaningless(
  { isRate, name }: Metric,
  limits: readonly (Saturation | 'other')[],
  workload: Workload,
): string | null {
  if (!isRate || workload.mode === 'open') return null;
  return limits.includes('client')
    ? `the client was the limit, so that ${name} says nothing about the server`
    : null;
}
