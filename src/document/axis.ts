import type { Axis } from './chart-schema.ts';
import {
  formatCount,
  formatDuration,
  formatEstimate,
  formatPerRequest,
  formatRatio,
  formatShare,
} from './format.ts';
import type { Value } from './value-schema.ts';

/**
 * A number as the axis that it lies on writes it.
 * @param form `tick` beside the axis, in as few digits as tell it; `full` where it is read.
 */
export function formatOnAxis(value: number, { unit, names }: Axis, form: 'tick' | 'full' = 'full'): string {
  const short = form === 'tick';
  switch (unit) {
    case 'ns':
      if (value < 0) return `-${formatOnAxis(-value, { label: '', scale: 'linear', unit })}`;
      if (short && value > 0 && value < 1) return `${Number(value.toPrecision(1))}ns`;
      // In as many digits as tell it: 50µs, 12.5µs.
      return short
        ? formatDuration(value, { space: '' }).replace(/\.0+(?=\D)|(\.\d)0(?=\D)/, '$1')
        : formatDuration(value);
    case 'count':
      return formatCount(value);
    case 'per-request':
      if (short) return String(Number(value.toPrecision(5)));
      return value < 0 ? `-${formatPerRequest(-value)}` : formatPerRequest(value);
    case 'ratio':
      return short ? String(Number(value.toPrecision(3))) : formatRatio(value);
    case 'percent':
      return `${value > 0 ? '+' : ''}${short ? Number(value.toPrecision(3)) : formatEstimate(value, null)} %`;
    case 'share':
      return formatShare(value);
    case 'percentile':
      return percentileName(value);
    case 'place':
      return names?.[value] ?? String(value);
  }
}

/** `p50`, `p99`, `p99.9` of 2, 100, 1000. */
export function percentileName(inverse: number): string {
  const digits = Math.max(0, Math.ceil(Math.log10(inverse)) - 1);
  return `p${Number((100 - 100 / inverse).toFixed(digits))}`;
}

/** A number of an axis as a value of a table. */
export function valueOnAxis(value: number, axis: Axis): Value {
  switch (axis.unit) {
    case 'ns':
      return value < 0
        ? { kind: 'estimate', value, interval: null }
        : { kind: 'duration', ns: value, enough: true };
    case 'count':
      return { kind: 'count', value };
    case 'per-request':
      return value < 0 ? { kind: 'estimate', value, interval: null } : { kind: 'per-request', value };
    case 'share':
      return { kind: 'share', share: value };
    case 'ratio':
    case 'percent':
      return { kind: 'estimate', value, interval: null };
    case 'percentile':
    case 'place':
      return { kind: 'text', text: formatOnAxis(value, axis) };
  }
}
