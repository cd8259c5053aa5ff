import { describe, expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import type { ObservedTrial } from '../results/schema.ts';
import { blockRatio, cpuPerRequest, throughput } from './block-ratio.ts';

const PATTERN = fixtureRun().trials.filter((trial) => trial.status === 'measured')[0] as ObservedTrial;

function trials(values: Readonly<Record<number, number>>): ObservedTrial[] {
  return Object.entries(values).map(([block, value]) => ({
    ...PATTERN,
    block: Number(block),
    observation: {
      ...PATTERN.observation,
      throughputPerS: value,
      server: { ...PATTERN.observation.server, cpuNsPerRequest: value },
    },
  }));
}

describe('A ratio', () => {
  test('is paired within the blocks that hold both, with its range', () => {
    const sets = { value: trials({ 0: 30, 1: 80, 7: 1000 }), base: trials({ 0: 10, 1: 40, 9: 1 }) };
    expect(blockRatio(sets, throughput, 1)).toEqual({
      ratio: expect.closeTo(Math.sqrt(6)),
      interval: null,
      range: { low: 2, high: 3 },
      blocks: 2,
    });
  });

  test('has an interval from enough blocks', () => {
    const sets = {
      value: trials({ 0: 20, 1: 21, 2: 19, 3: 20, 4: 20, 5: 20.5 }),
      base: trials({ 0: 10, 1: 10, 2: 10, 3: 10, 4: 10, 5: 10 }),
    };
    const ratio = blockRatio(sets, cpuPerRequest, 1);
    expect(ratio?.blocks).toBe(6);
    expect(ratio?.interval?.low).toBeLessThan(2.1);
    expect(ratio?.interval?.high).toBeGreaterThan(1.9);
  });

  test('is null where no block holds both, or nothing was seen', () => {
    expect(blockRatio({ value: trials({ 0: 1 }), base: trials({ 1: 1 }) }, throughput, 1)).toBeNull();
    expect(blockRatio({ value: trials({ 0: 0 }), base: trials({ 0: 1 }) }, cpuPerRequest, 1)).toBeNull();
  });
});
