import { describe, expect, test } from 'vitest';
import { FULL, fakeRun } from '../fixtures/compare.ts';

import { fixtureRun, withAudits } from '../fixtures/run.ts';
import type { RunResult } from '../results/schema.ts';
import { COMPARE_DEFAULTS, compareRuns } from './compare-runs.ts';
import { type ComparedRun, keptFor } from './compared-run.ts';
import { historyOf } from './history.ts';
import { COMPARED_METRICS, METRIC_IDS } from './judged-metrics.ts';

const RUNS: readonly RunResult[] = [1, 2, 3, 4, 5].map((seed) =>
  fakeRun({ seed, host: FULL, blocks: 12, models: 2, workloads: 2 }),
);
const [base, current, ...others] = RUNS as [RunResult, RunResult, ...RunResult[]];

function keptOf(run: RunResult, metrics: readonly string[] | null): ComparedRun {
  return { ...run, trials: run.trials.map(keptFor(metrics).keep) };
}

describe('What is kept of a run', () => {
  test.each([
    ['the judged metrics', null],
    ['all metrics', METRIC_IDS],
    ['one metric', ['responseP99Ns']],
  ] as const)('is enough to compare it by %s', (_, metrics) => {
    const compared = (read: (run: RunResult) => ComparedRun) =>
      compareRuns([read(base)], [read(current)], {
        ...COMPARE_DEFAULTS,
        metrics,
        history: others.map(read),
      });
    expect(compared((run) => keptOf(run, metrics))).toEqual(compared((run) => run));
  });
  test('is a fifth of it at most', () => {
    const bytesOf = (run: ComparedRun) => JSON.stringify(run.trials).length;
    expect(bytesOf(keptOf(fixtureRun(), ['cpuNsPerRequest']))).toBeLessThan(bytesOf(fixtureRun()) / 5);
  });
  test('has the failed trials and the audits as well', () => {
    const audited = withAudits(fixtureRun());
    const kept = () => keptOf(audited, null);
    expect(compareRuns([kept()], [kept()])).toEqual(compareRuns([audited], [audited]));
  });
  test('is enough for its history', () => {
    for (const metric of COMPARED_METRICS.filter(({ gate }) => gate)) {
      const question = { metric, like: current.record, compare: COMPARE_DEFAULTS };
      expect(
        historyOf(
          RUNS.map((run) => keptOf(run, [metric.id])),
          question,
        ),
      ).toEqual(historyOf(RUNS, question));
    }
  });
  test('cannot be compared by a metric that it was not kept for', () => {
    const kept = RUNS.map((run) => keptOf(run, ['cpuNsPerRequest']));
    const { metrics } = compareRuns(kept.slice(0, 1), kept.slice(1, 2), {
      ...COMPARE_DEFAULTS,
      metrics: ['cpuNsPerRequest'],
    });
    expect(metrics.length).toBeGreaterThan(0);
    expect(() => compareRuns(kept.slice(0, 1), kept.slice(1, 2))).toThrow('was not kept of this run');
  });
});

test('Histograms are read where a percentile is compared', () => {
  expect(keptFor(['cpuNsPerRequest', 'syscallsPerRequest']).histograms).toBe(false);
  expect(keptFor(['cpuNsPerRequest', 'responseP50Ns']).histograms).toBe(true);
  expect(keptFor(null).histograms).toBe(true);
});
