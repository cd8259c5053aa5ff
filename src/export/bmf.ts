import { bmfName } from '../metrics/registry.ts';
import { measuredCells } from './cells.ts';
import type { Exporter } from './exporter.ts';
import { type Measurement, measurementsOf } from './measurements.ts';
import { clockSuffix } from './origin.ts';

/**
 * Bencher Metric Format: benchmark, measure, value with the quartiles of its trials. Source:
 * bencher.dev/docs/reference/bencher-metric-format.
 */
export const bmfExporter: Exporter = {
  id: 'bmf',
  title: 'Bencher',
  files: ['bmf.json'],
  picksMetrics: true,
  write: (input) => {
    const benchmarks = measuredCells(input).map((cell) => [
      `${cell.label}/${cell.workload}${clockSuffix(input.result.record)}`,
      Object.fromEntries(measurementsOf(cell, input.metrics).map(metricOf)),
    ]);
    return [`${JSON.stringify(Object.fromEntries(benchmarks), null, 2)}\n`];
  },
};

function metricOf({ metric, value, lower, upper }: Measurement) {
  const bounds = lower === null || upper === null ? {} : { lower_value: lower, upper_value: upper };
  return [bmfName(metric), { value, ...bounds }] as const;
}
