import { expect, test } from 'vitest';
import { COMPARE_DEFAULTS } from '../compare/compare-runs.ts';
import { historyOf } from '../compare/history.ts';
import { FULL, fakeRun, QUIET } from '../fixtures/compare.ts';
import { METRICS } from '../metrics/registry.ts';
import { renderDocument } from '../render/terminal.ts';
import type { RunResult } from '../results/schema.ts';
import { historyReport } from './history.ts';

const run = (seed: number, more: object = {}) =>
  fakeRun({ seed, host: QUIET, blocks: 15, models: 1, workloads: 1, ...more });

function shown(runs: readonly RunResult[], id: string, width = 140): string {
  const metric = METRICS.find((one) => one.id === id);
  const { record: like } = run(1);
  if (metric === undefined) throw new Error(`no metric ${id}`);
  const history = historyOf(runs, { metric, like, compare: COMPARE_DEFAULTS });
  return renderDocument(historyReport(history, { metric, like, problems: ['run x cannot be read'] }), {
    ...{ width, color: false },
  });
}

test('A history has a line per run, what is said of it, and the spread at its end', () => {
  const equal = [1, 2, 3, 4, 5].map((seed) => run(seed));
  const runs = [...equal, run(6, { slower: 1.1, kernel: '6.13.0' }), run(7, { host: FULL })];
  expect(shown(runs, 'cpuNsPerRequest')).toMatchInlineSnapshot(`
    "History: CPU/request in 7 stored runs
    2 × Example CPU @ 2.50GHz, as run fake-1: 300 ms trials after 80 ms warm-up
    verdicts: each run beside the one before it, 5 % to be found, the others being the history

    CPU/request of model-0 under workload-0, in ns/req
    run     kernel     clean  floor  median          change in %  verdict       why
                      trials                 from the one before
    fake-1  6.12.1  15 of 15  5,027   5,043                    -  -
    ──────  ──────  ────────  ─────  ──────  ───────────────────  ────────────  ────────────────────────────────────────────────────────────────
    fake-2  6.12.1  14 of 15  5,061   5,093   0.66 [-0.16, 1.48]  same
    ──────  ──────  ────────  ─────  ──────  ───────────────────  ────────────  ────────────────────────────────────────────────────────────────
    fake-3  6.12.1  15 of 15  5,086   5,111   0.49 [-4.26, 5.48]  inconclusive  the interval is too wide to say
    ──────  ──────  ────────  ─────  ──────  ───────────────────  ────────────  ────────────────────────────────────────────────────────────────
    fake-4  6.12.1  15 of 15  5,097   5,123   0.23 [-3.89, 4.53]  same
    ──────  ──────  ────────  ─────  ──────  ───────────────────  ────────────  ────────────────────────────────────────────────────────────────
    fake-5  6.12.1  13 of 15  5,097   5,121   0.00 [-3.44, 3.57]  same
    ──────  ──────  ────────  ─────  ──────  ───────────────────  ────────────  ────────────────────────────────────────────────────────────────
    fake-6  6.13.0  15 of 15  5,566   5,605      9.2 [6.2, 12.2]  regressed
    ──────  ──────  ────────  ─────  ──────  ───────────────────  ────────────  ────────────────────────────────────────────────────────────────
    fake-7  6.12.1   0 of 15      -   6,670                 19.0  inconclusive  0 of 15 trials were clean (the server waited for its CPU 9.0 %
                                                                                of the time)

    How far equal runs lie apart, of 7 stored runs
    model    workload    spread  from runs  degrees of
                                               freedom
    model-0  workload-0  0.59 %          6           4
      Spread: standard deviation between runs of one kernel, build and handicap; cells with few runs borrow from the others.

    warning: run x cannot be read"
  `);
});

test('A history of which no run is meant says so', () => {
  expect(shown([], 'responseP50Ns')).toContain(
    'No stored run is meant: see --kernel, --since and --results.',
  );
});
