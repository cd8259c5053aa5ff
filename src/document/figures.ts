import { NONE } from './table.ts';
import type { Figure } from './value-schema.ts';

export function figure(name: string, value: Figure['value'], unit = ''): Figure {
  return { name, value, unit };
}

export function perRequest(value: number | null): Figure['value'] {
  return value === null ? NONE : { kind: 'per-request', value };
}

export function nanoseconds(ns: number | null): Figure['value'] {
  return ns === null ? NONE : { kind: 'nanoseconds', ns };
}

export function factor(
  found: Pick<Extract<Figure['value'], { kind: 'factor' }>, 'ratio' | 'interval' | 'range'> | null,
): Figure['value'] {
  if (found === null) return NONE;
  return { kind: 'factor', ratio: found.ratio, interval: found.interval, range: found.range };
}
