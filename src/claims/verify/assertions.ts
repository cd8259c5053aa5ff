import type { ShapeId } from '../evidence.ts';
import type {
  Amount,
  Assertion,
  Band,
  CellNumber,
  Expected,
  Given,
  Growth,
  HostText,
  NumberRef,
  PairNumber,
  ProbeRef,
  Requirement,
  SeriesRef,
} from './claim.ts';
import type { Observed } from './verdict-schema.ts';

/** What an assertion may have beside its kind's own. */
interface More {
  readonly requires?: readonly Requirement[];
  readonly given?: readonly Given[];
}
interface MoreOfBand extends More {
  readonly noise?: number;
  /** How the number is called. */
  readonly name: string;
}

// Numbers

/** A single cost by its id, in ns. */
export function cost(id: string, unit?: 'cycles' | 'tscCycles'): NumberRef {
  return unit === undefined ? { from: 'cost', id } : { from: 'cost', id, in: unit };
}

export function cell(model: string, load: ShapeId, of: CellNumber): NumberRef {
  return { from: 'cell', model, load, of };
}

/** `model` over `base`. */
export function pair(model: string, base: string, load: ShapeId, of: PairNumber): NumberRef {
  return { from: 'pair', model, base, load, of };
}

/** A value that a probe observed: a number of an amount, or what an assertion is about. */
export function probe<Value extends string | readonly string[]>(
  id: string,
  value: Value,
): ProbeRef & { readonly value: Value } {
  return { from: 'probe', id, value };
}

/** How many times slower a row is while somebody counts its system calls. */
export function slowdown(model: string, load: ShapeId, by: 'strace' | 'tracepoint'): NumberRef {
  return { from: 'tracing', model, load, by };
}

export function number(value: number): NumberRef {
  return { from: 'number', value };
}

export function minus(left: Amount, right: Amount): Amount {
  return { op: 'minus', left, right };
}
export function over(left: Amount, right: Amount): Amount {
  return { op: 'over', left, right };
}
export function times(left: Amount, right: Amount): Amount {
  return { op: 'times', left, right };
}

/** Costs with ids such as `poll-1000`, over these counts. */
export function costsOver(name: (n: number) => string, counts: readonly number[]): SeriesRef {
  return { from: 'costs', points: counts.map((n) => ({ n, id: name(n) })) };
}

/** What idle connections cost a row, with so many active ones beside them. */
export function sweep(model: string, active = 1): SeriesRef {
  return { from: 'scale', model, active };
}

// Assertions: each says when the claim holds. `about` is the part or the set-up that it is about.

/** Nanoseconds. */
export function costs(about: string, of: Amount, band: Band, more: MoreOfBand): Assertion {
  return { kind: 'cost', about, of, band, ...more };
}

export function ratio(about: string, of: Amount, band: Band, more: MoreOfBand): Assertion {
  return { kind: 'ratio', about, of, band, ...more };
}

/** @param more with the unit, such as `calls/request`. */
export function count(
  about: string,
  of: Amount,
  band: Band,
  more: MoreOfBand & { readonly unit: string },
): Assertion {
  return { kind: 'count', about, of, band, ...more };
}

export function growth(about: string, of: SeriesRef, is: Growth, more: More = {}): Assertion {
  return { kind: 'growth', about, of, is, ...more };
}

/** What a probe saw happen. */
export function behaviour(about: string, ref: ProbeRef, is: Expected, more: More = {}): Assertion {
  return { kind: 'behaviour', about, ref, is, ...more };
}

/** What is so without anything happening. */
export function fact(about: string, ref: ProbeRef, is: Expected, more: More = {}): Assertion {
  return { kind: 'fact', about, ref, is, ...more };
}

export function hostFact(about: string, name: HostText, is: Expected): Assertion {
  return { kind: 'fact', about, ref: { from: 'host', fact: name }, is };
}

/** Holds where the document says what the guide says, both in the same few words. */
export function source(about: string, claimed: string, documented: string, document: string): Assertion {
  return { kind: 'source', about, claimed, documented, source: document };
}

/** A control: it must be as expected, or what stands beside it says nothing. */
export function given(ref: ProbeRef, is: Expected): Given {
  return { ref, is };
}

export const YES: Expected = { equals: true };
export const NO: Expected = { equals: false };

export function equals(value: Observed): Expected {
  return { equals: value };
}
export function atLeast(value: number): Expected {
  return { atLeast: value };
}
export function atMost(value: number): Expected {
  return { atMost: value };
}
export function oneOf(...values: readonly (boolean | number | string)[]): Expected {
  return { oneOf: values };
}
