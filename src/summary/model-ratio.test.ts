import { describe, expect, test } from 'vitest';
import { fixtureGuideRun } from '../fixtures/guide.ts';
import { fixtureRun } from '../fixtures/run.ts';
import type { RunResult } from '../results/schema.ts';
import { idleCost, modelRatios } from './model-ratio.ts';

const RINGS = { value: 'io_uring', base: 'epoll-lt' };

function without(run: RunResult, workload: string): RunResult {
  return { ...run, trials: run.trials.filter((trial) => trial.workload !== workload) };
}

describe('A ratio of two rows', () => {
  test('is told for every workload that measured both', () => {
    const ratios = modelRatios(fixtureGuideRun(), RINGS);
    expect(ratios.map(({ workload }) => workload)).toEqual([
      'ping-pong',
      'many-connections',
      'mostly-idle',
      'c10k',
    ]);
    for (const { throughput, throughputReason, cpuPerRequest } of ratios) {
      expect(throughput?.ratio).toBeCloseTo(6200 / 5000, 1);
      expect(throughputReason).toBeNull();
      expect(cpuPerRequest?.ratio).toBeCloseTo(5000 / 6200, 1);
    }
    expect(modelRatios(fixtureGuideRun(), { ...RINGS, value: 'kqueue' })).toEqual([]);
  });

  test('is none of throughput where the client was the limit, or the rate is given', () => {
    const reasons = modelRatios(fixtureRun(), RINGS).map(
      ({ workload, throughput, throughputReason }) => `${workload}: ${throughput} (${throughputReason})`,
    );
    expect(reasons).toEqual([
      'many-connections: null (the client was the limit)',
      'fixed-rate: null (the rate is given)',
    ]);
  });
});

describe('The cost of idle connections', () => {
  test('is that of the most idle workload over a busy one', () => {
    const cost = idleCost(fixtureGuideRun(), 'poll');
    expect([cost?.idle.id, cost?.busy.id]).toEqual(['c10k', 'many-connections']);
    expect(cost?.cpuPerRequest.ratio).toBeCloseTo((6300 + (32 * 9900) / 20) / 6300, 0);
    expect(idleCost(fixtureGuideRun(), 'select')?.idle.id).toBe('mostly-idle');
    expect(idleCost(fixtureGuideRun(), 'epoll-lt')?.cpuPerRequest.ratio).toBeCloseTo(1, 1);
  });

  test('is not told against a workload with fewer active connections, which has other wakeups', () => {
    expect(idleCost(without(fixtureGuideRun(), 'many-connections'), 'poll')).toBeNull();
  });

  test('is not told without a mostly idle workload', () => {
    const busy = without(without(fixtureGuideRun(), 'c10k'), 'mostly-idle');
    expect(idleCost(busy, 'poll')).toBeNull();
  });
});
