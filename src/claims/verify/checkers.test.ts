import { describe, expect, test } from 'vitest';
import { ABLE_HOST, fakeObservations, keyOf, NOTHING_KNOWN } from '../../fixtures/observations.ts';
import {
  behaviour,
  cost,
  costs,
  costsOver,
  equals,
  given,
  growth,
  minus,
  over,
  probe,
  ratio,
} from './assertions.ts';
import { judge } from './checkers.ts';
import type { Assertion, NumberRef } from './claim.ts';
import type { Quantity } from './observations.ts';
import type { Observed } from './verdict-schema.ts';

function withNumbers(numbers: readonly (readonly [NumberRef, Partial<Quantity>])[]) {
  const full = numbers.map(
    ([ref, quantity]) => [keyOf(ref), { value: 0, interval: null, unit: 'ns', ...quantity }] as const,
  );
  return fakeObservations({ ...NOTHING_KNOWN, numbers: new Map(full) });
}

function withProbe(id: string, values: Readonly<Record<string, Observed>>) {
  const observed = Object.entries(values).map(([name, value]) => [keyOf(probe(id, name)), value] as const);
  return fakeObservations({ ...NOTHING_KNOWN, observed: new Map(observed) });
}

describe('a number in a band of 100 to 200 with edges of a tenth', () => {
  const assertion = costs('x', cost('a'), { low: 100, high: 200 }, { name: 'a', noise: 0.1 });
  test.each([
    { value: 150, interval: null, result: 'confirmed' },
    { value: 150, interval: { low: 111, high: 179 }, result: 'confirmed' },
    { value: 105, interval: null, result: 'noise' },
    { value: 185, interval: null, result: 'noise' },
    { value: 150, interval: { low: 50, high: 300 }, result: 'noise' },
    { value: 215, interval: null, result: 'noise' },
    { value: 230, interval: { low: 221, high: 240 }, result: 'refuted' },
    { value: 230, interval: { low: 150, high: 240 }, result: 'noise' },
    { value: 89, interval: null, result: 'refuted' },
  ])('$value $interval is $result', ({ value, interval, result }) => {
    expect(judge(assertion, withNumbers([[cost('a'), { value, interval }]])).result).toBe(result);
  });
  test('says which precision is missing', () => {
    const near = judge(
      assertion,
      withNumbers([[cost('a'), { value: 180, interval: { low: 150, high: 210 } }]]),
    );
    expect(near.precision).toBe(
      '150 ns to 210 ns is not clear of the edge 200 ns, which is ± 20 ns wide: no interval decides so near to it',
    );
    const wide = judge(
      assertion,
      withNumbers([[cost('a'), { value: 160, interval: { low: 120, high: 200 } }]]),
    );
    expect(wide.precision).toBe(
      '120 ns to 200 ns is not clear of the edge 200 ns: the interval is ± 40 ns, and ± 20 ns would decide',
    );
  });
});

describe('what is computed of costs', () => {
  const rounds = [10, 12, 11, 40, 10, 12, 11];
  const slow = rounds.map((round) => round + 5);
  const base = { value: 11, interval: { low: 10, high: 40 }, rounds };
  const other = { value: 16, interval: { low: 15, high: 45 }, rounds: slow };
  const observations = withNumbers([
    [cost('base'), base],
    [cost('other'), other],
  ]);
  test('is paired round by round: what disturbs both disturbs no difference', () => {
    const difference = costs(
      'x',
      minus(cost('other'), cost('base')),
      { low: 4, high: 7 },
      { name: 'd', noise: 0.1 },
    );
    const { result, evidence } = judge(difference, observations);
    expect(result).toBe('confirmed');
    expect(evidence[0]).toMatchObject({ value: 5, interval: { low: 5, high: 5 } });
  });
  test('takes the worst case where the rounds are not the same ones', () => {
    const alone = withNumbers([
      [cost('base'), { value: 10, interval: { low: 9, high: 11 } }],
      [cost('other'), { value: 20, interval: { low: 18, high: 22 } }],
    ]);
    const { evidence } = judge(
      ratio('x', over(cost('other'), cost('base')), { low: 1 }, { name: 'r' }),
      alone,
    );
    expect(evidence[0]).toMatchObject({ value: 2, interval: { low: 18 / 11, high: 22 / 9 } });
  });
  test('is missing with each part that is', () => {
    const outcome = judge(
      ratio('x', over(cost('other'), cost('none')), { low: 1 }, { name: 'r' }),
      observations,
    );
    expect(outcome).toMatchObject({ result: 'missing', evidence: [] });
    expect(outcome.missing).toHaveLength(1);
  });
  test('is no number where it divides by nothing', () => {
    const none = withNumbers([
      [cost('base'), { value: 0 }],
      [cost('other'), { value: 3 }],
    ]);
    expect(judge(ratio('x', over(cost('other'), cost('base')), { low: 1 }, { name: 'r' }), none).result).toBe(
      'missing',
    );
  });
});

test('Growth needs counts that lie apart', () => {
  const of = costsOver((n) => `c-${n}`, [100, 200]);
  const points = [100, 200].map((n) => ({ n, value: n, interval: null, unit: 'ns' }));
  const observations = fakeObservations({
    ...NOTHING_KNOWN,
    series: new Map([[keyOf(of), { points, fit: null }]]),
  });
  expect(judge(growth('x', of, 'O(N)'), observations).result).toBe('missing');
});

test('A control that failed leaves nothing to say, and says so', () => {
  const assertion = behaviour('x', probe('p', 'lost'), equals(0), {
    given: [given(probe('p', 'control'), equals(0))],
  });
  expect(judge(assertion, withProbe('p', { lost: 3, control: 0 })).result).toBe('refuted');
  expect(judge(assertion, withProbe('p', { lost: 3, control: 1 }))).toMatchObject({
    result: 'missing',
    missing: [{ what: 'the control p: control', why: 'it should be 0, and is 1' }],
  });
});

test.each<{
  requires: NonNullable<Extract<Assertion, { kind: 'behaviour' }>['requires']>;
  what: string;
  why: string;
}>([
  { requires: [{ kernel: '6.1' }], what: 'Linux 6.1', why: 'this is 5.15.0-91-generic' },
  { requires: [{ cpus: 2 }], what: '2 CPUs that may be used', why: 'here are 1' },
  { requires: [{ libc: 'glibc' }], what: 'glibc', why: 'the C library here is musl 1.2' },
])('$what is missing where the host has it not', ({ requires, what, why }) => {
  const host = {
    texts: { ...ABLE_HOST.texts, kernel: '5.15.0-91-generic', libc: 'musl 1.2' },
    numbers: { ...ABLE_HOST.numbers, cpus: 1 },
  };
  const assertion = behaviour('x', probe('p', 'a'), equals(1), { requires });
  const observations = { ...withProbe('p', { a: 1 }), host };
  expect(judge(assertion, observations)).toMatchObject({ result: 'missing', missing: [{ what, why }] });
});
