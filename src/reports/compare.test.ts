import { expect, test } from 'vitest';
import { COMPARE_DEFAULTS, compareRuns } from '../compare/compare-runs.ts';
import { fakeRun, QUIET } from '../fixtures/compare.ts';
import { renderDocument } from '../render/terminal.ts';
import { compareReport } from './compare.ts';

const common = { host: QUIET, blocks: 10, models: 2, workloads: 1 };
const base = fakeRun({ ...common, seed: 1 });
const slower = fakeRun({ ...common, seed: 2, slower: 1.5, moreCalls: 1 });
const history = Array.from({ length: 6 }, (_, i) => fakeRun({ ...common, seed: 100 + i }));
const known = { ...COMPARE_DEFAULTS, history };

test('a comparison says the answer first, then what changed, the verdicts of all rows, and what decides them', () => {
  const comparison = compareRuns([base], [slower], known);
  const text = renderDocument(compareReport(comparison, { all: false, noise: null }), {
    width: 150,
    color: false,
  });
  expect(text).toMatchInlineSnapshot(`
    "Comparison
    base     fake-1 (Linux 6.12.1): 10 blocks
    current  fake-2 (Linux 6.12.1): 10 blocks
    machine without any model: loop +1.1 %, system call +1.1 %, round trip +1.6 %

    Counts that hardly vary from block to block
               model    workload    metric            base  current  change in %        decided      measured  norm.    beside
                                                                     that decides       by                  %      %  client %
    regressed  model-0  workload-0  syscalls/request  3.00     4.00  33.1 [33.0, 33.1]  as measured      33.1      -         -
    regressed  model-1  workload-0  syscalls/request  3.00     4.00  33.1 [33.1, 33.2]  as measured      33.1      -         -
      left out at 130 columns: p adjusted, further blocks

    Times, memory, and counts that vary with the load
               model    workload    metric         base  current  change in %           decided        measured  norm.    beside
                                                                  that decides          by                    %      %  client %
    regressed  model-0  workload-0  CPU/request  5.14µs   7.78µs  50.6 [46.5, 54.8]     beside client      51.5   50.5      50.6
    regressed  model-1  workload-0  CPU/request  5.12µs   7.79µs  48.5 [43.3, 53.8]     beside client      51.5   49.9      48.5
    regressed  model-0  workload-0  throughput    24.2k    15.5k  -35.7 [-44.0, -26.1]  as measured       -35.7  -35.2         -
    regressed  model-1  workload-0  throughput    24.1k    15.7k  -34.6 [-43.0, -24.9]  as measured       -34.6  -33.8         -
    regressed  model-0  workload-0  p50          41.3µs   64.6µs  55.4 [35.3, 78.5]     as measured        55.4   54.3         -
    regressed  model-1  workload-0  p50          41.6µs   63.7µs  52.7 [32.7, 75.7]     as measured        52.7   50.8         -
      left out at 130 columns: p adjusted, further blocks

    Verdicts
    metric            kind     regressed  improved  inconclusive  same   interval,  further blocks that
                                                                        middle ± %  would decide the rest
    syscalls/request  counted          2         0             0     0       0.075
    switches/request  counted          0         0             0     2       0.103
    CPU/request       timed            2         0             0     0        5.21
    throughput        timed            2         0             0     0        9.07
    p50               timed            2         0             0     0        21.6
    p99               timed            0         0             2     0         375  none: a steadier host, or more runs
    RSS               timed            0         0             0     2        6.72

    Rows that did not change are counted only; --all shows them.
    beside client: server CPU over the load generator's own CPU in the same trial, which neighbours slow down alike. It decides where
    the host was not steady, or where no kernel or setting differs.

    regressed: 8; 0 improved, 4 the same, 2 inconclusive, of 14"
  `);
});
test('every row is shown where all are asked for', () => {
  const comparison = compareRuns([base], [fakeRun({ ...common, seed: 3 })], known);
  const text = renderDocument(compareReport(comparison, { all: true, noise: null }), {
    width: 160,
    color: false,
  });
  for (const name of ['syscalls/request', 'CPU/request', 'p99', 'RSS']) expect(text).toContain(name);
  expect(text.match(/^same +model-/gm)?.length).toBeGreaterThan(3);
  expect(text).toMatch(
    /^passed: CPU\/request [^;]+ over 2 cells; p50 [^;]+ over 2 cells; cell by cell 0 regressed, /,
  );
});
test('runs that do not fit are named under the tables, and first', () => {
  const comparison = compareRuns([base], [fakeRun({ ...common, models: 1, seed: 3 })], known);
  const text = renderDocument(compareReport(comparison, { all: false, noise: null }), {
    width: 160,
    color: false,
  });
  expect(text).toContain('\nmissing: model-1 workload-0: not in current');
  expect(text).toMatch(/^missing: 1 of what the base has; nothing that is there regressed: /);
});
test('one run a side without history says first what is missing', () => {
  const text = renderDocument(compareReport(compareRuns([base], [slower])), { width: 200, color: false });
  expect(text).toContain(
    'judged by runs: 1 and 1 run, no other run of this host is known; with fewer than 3 a side',
  );
});
test('a machine that is slower by itself stands in the answer', () => {
  const side = (seed: number, options = {}) =>
    [0, 1, 2].map((i) => fakeRun({ ...common, seed: seed + i, ...options }));
  const comparison = compareRuns(side(1), side(11, { kernel: '6.13.0', spell: 1.25 }), known);
  const text = renderDocument(compareReport(comparison), { width: 200, color: false });
  expect(text).toMatch(/^regressed: the machine itself: a round trip \+3\d\.\d %; /);
  expect(text).toContain('regressed by itself: under the new kernel a round trip of the calibration took +3');
});
