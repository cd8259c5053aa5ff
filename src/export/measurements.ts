import { quantile } from 'simple-statistics';
import type { Metric } from '../metrics/metric.ts';
import type { MeasuredRow } from '../summary/run-summary.ts';
import { type ExportCell, trialsOfMetric } from './cells.ts';

/**
 * A metric of a cell, and the quartiles of its trials around it: null where no trial has enough samples of its
 * own, which is not the same as no spread.
 */
export interface Measurement {
  readonly metric: Metric;
  readonly value: number;
  readonly lower: number | null;
  readonly upper: number | null;
}

/** What could be measured of a cell from enough samples, of these metrics; never NaN or infinite. */
export function measurementsOf(
  cell: ExportCell<MeasuredRow>,
  metrics: readonly Metric[],
): readonly Measurement[] {
  return metrics.flatMap((metric): readonly Measurement[] => {
    const { value = null, enough = false } = cell.row.metrics[metric.id] ?? {};
    if (value === null || !enough || !Number.isFinite(value)) return [];
    const perTrial = trialsOfMetric(cell, metric)
      .map(({ observation }) => metric.ofTrial(observation))
      .filter((trial): trial is number => trial !== null && Number.isFinite(trial));
    if (perTrial.length === 0) return [{ metric, value, lower: null, upper: null }];
    const [q1 = value, q3 = value] = quantile(perTrial, [0.25, 0.75]);
    // Pooled over all trials, a value may lie beyond the quartiles of the trials.
    return [{ metric, value, lower: Math.min(value, q1), upper: Math.max(value, q3) }];
  });
}
