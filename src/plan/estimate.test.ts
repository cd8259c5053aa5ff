import { expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import { estimate } from './estimate.ts';

const { settings } = fixtureRun().record;
const trials = (workload: string, count: number, block = 0) => Array(count).fill({ workload, block });

test('is the load, and what trials and their connections take beside it', () => {
  const one = estimate(settings, trials('many-connections', 1));
  expect(one.loadMs).toBe(settings.warmupMs + settings.durationMs);
  expect(one.wallMs).toBeGreaterThan(one.loadMs);
  const ten = estimate(settings, trials('many-connections', 10));
  expect(ten.loadMs).toBe(10 * one.loadMs);
  const more = estimate(settings, trials('fixed-rate', 10));
  expect(more.wallMs).toBeGreaterThan(ten.wallMs);
  const blocks = estimate(settings, [...trials('fixed-rate', 5), ...trials('fixed-rate', 5, 1)]);
  expect(blocks.wallMs).toBeGreaterThan(more.wallMs);
});

test('is nothing of no trials', () => {
  expect(estimate(settings, [])).toEqual({ loadMs: 0, wallMs: 0 });
});
