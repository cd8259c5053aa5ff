import { expect, test } from 'vitest';
import { verdictOf } from './verdict.ts';
import type { Outcome } from './verdict-schema.ts';

function outcome(result: Outcome['result'], about: string, more: Partial<Outcome> = {}): Outcome {
  return {
    ...{ result, about, kind: 'behaviour', basis: 'observed', rule: '', evidence: [] },
    ...{ precision: result === 'noise' ? 'too wide' : null, missing: [] },
    ...more,
  };
}

const lacking = { missing: [{ what: 'cost x', why: 'no io_uring' }] };

test.each([
  { of: [outcome('confirmed', 'a')], word: 'confirmed', because: 'holds: a' },
  { of: [outcome('refuted', 'a'), outcome('refuted', 'b')], word: 'refuted', because: 'does not: a, b' },
  {
    of: [outcome('refuted', 'a'), outcome('confirmed', 'b'), outcome('noise', 'c')],
    word: 'depends',
    because: 'holds: b; does not: a',
  },
  {
    of: [outcome('confirmed', 'a'), outcome('noise', 'b')],
    word: 'inconclusive',
    because: 'holds: a; b: too wide',
  },
  { of: [outcome('missing', 'a', lacking)], word: 'not testable here', because: 'cost x (no io_uring)' },
  {
    of: [outcome('missing', 'a', lacking), outcome('refuted', 'b')],
    word: 'refuted',
    because: 'does not: b',
  },
])('$word: $because', ({ of, word, because }) => {
  expect(verdictOf(of)).toMatchObject({ word, because });
});

test('What is missing is told beside a verdict that the others decided, and each thing once', () => {
  const { missing } = verdictOf([
    outcome('missing', 'a', lacking),
    outcome('missing', 'b', lacking),
    outcome('confirmed', 'c'),
  ]);
  expect(missing).toEqual(lacking.missing);
});

test('A verdict is documented only where nothing on this host has a say', () => {
  const documented = outcome('confirmed', 'a', { kind: 'source', basis: 'documented' });
  expect(verdictOf([documented]).basis).toBe('documented');
  expect(verdictOf([documented, outcome('confirmed', 'b')]).basis).toBe('observed');
  expect(verdictOf([outcome('missing', 'a', lacking)]).basis).toBeNull();
});
