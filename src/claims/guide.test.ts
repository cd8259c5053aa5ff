import { expect, test } from 'vitest';
import { findModel } from '../models/registry.ts';
import { GUIDE_CONTEXT, GUIDE_FREQUENCY, GUIDE_KEY_NUMBERS, GUIDE_TRACING } from './guide.ts';

const rows = [...GUIDE_FREQUENCY, ...GUIDE_CONTEXT, ...GUIDE_KEY_NUMBERS, GUIDE_TRACING];

test('Everything that is quoted names the claims that it is', () => {
  for (const { claims } of rows) {
    expect(claims).not.toEqual([]);
    for (const claim of claims) expect(claim).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  }
});

test('The models that stand for the guide’s are in the registry', () => {
  for (const { model } of GUIDE_FREQUENCY) expect(findModel(model)?.id).toBe(model);
});

test('A cell of the context is measured, or documented with a source; never neither', () => {
  for (const { id, cells } of GUIDE_CONTEXT) {
    for (const cell of Object.values(cells)) {
      const { assertion } = cell;
      if (assertion.kind === 'documented') expect(assertion.source, id).not.toBe('');
      else expect(assertion.kind, id).not.toBe('not-measured');
    }
  }
});

test('All rows of the guide are there', () => {
  expect(new Set(GUIDE_FREQUENCY.map(({ name }) => name)).size).toBe(6);
  // The ten rows of its table, and the sentence below it.
  expect(GUIDE_CONTEXT).toHaveLength(11);
  expect(GUIDE_KEY_NUMBERS).toHaveLength(10);
});
