import type { Axis } from '../document/chart-schema.ts';
import type { Metric, Unit } from '../metrics/metric.ts';

const UNITS: Readonly<Partial<Record<Unit, Axis['unit']>>> = {
  ns: 'ns',
  'ns-per-request': 'ns',
  'per-request': 'per-request',
  'per-connection': 'per-request',
  ratio: 'ratio',
};

/** What the values of a metric lie on. */
export function metricAxis({ title, unit }: Metric): Axis {
  return { label: title, scale: 'linear', unit: UNITS[unit] ?? 'count' };
}
