import { describe, expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import { METRICS } from '../metrics/registry.ts';
import type { MeasuredTrial, RunResult } from '../results/schema.ts';
import { totalCount } from '../stats/histogram.ts';
import { slowed } from './slowed.ts';

const RUN = fixtureRun();

function measured({ trials }: RunResult): MeasuredTrial[] {
  return trials.filter((trial): trial is MeasuredTrial => trial.status === 'measured');
}

function ratios(factor: number, mode: string): Map<string, number[]> {
  const ids = RUN.record.settings.workloads.filter((one) => one.mode === mode).map(({ id }) => id);
  const after = measured(slowed(RUN, factor));
  const of = (metric: (typeof METRICS)[number]) =>
    measured(RUN).flatMap((trial, i) => {
      if (!ids.includes(trial.workload)) return [];
      const [before, now] = [trial, after[i] ?? trial].map(({ observation }) => metric.ofTrial(observation));
      return before == null || now == null || before === 0 ? [] : [now / before];
    });
  return new Map(METRICS.map((metric) => [metric.id, of(metric)]));
}

/** A percentile is the middle of its bucket, which is up to 1/128 wide. */
const BUCKET = 1 / 128;

describe('a run that is slower by a known factor', () => {
  test.each([
    { mode: 'closed', factor: 1.05, rate: 1 / 1.05 },
    { mode: 'closed', factor: 0.9, rate: 1 / 0.9 },
    { mode: 'open', factor: 1.1, rate: 1 },
  ])('needs $factor times the CPU and the time in a loop that is $mode', ({ mode, factor, rate }) => {
    const found = ratios(factor, mode);
    const all = (id: string) => found.get(id) ?? [];
    expect(all('cpuNsPerRequest').length).toBeGreaterThan(0);
    for (const ratio of all('cpuNsPerRequest')) expect(ratio).toBeCloseTo(factor, 9);
    for (const ratio of all('throughputPerS')) expect(ratio).toBeCloseTo(rate, 9);
    for (const id of ['responseP50Ns', 'responseP99Ns'])
      for (const ratio of all(id)) expect(Math.abs(ratio / factor - 1)).toBeLessThan(2 * BUCKET);
    for (const id of ['syscallsPerRequest', 'clientCpuNsPerRequest', 'rssMaxBytes'])
      for (const ratio of all(id)) expect(ratio).toBe(1);
  });
  test('answers as many requests, and counts each once', () => {
    for (const { observation } of measured(slowed(RUN, 1.07)))
      expect(totalCount(observation.response.histogram)).toBe(observation.response.count);
  });
  test('is the same where the factor is 1', () => {
    expect(slowed(RUN, 1)).toEqual(RUN);
  });
});
