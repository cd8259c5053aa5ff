import { quantile } from 'simple-statistics';
import type { Metric } from '../metrics/metric.ts';
import type { MeasuredRow } from '../summary/run-summary.ts';
import type { ExportCell } from './cells.ts';

/** A metric of a cell, and the quartiles of its trials around it. */
export interface Measurement {
  readonly metric: Metric;
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
}

/** What could be measured of a cell from enough samples, of these metrics; never NaN or infinite. */
export function measurementsOf(
  cell: ExportCell<MeasuredRow>,
  metrics: readonly Metric[],
): readonly Measurement[] {
  return metrics.flatMap((metric) => {
    const { value = null, enough = false } = cell.row.metrics[metric.id] ?? {};
    if (value === null || !enough || !Number.isFinite(value)) return [];
    const perTrial = cell.trials
      .map(({ observation }) => metric.ofTrial(observation))
      .filter((trial): trial is number => trial !== null && Number.isFinite(trial));
    const [q1, q3] = perTrial.length > 0 ? quantile(perTrial, [0.25, 0.75]) : [];
    // Pooled over all trials, a value may lie beyond the quartiles of the trials.
    const lower = Math.min(value, q1 ?? value);
    return [{ metric, value, lower, upper: Math.max(value, q3 ?? value) }];
  });
}
