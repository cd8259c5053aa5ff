import { NONE } from '../document/table.ts';
import type { Value } from '../document/value-schema.ts';
import type { Metric, RowValue } from '../metrics/metric.ts';
import { findMetric } from '../metrics/registry.ts';

const MANY = 1000;

/**
 * A number of a metric as a table shows it.
 * @param form `short` in a column whose header has the unit; `long` where the unit must be seen.
 */
export function metricValue(
  { unit }: Pick<Metric, 'unit'>,
  { value, enough }: Pick<RowValue, 'value' | 'enough'>,
  form: 'short' | 'long',
): Value {
  if (value === null) return NONE;
  switch (unit) {
    case 'requests-per-second':
      return { kind: 'rate', perS: value };
    case 'bytes-per-second':
    case 'bytes':
      return { kind: 'bytes', bytes: value };
    case 'ns':
      return { kind: 'duration', ns: value, enough };
    case 'ns-per-request':
      return form === 'short'
        ? { kind: 'nanoseconds', ns: value }
        : { kind: 'duration', ns: value, enough: true };
    case 'ratio':
    case 'per-request':
    case 'per-connection':
      // Of what happens thousands of times all digits are known.
      return value < MANY
        ? { kind: 'per-request', value: Math.max(0, value) }
        : { kind: 'count', value: Math.round(value) };
    case 'count':
      return { kind: 'count', value };
  }
}

/** The name of a metric in tables; a stored certificate may name one that this version does not have. */
export function metricName(id: string): string {
  return findMetric(id)?.name ?? id;
}
