import { describe, expect, test } from 'vitest';
import { ABLE_HOST, fakeObservations, type Known, keyOf } from '../../fixtures/observations.ts';
import { judge, NOISE } from './checkers.ts';
import type { Amount, Assertion, Band, Expected, Growth } from './claim.ts';
import type { HostFacts, Quantity, Series } from './observations.ts';
import { CLAIMS } from './sections.ts';
import { verdictOf } from './verdict.ts';
import type { Observed, Outcome } from './verdict-schema.ts';

type Result = Outcome['result'];

/** What no measurement that went well comes to. */
const ABSURD = { cost: [-1e6, 1e12], ratio: [-1000, 0], count: [-1000] } as const;

/** What is made up so far. */
interface Draft extends Known {
  readonly numbers: Map<string, Quantity>;
  readonly series: Map<string, Series>;
  readonly observed: Map<string, Observed>;
  host: HostFacts;
}

const draft = (): Draft => ({
  numbers: new Map(),
  series: new Map(),
  observed: new Map(),
  host: ABLE_HOST,
});

/** What an assertion can come to, of itself. */
function resultsOf(assertion: Assertion): readonly Result[] {
  switch (assertion.kind) {
    case 'source':
      return [judge(assertion, fakeObservations(draft())).result];
    case 'behaviour':
    case 'fact':
      return ['confirmed', 'refuted', 'missing'];
    case 'cost':
    case 'ratio':
    case 'count':
    case 'growth':
      return ['confirmed', 'refuted', 'noise', 'missing'];
  }
}

/** Makes up what would bring an assertion to a result. */
function makeUp(assertion: Assertion, result: Result, into: Draft): void {
  if (assertion.kind === 'source') return;
  if (result === 'missing') {
    if ('ref' in assertion && assertion.ref.from === 'host')
      into.host = { ...into.host, texts: { ...into.host.texts, [assertion.ref.fact]: null } };
    return;
  }
  for (const { ref, is } of assertion.given ?? [])
    if (ref.from === 'probe') into.observed.set(keyOf(ref), meeting(is));
  switch (assertion.kind) {
    case 'growth':
      into.series.set(keyOf(assertion.of), seriesFor(assertion, result));
      break;
    case 'behaviour':
    case 'fact': {
      const value = result === 'confirmed' ? meeting(assertion.is) : failing(assertion.is);
      const { ref } = assertion;
      if (ref.from === 'probe') into.observed.set(keyOf(ref), value);
      else into.host = { ...into.host, texts: { ...into.host.texts, [ref.fact]: String(value) } };
      break;
    }
    default:
      solve(
        assertion.of,
        quantityFor(assertion.band, assertion.noise ?? NOISE[assertion.kind], result),
        into,
      );
  }
}

function quantityFor(band: Band, noise: number, result: Result): Quantity {
  const { low, high } = band;
  const width = (edge: number) => Math.abs(edge) * noise;
  const at = (value: number) => ({ value, interval: null, unit: '' });
  if (result === 'confirmed') {
    if (low !== undefined && high !== undefined) return at((low + width(low) + (high - width(high))) / 2);
    return at(low === undefined ? (high ?? 0) - 1.5 * width(high ?? 0) : low + 1.5 * width(low));
  }
  const edge = high ?? low ?? 0;
  if (result === 'refuted') return at(edge + (high === undefined ? -1 : 1) * (2 * width(edge) + 1e-3));
  const reach = 1.5 * width(edge) + 1e-3;
  return { value: edge, interval: { low: edge - reach, high: edge + reach }, unit: '' };
}

/** Gives the leaves of an amount such values that it comes to what is wanted. */
function solve(amount: Amount, wanted: Quantity, into: Draft): void {
  if (!('op' in amount)) {
    if (amount.from === 'probe') into.observed.set(keyOf(amount), wanted.value);
    else if (amount.from === 'host')
      into.host = { ...into.host, numbers: { ...into.host.numbers, [amount.fact]: wanted.value } };
    else if (amount.from !== 'number') into.numbers.set(keyOf(amount), wanted);
    return;
  }
  const { op, left, right } = amount;
  if (madeOf(left, into) !== null && madeOf(right, into) === null) {
    const known = madeOf(left, into) ?? 0;
    const inverse = (value: number) =>
      op === 'minus' ? known - value : op === 'over' ? known / value : value / known;
    solve(right, through(wanted, inverse), into);
    return;
  }
  if (madeOf(right, into) === null) solve(right, { value: 10, interval: null, unit: '' }, into);
  const known = madeOf(right, into) ?? 10;
  const inverse = (value: number) =>
    op === 'minus' ? value + known : op === 'over' ? value * known : value / known;
  solve(left, through(wanted, inverse), into);
}

function through({ value, interval }: Quantity, map: (value: number) => number): Quantity {
  const ends = interval === null ? null : [map(interval.low), map(interval.high)];
  return {
    value: map(value),
    interval: ends === null ? null : { low: Math.min(...ends), high: Math.max(...ends) },
    unit: '',
  };
}

