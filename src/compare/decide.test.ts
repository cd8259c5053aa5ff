import { describe, expect, test } from 'vitest';
import { decide, type Evidence } from './decide.ts';

const SURE: Evidence = {
  change: { difference: 0.2, reach: 0.05 },
  allowance: 0.02,
  guard: null,
  moreIsWorse: true,
  threshold: Math.log(1.05),
  adjustedP: 0.01,
  blocks: 8,
  cells: 36,
};

describe('a verdict', () => {
  test.each([
    { name: 'large, beyond its interval and significant', change: {}, verdict: 'regressed' },
    { name: 'the same where more is better', change: { moreIsWorse: false }, verdict: 'improved' },
    { name: 'not significant', change: { adjustedP: 0.06 }, verdict: 'inconclusive' },
    { name: 'within what the host may have drifted', change: { allowance: 0.16 }, verdict: 'inconclusive' },
    { name: 'smaller than the threshold', change: { threshold: 0.3 }, verdict: 'same' },
    {
      name: 'of too few blocks',
      change: { change: { difference: 1, reach: null } },
      verdict: 'inconclusive',
    },
    {
      name: 'contradicted by what was measured',
      change: { guard: { change: { difference: -0.2, reach: 0.05 }, allowance: 0.1 } },
      verdict: 'inconclusive',
    },
    {
      name: 'no change beside the load generator, where both may have changed',
      change: {
        change: { difference: 0, reach: 0.01 },
        guard: { change: { difference: 0.2, reach: 0.01 }, allowance: 0 },
      },
      verdict: 'inconclusive',
    },
  ])('on a change that is $name is $verdict', ({ change, verdict }) => {
    expect(decide({ ...SURE, ...change }).verdict).toBe(verdict);
  });
});

describe('further blocks', () => {
  test.each([
    {
      name: 'as many as shrink the interval enough',
      change: { difference: 0.02, reach: 0.05 },
      allowance: 0,
      further: 17,
    },
    {
      name: 'none where the drift alone is too large',
      change: { difference: 0.02, reach: 0.05 },
      allowance: 0.1,
      further: null,
    },
    {
      name: 'none where it would be thousands',
      change: { difference: 0.0485, reach: 0.1 },
      allowance: 0,
      further: null,
    },
  ])('are $name', ({ change, allowance, further }) => {
    expect(decide({ ...SURE, change, allowance, adjustedP: 0.5 }).furtherBlocks).toBe(further);
  });
  test('are those that the rank test needs among so many cells', () => {
    expect(decide({ ...SURE, blocks: 4, adjustedP: 1 }).furtherBlocks).toBe(3);
  });
});
