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
    "regressed: CPU/request +51.8 % [+49.4 %, +54.4 %] over 2 cells; p50 +50.9 % [+49.6 %, +52.3 %] over 2 cells; syscalls/request +33.1 % over 2 cells;
    throughput -33.7 % [-34.4 %, -33.0 %] over 2 cells; cell by cell 8 regressed, 0 improved, 4 the same, 2 inconclusive
    base     fake-1 (Linux 6.12.1; 10 blocks, 20 of 20 trials clean)
    current  fake-2 (Linux 6.12.1; 10 blocks, 20 of 20 trials clean)
    judged by runs: 1 and 1 run, 6 other runs of this host known
    machine without any model: loop +0.0 %, system call +0.0 %, round trip +0.0 %

    All cells together
                  metric            change in %, geometric  cells   decided  to be         p  would decide
                                    mean over the cells             by       found  adjusted
    regressed     CPU/request       51.8 [49.4, 54.4]       2       floor      5 %     <.001
    regressed     p50               50.9 [49.6, 52.3]       2       floor      5 %     <.001
    regressed     syscalls/request  33.1                    2       counts     1 %         -
    same          switches/request  -0.014                  2       counts     5 %         -
    regressed     throughput        -33.7 [-34.4, -33.0]    2       ceiling    5 %     <.001
    inconclusive  p99               -                       0 of 2  middle     5 %         -
      To pass, CPU/request and p50 must be the same or improved.
      p99: only 0 of 2 cells can be judged: tails need 3 runs a side

    Counts that hardly vary from block to block
               model    workload    metric            base  current  change in %        decided         clean  runs  medians         p  would
                                                                     that decides       by             trials   ± %        %  adjusted  decide
    regressed  model-0  workload-0  syscalls/request  3.00     4.00  33.1 [33.0, 33.2]  counts   10/10, 10/10     -     33.1     <.001
    regressed  model-1  workload-0  syscalls/request  3.00     4.00  33.1 [33.1, 33.2]  counts   10/10, 10/10     -     33.1     <.001

    Times, memory, and counts that vary with the load
               model    workload    metric         base  current  change in %           decided         clean   runs  medians         p  would
                                                                  that decides          by             trials    ± %        %  adjusted  decide
    regressed  model-0  workload-0  CPU/request  5.01µs   7.62µs  52.2 [46.9, 57.6]     floor    10/10, 10/10  0.967     51.3     <.001
    regressed  model-1  workload-0  CPU/request  4.96µs   7.51µs  51.5 [50.1, 52.9]     floor    10/10, 10/10  0.250     50.9     <.001
    regressed  model-0  workload-0  throughput    24.8k    16.5k  -33.7 [-35.2, -32.1]  ceiling  10/10, 10/10  0.634    -33.7     <.001
    regressed  model-1  workload-0  throughput    25.2k    16.7k  -33.7 [-34.7, -32.8]  ceiling  10/10, 10/10  0.389    -33.1     <.001
    regressed  model-0  workload-0  p50          40.3µs   60.8µs  50.8 [47.1, 54.6]     floor    10/10, 10/10  0.682     51.4     <.001
    regressed  model-1  workload-0  p50          39.6µs   59.8µs  51.0 [48.6, 53.5]     floor    10/10, 10/10  0.451     49.4     <.001

    Verdicts, cell by cell
    metric            kind     regressed  improved  inconclusive  same   interval,  mostly inconclusive because
                                                                        middle ± %
    syscalls/request  counted          2         0             0     0       0.078
    switches/request  counted          0         0             0     2       0.130
    CPU/request       timed            2         0             0     0        5.35
    throughput        timed            2         0             0     0        1.53
    p50               timed            2         0             0     0        3.74
    p99               timed            0         0             2     0         102  tails need 3 runs a side
    RSS               timed            0         0             0     2        5.05

    Cells that did not change are counted only; --all shows them.
    floor, ceiling: the expected best of five clean trials of each run, which noise can only make worse; runs ±: how far equal runs lie apart."
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

test('what is to be found is told as it was asked for, also where it is no whole number of per cent', () => {
  const comparison = compareRuns([base], [slower], { ...known, detect: 0.025 });
  const [overall] = compareReport(comparison).parts.flatMap((part) =>
    part.kind === 'table' ? [part.table] : [],
  );
  expect(overall?.rows[0]?.detect).toMatchObject({ text: '2.5 %' });
});