/** What an amount comes to by now; null: not known. */
function madeOf(amount: Amount, made: Draft): number | null {
  if ('op' in amount) {
    const [left, right] = [madeOf(amount.left, made), madeOf(amount.right, made)];
    if (left === null || right === null) return null;
    return amount.op === 'minus' ? left - right : amount.op === 'over' ? left / right : left * right;
  }
  if (amount.from === 'number') return amount.value;
  if (amount.from === 'host') return null;
  if (amount.from === 'probe') return Number(made.observed.get(keyOf(amount)) ?? Number.NaN) || null;
  return made.numbers.get(keyOf(amount))?.value ?? null;
}

const EXPONENTS: Readonly<Record<Growth, Readonly<Record<'confirmed' | 'refuted' | 'noise', number>>>> = {
  'O(1)': { confirmed: 0, refuted: 1, noise: 0.15 },
  'O(log N)': { confirmed: 0.1, refuted: 1, noise: 0.35 },
  'O(N)': { confirmed: 1, refuted: 0, noise: 0.7 },
};

function seriesFor({ of, is }: Extract<Assertion, { kind: 'growth' }>, result: Exclude<Result, 'missing'>) {
  const counts = of.from === 'costs' ? of.points.map(({ n }) => n) : [1, 10_000];
  const exponent = EXPONENTS[is][result];
  const points = counts.map((n) => ({ n, value: 100 * n ** exponent, interval: null, unit: 'ns' }));
  if (of.from === 'costs') return { points, fit: null };
  const fits = is === 'O(N)' ? (['O(N)', 'O(1)'] as const) : (['O(1)', 'O(N)'] as const);
  const fit = result === 'noise' ? { inconclusive: 'too noisy' } : fits[result === 'confirmed' ? 0 : 1];
  return { points, fit };
}

function meeting(is: Expected): Observed {
  if ('equals' in is) return is.equals;
  if ('oneOf' in is) return is.oneOf[0] ?? '';
  if ('since' in is) return is.since;
  return 'atLeast' in is ? is.atLeast : is.atMost;
}

function failing(is: Expected): Observed {
  if ('since' in is) return '0.1';
  if ('atLeast' in is) return is.atLeast - 1;
  if ('atMost' in is) return is.atMost + 1;
  const value = 'equals' in is ? is.equals : (is.oneOf[0] ?? '');
  if (typeof value === 'boolean') return !value;
  return typeof value === 'number' ? value + 1000 : 'something else';
}

/** Every choice of one result for each assertion. */
function choices(assertions: readonly Assertion[]): Result[][] {
  return assertions.reduce<Result[][]>(
    (all, assertion) => all.flatMap((one) => resultsOf(assertion).map((result) => [...one, result])),
    [[]],
  );
}

/** What made-up observations bring a claim to: the choices that come true, with their verdicts. */
function reached(assertions: readonly Assertion[]) {
  return choices(assertions).flatMap((wanted) => {
    const made = draft();
    for (const [i, assertion] of assertions.entries()) makeUp(assertion, wanted[i] ?? 'missing', made);
    const outcomes = assertions.map((assertion) => judge(assertion, fakeObservations(made)));
    const comes = outcomes.map(({ result }) => result);
    return comes.every((result, i) => result === wanted[i])
      ? [{ comes, word: verdictOf(outcomes).word }]
      : [];
  });
}

/** What the rule makes of results, whatever they are of. */
function wordOf(results: readonly Result[]) {
  return verdictOf(
    results.map((result) => ({
      ...{ result, kind: 'fact', basis: 'looked up', about: '', rule: '', evidence: [] },
      ...{ precision: null, missing: [] },
    })),
  ).word;
}

describe('made-up observations bring each claim to every verdict that it can reach:', () => {
  test.each(CLAIMS)('$id', ({ assertions }) => {
    expect(assertions.length).toBeGreaterThanOrEqual(1);
    expect(assertions.length).toBeLessThanOrEqual(3);
    const found = reached(assertions);
    for (const [i, assertion] of assertions.entries()) {
      const results = new Set(found.map(({ comes }) => comes[i]));
      expect([...results].sort(), assertion.about).toEqual([...resultsOf(assertion)].sort());
    }
    const possible = new Set(choices(assertions).map(wordOf));
    expect([...new Set(found.map(({ word }) => word))].sort()).toEqual([...possible].sort());
  });
});

describe('no number that cannot be confirms a claim:', () => {
  const banded = CLAIMS.flatMap(({ id, assertions }) =>
    assertions.flatMap((assertion) =>
      'band' in assertion ? [{ id, about: assertion.about, assertion }] : [],
    ),
  );
  test.each(banded)('$id, $about', ({ assertion }) => {
    for (const value of ABSURD[assertion.kind]) {
      const made = draft();
      solve(assertion.of, { value, interval: null, unit: '' }, made);
      for (const { ref, is } of assertion.given ?? [])
        if (ref.from === 'probe') made.observed.set(keyOf(ref), meeting(is));
      expect(judge(assertion, fakeObservations(made)).result, `${value}`).not.toBe('confirmed');
    }
  });
});

test('Ids are those of the catalogue’s form, and each stands once', () => {
  const ids = CLAIMS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  expect(ids).toHaveLength(193);
});
