import { describe, expect, test } from 'vitest';
import { FULL, fakeRun } from '../fixtures/compare.ts';

import { fixtureRun, withAudits } from '../fixtures/run.ts';
import type { RunResult } from '../results/schema.ts';
import { COMPARE_DEFAULTS, compareRuns } from './compare-runs.ts';
import { keptFor } from './compared-run.ts';
import { historyOf } from './history.ts';
import { COMPARED_METRICS, METRIC_IDS } from './judged-metrics.ts';

const RUNS: readonly RunResult[] = [1, 2, 3, 4, 5].map((seed) =>
  fakeRun({ seed, host: FULL, blocks: 12, models: 2, workloads: 2 }),
);
const [base, current, ...others] = RUNS as [RunResult, RunResult, ...RunResult[]];

describe('What is kept of a run', () => {
  test.each([
    ['the judged metrics', null],
    ['all metrics', METRIC_IDS],
    ['one metric', ['responseP99Ns']],
  ] as const)('is enough to compare it by %s', (_, metrics) => {
    const { keep } = keptFor(metrics);
    const compared = (read: (run: RunResult) => RunResult | ReturnType<typeof keep>) =>
      compareRuns([read(base)], [read(current)], {
        ...COMPARE_DEFAULTS,
        metrics,
        history: others.map(read),
      });
    expect(compared(keep)).toEqual(compared((run) => run));
  });
  test('has the failed trials and the audits as well', () => {
    const audited = withAudits(fixtureRun());
    const { keep } = keptFor(null);
    expect(compareRuns([keep(audited)], [keep(audited)])).toEqual(compareRuns([audited], [audited]));
  });
  test('is enough for its history', () => {
    for (const metric of COMPARED_METRICS.filter(({ gate }) => gate)) {
      const question = { metric, like: current.record, compare: COMPARE_DEFAULTS };
      expect(historyOf(RUNS.map(keptFor([metric.id]).keep), question)).toEqual(historyOf(RUNS, question));
    }
  });
  test('cannot be compared by a metric that it was not kept for', () => {
    const kept = RUNS.map(keptFor(['cpuNsPerRequest']).keep);
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
