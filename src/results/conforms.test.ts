import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { fixtureFilesRun } from '../fixtures/files.ts';
import { fixtureGuideRun } from '../fixtures/guide.ts';
import { fixtureRun, withAudits } from '../fixtures/run.ts';
import { conforms } from './conforms.ts';
import { type RunResult, trialResultSchema } from './schema.ts';

const isTrial = conforms(trialResultSchema);

/** One trial of each status and of each domain, as a file holds it. */
const TRIALS = [withAudits(fixtureRun()), fixtureGuideRun(), fixtureFilesRun()].flatMap(oneOfEach);

function oneOfEach({ trials }: RunResult): unknown[] {
  const byStatus = new Map(trials.map((trial) => [trial.status, trial]));
  return [...byStatus.values()].map((trial) => JSON.parse(JSON.stringify(trialResultSchema.parse(trial))));
}

const WRONG: readonly unknown[] = [
  undefined,
  null,
  -1,
  0.5,
  'x',
  '',
  true,
  [],
  {},
  [-1],
  { a: -1 },
  Number.NaN,
];

/** The value with another one at each place, or without it, or with one more member. */
function* mutants(value: unknown): Generator<unknown> {
  yield* WRONG;
  if (Array.isArray(value)) {
    for (const [i, item] of value.slice(0, 3).entries())
      for (const mutant of mutants(item)) yield value.with(i, mutant);
  } else if (typeof value === 'object' && value !== null) {
    yield { ...value, further: 1 };
    for (const [key, item] of Object.entries(value)) {
      const { [key as keyof typeof value]: _, ...rest } = value;
      yield rest;
      for (const mutant of mutants(item)) yield { ...value, [key]: mutant };
    }
  }
}

describe('A trial', () => {
  test('as this version writes it conforms, in each status and domain', () => {
    expect(TRIALS.length).toBeGreaterThanOrEqual(4);
    for (const trial of TRIALS) expect(isTrial(trial), JSON.stringify(trial)).toBe(true);
  });
  test('with anything else in any place conforms only where the schema returns it as it is', () => {
    let conforming = 0;
    let refused = 0;
    for (const trial of TRIALS)
      for (const mutant of mutants(trial)) {
        if (!isTrial(mutant)) {
          refused++;
          continue;
        }
        conforming++;
        expect(trialResultSchema.parse(mutant)).toEqual(mutant);
      }
    // Of both there are many, or nothing was tried.
    expect(Math.min(conforming, refused)).toBeGreaterThan(100);
  });
});

test('What it does not know does not conform', () => {
  for (const schema of [
    z.string().min(1),
    z.number().max(9),
    z.coerce.number().transform((value) => value + 1),
    z.union([z.object({ a: z.number() }), z.object({ a: z.number(), b: z.number() })]),
    z.looseObject({ a: z.number() }),
    z.tuple([z.number()]),
  ])
    expect(conforms(schema)({ a: 1, b: 1 }) || conforms(schema)(1) || conforms(schema)('x')).toBe(false);
});
