import { BYTES_PER_KIB } from '../util/units.ts';

/** `10,064`. */
export function counted(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 1 });
}

/** `1 connection`, `2 connections`. */
export function plural(count: number, noun: string): string {
  return `${counted(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A share as `12.5 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** `8 MiB`. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = value < 1 ? 0 : Math.floor(Math.log(value) / Math.log(BYTES_PER_KIB));
  const step = Math.min(power, units.length - 1);
  return `${counted(value / BYTES_PER_KIB ** step)} ${units[step]}`;
}

/** The items with commas, or what to say without any. */
export function listed(items: readonly string[], none: string): string {
  return items.length > 0 ? items.join(', ') : none;
}
