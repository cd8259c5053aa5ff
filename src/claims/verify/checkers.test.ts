import { describe, expect, test } from 'vitest';
import { ABLE_HOST, fakeObservations, keyOf, NOTHING_KNOWN } from '../../fixtures/observations.ts';
import {
  behaviour,
  cost,
  costs,
  costsOver,
  count,
  equals,
  given,
  growth,
  minus,
  number,
  over,
  probe,
  ratio,
} from './assertions.ts';
import { judge } from './checkers.ts';
import type { Assertion, Growth, NumberRef } from './claim.ts';
import type { Quantity, Series } from './observations.ts';
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

describe('growth', () => {
  const COUNTS = [100, 1000, 10_000];
  const of = costsOver((n) => `c-${n}`, COUNTS);
  const judged = (
    is: Growth,
    costOf: (n: number) => number,
    more: Partial<Series> & { spread?: number } = {},
  ) => {
    const { spread, fit = null } = more;
    const points = COUNTS.map((n) => {
      const value = costOf(n);
      const interval =
        spread === undefined ? null : { low: value * (1 - spread), high: value * (1 + spread) };
      return { n, value, interval, unit: 'ns' };
    });
    const series = new Map([[keyOf(of), { points, fit }]]);
    return judge(growth('x', of, is), fakeObservations({ ...NOTHING_KNOWN, series }));
  };
  const linear = (n: number) => 500 + 15 * n;

  test.each<[what: string, costOf: (n: number) => number, result: string]>([
    ['proportional', (n) => 15 * n, 'confirmed'],
    ['a line above a constant', linear, 'confirmed'],
    ['what a cache no longer holds', (n) => (n > 1000 ? 40 : 15) * n, 'confirmed'],
    ['N log N', (n) => n * Math.log2(n), 'confirmed'],
    ['N to the power of 1.5', (n) => n ** 1.5, 'confirmed'],
    ['a cache that holds nothing any more', (n) => (n > 1000 ? 85 : 15) * n, 'noise'],
    ['a square', (n) => n ** 2, 'refuted'],
    ['a cube', (n) => n ** 3, 'refuted'],
    ['a jump behind nothing', (n) => (n > 1000 ? 10_000 : 100), 'refuted'],
    ['constant', () => 100, 'refuted'],
    ['a root', Math.sqrt, 'refuted'],
  ])('O(N) of a cost that is %s', (_what, costOf, result) => {
    expect(judged('O(N)', costOf).result).toBe(result);
  });

  test('is O(N) where the largest count varies much, and no square is confirmed by that', () => {
    expect(judged('O(N)', linear, { spread: 0.3 }).result).toBe('confirmed');
    expect(judged('O(N)', (n) => n ** 2, { spread: 0.4 }).result).not.toBe('confirmed');
    expect(judged('O(N)', (n) => n ** 2, { spread: 0.1 }).result).toBe('refuted');
  });

  test('is no square that a constant hides, which grows as much as a line from end to end', () => {
    const hidden = (n: number) => 1000 + n ** 2 / 1000;
    expect(judged('O(N)', hidden, { spread: 0.02 })).toMatchObject({
      result: 'refuted',
      evidence: expect.arrayContaining([
        expect.objectContaining({ name: 'exponent', value: expect.closeTo(1) }),
        expect.objectContaining({ name: 'the exponent of what it grows by', value: expect.closeTo(1.92) }),
      ]),
    });
    expect(judged('O(N)', hidden).result).toBe('noise');
  });

  test('of a sweep is no square either, whatever its line says', () => {
    expect(judged('O(N)', linear, { fit: 'O(N)' })).toMatchObject({
      result: 'confirmed',
      evidence: expect.arrayContaining([
        expect.objectContaining({ name: 'the exponent of what it grows by', value: expect.closeTo(1) }),
      ]),
    });
    expect(judged('O(N)', (n) => 1000 + n ** 2, { fit: 'O(N)' }).result).toBe('refuted');
    expect(judged('O(1)', linear, { fit: 'O(N)' }).result).toBe('refuted');
  });

  test('says that a square is not ruled out where only the largest count has grown', () => {
    const { result, precision } = judged('O(N)', (n) => (n > 1000 ? 6000 : 100), { spread: 0.5 });
    expect(result).toBe('noise');
    expect(precision).toBe('nothing was added before the largest count, so that it may be a square');
  });

  test.each<Growth>(['O(1)', 'O(log N)', 'O(N)'])('is nothing that falls: %s', (is) => {
    expect(judged(is, (n) => 1e6 / n)).toMatchObject({
      result: 'missing',
      missing: [{ why: 'it falls as N grows' }],
    });
  });
});

describe('what a number cannot be confirms nothing:', () => {
  const A = probe('p', 'a');
  const share = count('x', A, { low: 0.8 }, { name: 'a', unit: 'of 1' });
  test.each<[what: string, assertion: Assertion, value: number, why: string]>([
    ['a share of more than all', share, 1.4, 'it came to 1.40 of 1, which is no share'],
    ['a share below nothing', share, -0.2, 'which is no share'],
    [
      'a count below nothing',
      count('x', A, { high: 2 }, { name: 'a', unit: 'calls' }),
      -1,
      'which is no count',
    ],
    ['a ratio of nothing', ratio('x', A, { high: 0.9 }, { name: 'a' }), 0, 'which is no ratio of two costs'],
    [
      'a ratio below nothing',
      ratio('x', A, { high: 0.9 }, { name: 'a' }),
      -3,
      'which is no ratio of two costs',
    ],
  ])('%s', (_what, assertion, value, why) => {
    const outcome = judge(assertion, withNumbers([[A, { value, unit: '' }]]));
    expect(outcome).toMatchObject({ result: 'missing', missing: [{ what: 'a' }] });
    expect(outcome.missing[0]?.why).toContain(why);
  });

  test('a difference may have either sign', () => {
    const fewer = count('x', minus(A, number(3)), { high: -1 }, { name: 'a', unit: 'calls' });
    expect(judge(fewer, withNumbers([[A, { value: 1, unit: '' }]])).result).toBe('confirmed');
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
