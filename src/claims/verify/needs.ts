import type { ShapeId } from '../evidence.ts';
import { refsOf } from './amount.ts';
import type { Assertion, Claim, NumberRef, SeriesRef } from './claim.ts';

/** What claims have to be held against: each once, however many of them need it. */
export interface Needs {
  readonly costs: readonly string[];
  readonly probes: readonly string[];
  /** Rows by load. */
  readonly cells: readonly { readonly model: string; readonly load: ShapeId; readonly audit: boolean }[];
  readonly sweeps: readonly { readonly model: string; readonly active: number }[];
}

export function needsOf(claims: readonly Claim[]): Needs {
  const assertions = claims.flatMap((claim) => claim.assertions);
  const numbers = assertions.flatMap(numbersOf);
  const series = assertions.flatMap(seriesOf);
  return {
    costs: distinct([
      ...numbers.flatMap((ref) => (ref.from === 'cost' ? [ref.id] : [])),
      ...series.flatMap((ref) => (ref.from === 'costs' ? ref.points.map(({ id }) => id) : [])),
    ]),
    probes: distinct([
      ...numbers.flatMap((ref) => (ref.from === 'probe' ? [ref.id] : [])),
      ...assertions.flatMap(probesOf),
    ]),
    cells: byKey(numbers.flatMap(cellsOf)),
    sweeps: byKey(
      series.flatMap((ref) => (ref.from === 'scale' ? [{ model: ref.model, active: ref.active }] : [])),
    ),
  };
}

function numbersOf(assertion: Assertion): readonly NumberRef[] {
  const { kind } = assertion;
  return kind === 'cost' || kind === 'ratio' || kind === 'count' ? refsOf(assertion.of) : [];
}

function seriesOf(assertion: Assertion): readonly SeriesRef[] {
  return assertion.kind === 'growth' ? [assertion.of] : [];
}

function probesOf(assertion: Assertion): readonly string[] {
  if (assertion.kind === 'source') return [];
  const own = assertion.kind === 'behaviour' || assertion.kind === 'fact' ? [assertion.ref] : [];
  const controls = (assertion.given ?? []).map(({ ref }) => ref);
  return [...own, ...controls].flatMap((ref) => (ref.from === 'probe' ? [ref.id] : []));
}

function cellsOf(ref: NumberRef): Needs['cells'] {
  switch (ref.from) {
    case 'cell':
      return [{ model: ref.model, load: ref.load, audit: false }];
    case 'pair':
      return [ref.base, ref.model].map((model) => ({ model, load: ref.load, audit: false }));
    case 'tracing':
      return [{ model: ref.model, load: ref.load, audit: true }];
    default:
      return [];
  }
}

function distinct(ids: readonly string[]): string[] {
  return [...new Set(ids)].sort();
}

function byKey<T extends object>(all: readonly T[]): T[] {
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}
