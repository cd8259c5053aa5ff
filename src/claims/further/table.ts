import type { Assertion } from '../assertion.ts';
import type { Reading, Shown } from './reading.ts';

/** A table of the guide as data: what it says, and what would answer each cell. */
export interface GuideTable {
  readonly id: string;
  /** The guide's own heading. */
  readonly title: string;
  /** What the guide says: a column for each of these. */
  readonly guide: readonly GuideColumn[];
  /** What this host says. */
  readonly here: readonly GuideColumn[];
  readonly rows: readonly GuideTableRow[];
  readonly notes?: readonly string[];
}

export interface GuideColumn {
  readonly key: string;
  readonly header: string;
}

export interface GuideTableRow {
  readonly id: string;
  /** Ids in the catalogue of claims. */
  readonly claims: readonly string[];
  /** By column; the first one names the row. */
  readonly guide: Readonly<Record<string, string>>;
  readonly here: Readonly<Record<string, Reading>>;
  /** Where the guide errs or leaves out a condition; null: it does not. */
  readonly correction: string | null;
}

/** One column of this host. */
export const HERE: readonly GuideColumn[] = [{ key: 'here', header: 'this host' }];

export function documented(
  text: string,
  source: string,
  runsHere?: readonly string[],
): Extract<Assertion, { kind: 'documented' }> {
  return { kind: 'documented', text, source, ...(runsHere === undefined ? {} : { runsHere }) };
}

export function seen(
  probe: string,
  ...shows: readonly (readonly [value: string, name: string, unit?: string])[]
): Reading {
  return {
    kind: 'seen',
    probe,
    shows: shows.map(
      ([value, name, unit]): Shown => ({ value, name, ...(unit === undefined ? {} : { unit }) }),
    ),
  };
}

export function cost(id: string, name: string): Reading {
  return { kind: 'cost', id, name };
}

/** With cycles as well. */
export function cycles(id: string, name: string): Reading {
  return { kind: 'cost', id, name, cycles: true };
}

export function several(...of: readonly Reading[]): Reading {
  return { kind: 'several', of };
}

export function beside(reading: Reading, text: string, source: string): Reading {
  return { kind: 'beside', reading, fact: documented(text, source) };
}

export function notMeasured(why: string): Reading {
  return { kind: 'not-measured', why };
}
