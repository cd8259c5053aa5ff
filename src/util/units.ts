/** Nanoseconds in the larger units. */
export const NS_PER_US = 1e3;
export const NS_PER_MS = 1e6;
export const NS_PER_S = 1e9;
export const MS_PER_S = 1e3;
export const BYTES_PER_KIB = 1024;
export const BYTES_PER_MIB = 1024 * 1024;

/** A count with its unit: `1 block`, `7 blocks`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
