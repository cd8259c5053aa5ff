import type { Interval } from '../stats/bootstrap.ts';
import { BYTES_PER_KIB, MS_PER_S, NS_PER_MS, NS_PER_S, NS_PER_US } from '../util/units.ts';

/** What stands where nothing could be measured. */
export const NOTHING = '-';

/** A number in three or four digits with an SI prefix: `980`, `12.3k`, `152.3k`, `1.20M`. */
export function formatSi(value: number): string {
  for (const { factor, prefix } of SI) {
    // Compared after rounding, so that 999,960 becomes 1.00M and not 1000.0k.
    if (Math.abs(value) >= factor * 0.99995) return `${digits(value / factor)}${prefix}`;
  }
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}

/** A time in three digits: `830 ns`, `12.3 µs`, `1.20 ms`, `2.05 s`. */
export function formatDuration(
  ns: number,
  options: { readonly digits?: number; readonly space?: string } = {},
) {
  const { digits: precision = 3, space = ' ' } = options;
  for (const [index, { factor, unit }] of DURATIONS.entries()) {
    const whole = unit === 'ns' && Number.isInteger(ns);
    const text = whole ? String(ns) : significant(ns / factor, precision);
    const last = index === DURATIONS.length - 1;
    if (last || Number(text) < 1000) return `${text}${space}${unit}`;
  }
  return NOTHING;
}

/** Wall time for people: `480 ms`, `12.3 s`, `1 min 52 s`; whole seconds where `s` is the finest wanted. */
export function formatWallTime(ms: number, finest: 'ms' | 's' = 'ms'): string {
  const seconds = Math.round(ms / MS_PER_S);
  if (seconds >= 100) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return finest === 's' ? `${seconds} s` : formatDuration(ms * NS_PER_MS);
}

/** Bytes in three digits, in powers of 1024, whole ones without decimals: `64 B`, `64 KiB`, `2.20 MiB`. */
export function formatBytes(bytes: number, space = ' '): string {
  let value = bytes;
  for (const unit of BYTE_UNITS) {
    if (value < 999.5) return `${Number.isInteger(value) ? value : significant(value, 3)}${space}${unit}`;
    value /= BYTES_PER_KIB;
  }
  return `${formatCount(value * BYTES_PER_KIB)}${space}${BYTE_UNITS.at(-1)}`;
}

/** A whole number with its thousands apart: `1,234,567`. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A whole number with its sign: `+1,204`, `-36`, `0`. */
export function formatSigned(value: number): string {
  const rounded = Math.round(value);
  return rounded > 0 ? `+${formatCount(rounded)}` : formatCount(rounded + 0);
}

/** Events per request: `0.0123`, `2.05`, `14.0`, `1.20k`. */
export function formatPerRequest(value: number): string {
  if (value === 0) return '0';
  if (value < 0.0005) return '<.001';
  if (value < 9.995) return value.toFixed(value < 0.0995 ? 3 : 2);
  return value < 99.95 ? value.toFixed(1) : formatSi(Math.round(value));
}

/** A ratio with as many decimals as its size makes useful: `1.234`, `12.34`, `123`. */
export function formatRatio(ratio: number): string {
  if (ratio < 9.9995) return ratio.toFixed(3);
  return ratio < 99.995 ? ratio.toFixed(2) : formatSi(Math.round(ratio));
}

/** A number with its interval, all to the same decimals: `23.4 [22.8, 24.1]`, `0.004 [-0.020, 0.031]`. */
export function formatEstimate(value: number, interval: Interval | null): string {
  const largest = Math.max(...[value, interval?.low ?? 0, interval?.high ?? 0].map(Math.abs));
  const decimals = largest === 0 ? 0 : Math.min(3, Math.max(0, 2 - Math.floor(Math.log10(largest))));
  // A negative number that rounds to nothing is no less than nothing.
  const text = (number: number) => number.toFixed(decimals).replace(/^-(0(?:\.0+)?)$/, '$1');
  return interval === null ? text(value) : `${text(value)} [${text(interval.low)}, ${text(interval.high)}]`;
}

/** A change of a ratio from 1, with its interval: `+5.0 %`, `-3.2 % [-4.0 %, -2.4 %]`. */
export function formatChange(ratio: number, interval: Interval | null = null): string {
  const text = (of: number) => {
    const percent = (100 * (of - 1)).toFixed(1).replace(/^-(?=0\.0$)/, '');
    return `${percent.startsWith('-') ? '' : '+'}${percent} %`;
  };
  return interval === null ? text(ratio) : `${text(ratio)} [${text(interval.low)}, ${text(interval.high)}]`;
}

/** A share that was asked for, as it was: `5 %`, `0.25 %`. */
export function formatPercent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}

/** A share of one: `76 %`. */
export function formatShare(share: number): string {
  return `${Math.round(share * 100)} %`;
}

const SI = [
  { factor: 1e9, prefix: 'G' },
  { factor: 1e6, prefix: 'M' },
  { factor: 1e3, prefix: 'k' },
] as const;

const DURATIONS = [
  { factor: 1, unit: 'ns' },
  { factor: NS_PER_US, unit: 'µs' },
  { factor: NS_PER_MS, unit: 'ms' },
  { factor: NS_PER_S, unit: 's' },
] as const;

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

function digits(value: number): string {
  if (value < 9.995) return value.toFixed(2);
  return value.toFixed(1);
}

/** So many significant digits, without an exponent. */
function significant(value: number, precision: number): string {
  const rounded = Number(value.toPrecision(precision));
  const whole = Math.max(1, Math.floor(Math.log10(rounded)) + 1);
  return rounded.toFixed(Math.max(0, precision - whole));
}
