import { measuredCells } from './cells.ts';
import type { Exporter } from './exporter.ts';
import { type MeasureId, type Measurement, measurementsOf } from './measures.ts';

/** Bencher's own names where it has one: `latency` is in ns, `throughput` in operations per second. */
const NAMES: Partial<Record<MeasureId, string>> = { 'latency-p50': 'latency' };

/**
 * Bencher Metric Format: benchmark, measure, value with the quartiles of its trials. Source:
 * bencher.dev/docs/reference/bencher-metric-format.
 */
export const bmfExporter: Exporter = {
  id: 'bmf',
  title: 'Bencher',
  files: ['bmf.json'],
  write: (input) => {
    const benchmarks = measuredCells(input).map((cell) => [
      `${cell.label}/${cell.workload}`,
      Object.fromEntries(measurementsOf(cell).map(metricOf)),
    ]);
    return [`${JSON.stringify(Object.fromEntries(benchmarks), null, 2)}\n`];
  },
};

function metricOf({ measure, value, lower, upper }: Measurement) {
  return [NAMES[measure.id] ?? measure.id, { value, lower_value: lower, upper_value: upper }] as const;
}
