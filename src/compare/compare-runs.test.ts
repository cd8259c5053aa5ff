import { describe, expect, test } from 'vitest';
import { BUSY, type FakeRun, FULL, fakeRun, QUIET } from '../fixtures/compare.ts';
import { METRICS } from '../metrics/registry.ts';
import type { RunResult } from '../results/schema.ts';
import { COMPARE_DEFAULTS, type CompareOptions, compareRuns } from './compare-runs.ts';
import { confirmComparison, suspiciousCells } from './confirm.ts';
import { METRIC_IDS } from './judged-metrics.ts';
import type { Comparison, MetricId } from './result.ts';

const SMALL = { blocks: 10, models: 3, workloads: 2, host: QUIET };

function run(seed: number, options: Partial<FakeRun> = {}): RunResult {
  return fakeRun({ ...SMALL, seed, ...options });
}

function runs(seed: number, count: number, options: Partial<FakeRun> = {}): RunResult[] {
  return Array.from({ length: count }, (_, i) => run(seed + i, options));
}

/** Other runs of the host, and what is to be found. */
function knowing(history: readonly RunResult[], detect = 0.05): CompareOptions {
  return { ...COMPARE_DEFAULTS, detect, history };
}

function verdictsOf(comparison: Comparison, metric: MetricId): string[] {
  return comparison.metrics.filter((one) => one.metric === metric).map(({ verdict }) => verdict);
}

function overallOf(comparison: Comparison, metric: MetricId) {
  return comparison.overall.find((one) => one.metric === metric);
}

describe('one run a side', () => {
  const history = runs(1000, 8);
  test('without any history says nothing about time, and what is missing', () => {
    const comparison = compareRuns([run(1)], [run(2, { slower: 2 })]);
    expect(comparison.outcome).toBe('inconclusive');
    expect(overallOf(comparison, 'cpuNsPerRequest')).toMatchObject({
      verdict: 'inconclusive',
      reason: expect.stringContaining('compare three runs a side'),
    });
    expect(comparison.history).toEqual({ runs: 0, kernels: 0 });
  });
  test('with the history of the host passes where nothing differs', () => {
    const comparison = compareRuns([run(1)], [run(2)], knowing(history));
    expect(comparison.outcome).toBe('passed');
    expect(comparison.history).toEqual({ runs: 8, kernels: 1 });
    expect(overallOf(comparison, 'cpuNsPerRequest')).toMatchObject({
      verdict: 'same',
      cells: 6,
      of: 6,
      gate: true,
    });
  });
  test('and shows a server that is slower by 6 %, as a whole and in its cells', () => {
    const comparison = compareRuns([run(1)], [run(2, { slower: 1.06 })], knowing(history));
    expect(comparison.outcome).toBe('regressed');
    expect(new Set(verdictsOf(comparison, 'cpuNsPerRequest'))).toEqual(new Set(['regressed']));
    expect(compareRuns([run(2, { slower: 1.06 })], [run(1)], knowing(history)).outcome).toBe('passed');
  });
  test('is not blinded by a stored run that was another by half', () => {
    const comparison = compareRuns([run(1)], [run(2)], knowing([...history, run(3, { slower: 1.5 })]));
    expect(comparison.outcome).toBe('passed');
  });
  test('does not count the compared runs twice', () => {
    const known = compareRuns([run(1)], [run(2)], knowing([...history, run(1), run(2)]));
    expect(known.history.runs).toBe(8);
  });
  test('says nothing about tails', () => {
    const comparison = compareRuns([run(1)], [run(2)], knowing(history));
    const p99 = comparison.metrics.filter(({ metric }) => metric === 'responseP99Ns');
    expect(new Set(p99.map(({ reason }) => reason))).toEqual(new Set(['tails need 3 runs a side']));
  });
});

describe('three runs a side', () => {
  test('need no history', () => {
    expect(compareRuns(runs(1, 3), runs(11, 3)).outcome).toBe('passed');
    expect(compareRuns(runs(1, 3), runs(11, 3, { slower: 1.06 })).outcome).toBe('regressed');
  });
  test('with the smallest part of five per cent between them are the same, and twice five are not', () => {
    const small = compareRuns(runs(1, 3), runs(11, 3, { slower: 1.01 }));
    expect(overallOf(small, 'cpuNsPerRequest')?.verdict).toBe('same');
    const large = compareRuns(runs(1, 3), runs(11, 3, { slower: 1.1 }));
    expect(overallOf(large, 'cpuNsPerRequest')?.verdict).toBe('regressed');
  });
});

describe('runs that never saw the floor', () => {
  const history = runs(1000, 8);
  test('are inconclusive: the host, not the blocks', () => {
    const comparison = compareRuns([run(1)], [run(2, { host: FULL })], knowing(history));
    expect(comparison.outcome).toBe('inconclusive');
    const [cpu] = comparison.metrics.filter(({ metric }) => metric === 'cpuNsPerRequest');
    expect(cpu?.reason).toBe(
      'the host, not the blocks: 0 of 10 trials of current were clean (the server waited for its CPU 9.0 % of the time)',
    );
    expect(cpu).toMatchObject({ furtherBlocks: null, current: { clean: 0, trials: 10 } });
  });
  test('also where no trial is marked and no three of them agree', () => {
    const bursts = { ...QUIET, hit: 1, burst: 0.4, marked: 0 };
    const comparison = compareRuns([run(1)], [run(2, { host: bursts, blocks: 4 })], knowing(history));
    const reasons = comparison.metrics.map(({ reason }) => reason ?? '');
    expect(reasons.join()).toContain('clean trials of current no three agree');
    expect(comparison.outcome).not.toBe('regressed');
  });
  test('are not made worse by blocks in which a neighbour was there', () => {
    const comparison = compareRuns(
      [run(1, { host: BUSY, blocks: 20 })],
      [run(2, { host: BUSY, blocks: 20 })],
      knowing(runs(2000, 8, { host: BUSY, blocks: 20 })),
    );
    expect(comparison.outcome).toBe('passed');
  });
});

describe('a slow spell of the machine itself', () => {
  const history = runs(1000, 8);
  test('is no regression, in whichever run it is, and the run is called unlike the host', () => {
    const slow = run(2, { spell: 1.25 });
    for (const [base, current] of [
      [run(1), slow],
      [slow, run(1)],
    ] as const) {
      const comparison = compareRuns([base], [current], knowing(history));
      expect(comparison.outcome).toBe('inconclusive');
      expect(comparison.counts).toMatchObject({ regressed: 0, improved: 0 });
      expect(comparison.metrics.map(({ reason }) => reason).join()).toContain(
        'all of the run was measured while a round trip took',
      );
    }
  });
  test('nor without any history', () => {
    const comparison = compareRuns(runs(1, 3), [run(11), run(12), run(13, { spell: 1.25 })]);
    expect(comparison.outcome).not.toBe('regressed');
  });
  test('of one or two runs of a new kernel is a machine of its own: nothing is compared', () => {
    for (const count of [1, 2]) {
      const current = runs(11, count, { kernel: '6.13.0', spell: 1.25 });
      const comparison = compareRuns(runs(1, 3), current, knowing(history));
      expect(comparison.outcome).toBe('inconclusive');
      expect(comparison.finding).toBeNull();
      expect(comparison.unlike[0]).toMatch(
        /^the machine itself was another: a round trip usually took \d+ % more/,
      );
    }
  });
  test('of each of three runs of a new kernel, and of none of the base, is a finding about the kernel', () => {
    const current = runs(11, 3, { kernel: '6.13.0', spell: 1.25 });
    const comparison = compareRuns(runs(1, 3), current, knowing(history));
    expect(comparison.outcome).toBe('regressed');
    expect(comparison.unlike).toEqual([]);
    expect(comparison.finding).toMatchObject({ reading: 'round trip', runs: 3, verdict: 'regressed' });
    expect(comparison.finding?.ratio).toBeCloseTo(1.35, 1);
  });
  describe('of a new kernel', () => {
    const slow = (seed: number, atS: number) => run(seed, { kernel: '6.13.0', spell: 1.25, atS });
    const fast = (seed: number, atS: number) => run(seed, { kernel: '6.13.0', atS });
    const LATER_S = 1_000_000;
    const at = (...times: readonly number[]) => times.map((s, i) => slow(11 + i, LATER_S + s));
    test.each([
      ['three runs that one spell may hold', at(0, 10, 20), 1],
      ['four of them, two moments', at(0, 10, 35, 45), 2],
      ['three of which two share a moment', at(0, 20, 600), 2],
    ] as const)('is weather yet: %s; it says what would decide', (_, current, moments) => {
      const comparison = compareRuns(runs(1, 3), current, knowing(history));
      expect(comparison.finding).toBeNull();
      expect(comparison.outcome).toBe('inconclusive');
      expect(comparison.unlike[0]).toContain(
        `a slow spell, and those of the new kernel lie at ${moments}: measure it again later`,
      );
    });
    test('is a finding where three runs lie just more than a spell apart', () => {
      const comparison = compareRuns(runs(1, 3), at(0, 31, 62), knowing(history));
      expect(comparison.finding).toMatchObject({ runs: 3, verdict: 'regressed' });
      expect(comparison.outcome).toBe('regressed');
    });
    test('is one where stored runs of that kernel, of other times, show it as well', () => {
      const stored = [slow(21, LATER_S - 500), slow(22, LATER_S - 200)];
      const comparison = compareRuns(runs(1, 3), at(0, 10, 20), knowing([...history, ...stored]));
      expect(comparison.finding).toMatchObject({ verdict: 'regressed' });
    });
    test('is none where a stored run of that kernel does not show it', () => {
      const known = knowing([...history, fast(21, LATER_S - 500)]);
      const comparison = compareRuns(runs(1, 3), at(0, 40, 80), known);
      expect(comparison.finding).toBeNull();
      expect(comparison.outcome).toBe('inconclusive');
    });
    test('is none where the runs do not say when they were', () => {
      const timeless = at(0, 40, 80).map((one) => ({
        ...one,
        calibrations: one.calibrations.map((calibration) => ({ ...calibration, startedAt: '' })),
      }));
      expect(compareRuns(runs(1, 3), timeless, knowing(history)).finding).toBeNull();
    });
    test('a faster machine is its doing where the runs of the old one are of three moments, not of one spell', () => {
      const current = [fast(11, LATER_S), fast(12, LATER_S + 40), fast(13, LATER_S + 80)];
      const base = (...times: readonly number[]) => times.map((atS, i) => run(1 + i, { spell: 1.25, atS }));
      expect(compareRuns(base(0, 40, 80), current).finding).toMatchObject({ verdict: 'improved' });
      const spell = compareRuns(base(0, 10, 20), current);
      expect(spell.finding).toBeNull();
      expect(spell.unlike[0]).toMatch(/a round trip usually took \d+ % less .* the old kernel lie at 1:/);
    });
  });
  test('of two of three runs of it is none', () => {
    const current = [...runs(11, 2, { kernel: '6.13.0', spell: 1.25 }), run(14, { kernel: '6.13.0' })];
    const comparison = compareRuns(runs(1, 3), current, knowing(history));
    expect(comparison.finding).toBeNull();
    expect(comparison.outcome).not.toBe('regressed');
  });
  test('after a boot of the same kernel is weather, however many runs show it', () => {
    const current = runs(11, 3, { bootId: 'another', spell: 1.25 });
    const comparison = compareRuns(runs(1, 3), current, knowing(history));
    expect(comparison.finding).toBeNull();
    expect(comparison.outcome).toBe('inconclusive');
  });
});

describe('rows of one run', () => {
  /** Two rows of a run, as sides of one id. */
  function pair(seed: number, options: Partial<FakeRun>, change: Partial<FakeRun> = {}) {
    return compareRuns(
      [run(seed, { ...options, runId: 'one' })],
      [run(seed + 1, { ...options, ...change, runId: 'one' })],
    );
  }
  test('are judged in pairs, and seven blocks can decide', () => {
    const comparison = pair(1, { blocks: 7 }, { slower: 1.08 });
    expect(comparison.design).toBe('pairs');
    expect(comparison.outcome).toBe('regressed');
    expect(overallOf(comparison, 'cpuNsPerRequest')).toMatchObject({
      verdict: 'regressed',
      decidedBy: 'pairs',
    });
    expect(overallOf(comparison, 'cpuNsPerRequest')?.adjustedP).toBeLessThan(0.05);
  });
  test('can be decided by seven blocks also where there is a single cell', () => {
    const one = { models: 1, workloads: 1, blocks: 7, host: { ...QUIET, hit: 0 } };
    expect(pair(1, one, { slower: 1.08 }).outcome).toBe('regressed');
  });
  test('pass where they are equal', () => {
    expect(pair(3, { blocks: 20 }).outcome).toBe('passed');
  });
  test('say how many blocks would decide', () => {
    const { overall } = pair(5, { blocks: 5, host: { ...QUIET, burst: 0.6, hit: 0.8 } });
    const open = overall.filter(({ verdict }) => verdict === 'inconclusive');
    expect(open.length).toBeGreaterThan(0);
    expect(open[0]?.furtherBlocks).toBeGreaterThan(0);
  });
  test('are too few below four', () => {
    const comparison = pair(7, { blocks: 3 });
    expect(comparison.metrics.filter(({ decidedBy }) => decidedBy === 'pairs')[0]).toMatchObject({
      verdict: 'inconclusive',
      reason: 'too few pairs for an interval: 3',
    });
  });
});

describe('counts', () => {
  test('that changed are a finding even where time is noise, and stand first', () => {
    const comparison = compareRuns([run(1, { host: FULL })], [run(2, { host: FULL, moreCalls: 0.1 })]);
    expect(comparison.metrics[0]).toMatchObject({ kind: 'counted', metric: 'syscallsPerRequest' });
    expect(new Set(verdictsOf(comparison, 'syscallsPerRequest'))).toEqual(new Set(['regressed']));
    expect(overallOf(comparison, 'syscallsPerRequest')?.verdict).toBe('regressed');
    expect(comparison.outcome).toBe('regressed');
  });
  test('that did not change are the same', () => {
    const comparison = compareRuns([run(1, { host: FULL })], [run(2, { host: FULL })]);
    expect(new Set(verdictsOf(comparison, 'syscallsPerRequest'))).toEqual(new Set(['same']));
    expect(new Set(verdictsOf(comparison, 'contextSwitchesPerRequest'))).toEqual(new Set(['same']));
  });
});

describe('where system calls per request vary', () => {
  const vary = { callsVary: 0.05 };
  const history = runs(1000, 8, vary);
  const judged = (base: Partial<FakeRun>, current: Partial<FakeRun>) =>
    compareRuns([run(1, { ...vary, ...base })], [run(2, { ...vary, ...current })], knowing(history));
  test('and agree, CPU decides as anywhere', () => {
    const comparison = judged({}, { slower: 1.08 });
    expect(comparison.outcome).toBe('regressed');
    expect(comparison.metrics.find(({ metric }) => metric === 'cpuNsPerRequest')?.batching).toMatchObject({
      moved: false,
    });
  });
  test('and are no count, they are not judged by themselves', () => {
    const { leftOut, metrics } = judged({}, {});
    expect(metrics.filter(({ metric }) => metric === 'syscallsPerRequest')).toEqual([]);
    expect(leftOut.find(({ metric }) => metric === 'syscallsPerRequest')?.reason).toContain(
      'how requests meet',
    );
  });
  test.each([
    {
      name: 'dearer and batching less may be the neighbours',
      slower: 1.08,
      moreCalls: 1,
      verdict: 'inconclusive',
      says: 'neighbours do that as well',
    },
    {
      name: 'dearer although it batches more is a regression',
      slower: 1.08,
      moreCalls: -1,
      verdict: 'regressed',
      says: 'dearer all the same',
    },
    {
      name: 'cheaper and batching more may be the neighbours',
      slower: 0.92,
      moreCalls: -1,
      verdict: 'inconclusive',
      says: 'neighbours do that as well',
    },
    {
      name: 'cheaper although it batches less is an improvement',
      slower: 0.92,
      moreCalls: 1,
      verdict: 'improved',
      says: 'cheaper all the same',
    },
    {
      name: 'about the same and batching more may hide work',
      slower: 1,
      moreCalls: -1,
      verdict: 'inconclusive',
      says: 'may hide work',
    },
  ])('and moved, $name', ({ slower, moreCalls, verdict, says }) => {
    const comparison = judged({}, { slower, moreCalls });
    const cpu = comparison.metrics.filter(({ metric }) => metric === 'cpuNsPerRequest');
    expect(new Set(cpu.map((one) => one.verdict))).toEqual(new Set([verdict]));
    for (const { batching } of cpu) {
      expect(batching).toMatchObject({ moved: true });
      expect(batching?.says).toContain(says);
    }
    const [p50] = comparison.overall.filter(({ metric }) => metric === 'responseP50Ns');
    expect(p50?.verdict).toBe(verdict);
  });
});

describe('what is left out', () => {
  test('is said of cells that one side lacks', () => {
    const comparison = compareRuns([run(1, { models: 1 })], [run(2, { models: 2 })]);
    expect(comparison.leftOut.filter(({ metric }) => metric === null)).toEqual([
      { label: 'model-1', workload: 'workload-0', metric: null, reason: 'not in base' },
      { label: 'model-1', workload: 'workload-1', metric: null, reason: 'not in base' },
    ]);
  });
  test('is every rate of a cell that the client limited, whatever is asked for', () => {
    const limited = (result: RunResult): RunResult => ({
      ...result,
      trials: result.trials.map((trial) =>
        trial.status === 'measured'
          ? { ...trial, observation: { ...trial.observation, saturation: 'client' } }
          : trial,
      ),
    });
    const options = { ...COMPARE_DEFAULTS, metrics: METRIC_IDS };
    const { metrics, leftOut } = compareRuns([limited(run(1))], [limited(run(2))], options);
    const rates = METRICS.filter(({ isRate }) => isRate).map(({ id }) => id);
    expect(rates.length).toBeGreaterThan(1);
    expect(metrics.filter(({ metric }) => rates.includes(metric))).toEqual([]);
    for (const rate of rates)
      expect(leftOut.filter(({ metric }) => metric === rate).map(({ reason }) => reason)).toEqual(
        Array(run(1).record.cells.length).fill(expect.stringContaining('the client was the limit')),
      );
  });
  test('is said of values that are not numbers', () => {
    const broken = (result: RunResult): RunResult => ({
      ...result,
      trials: result.trials.map((trial) =>
        trial.status !== 'measured'
          ? trial
          : {
              ...trial,
              observation: {
                ...trial.observation,
                server: { ...trial.observation.server, rssMaxBytes: null, cpuNs: Number.NaN },
              },
            },
      ),
    });
    const comparison = compareRuns(
      [broken(run(1, { models: 1, workloads: 1 }))],
      [broken(run(2, { models: 1, workloads: 1 }))],
    );
    expect(comparison.missing).toEqual([]);
    expect(comparison.leftOut.map(({ metric, reason }) => `${metric}: ${reason}`)).toEqual([
      'cpuNsPerRequest: could not be measured on both sides',
      'rssMaxBytes: could not be measured on both sides',
    ]);
  });
  test('is not said of an interrupted run, but warned of', () => {
    const cut = run(2);
    const record = { ...cut.record, status: 'interrupted' as const };
    const trials = cut.trials.filter(({ block }) => block < 2);
    const comparison = compareRuns([run(1)], [{ ...cut, record, trials }]);
    expect(comparison.warnings).toEqual(['current fake-2 was interrupted: 2 of 10 blocks are compared']);
    expect(comparison.metrics[0]).toMatchObject({
      verdict: 'inconclusive',
      reason: 'too few blocks for an interval',
    });
  });
});

describe('what the base has and the current side lost', () => {
  const LABEL = 'model-1';
  const CELLS = ['workload-0', 'workload-1'].map((workload) => ({ label: LABEL, workload, metric: null }));
  const isLost = ({ label }: { label: string }) => label === LABEL;
  const current = run(2, { models: 2 });
  const skipped: RunResult = {
    ...current,
    record: {
      ...current.record,
      cells: current.record.cells.map((cell) =>
        isLost(cell) ? { ...cell, skipReason: 'io_uring_setup: EPERM' } : cell,
      ),
    },
    trials: current.trials.filter((trial) => !isLost(trial)),
  };
  const failed: RunResult = {
    ...current,
    trials: current.trials.map((trial) => {
      if (!isLost(trial) || trial.status !== 'measured') return trial;
      const { observation: _observation, ...rest } = trial;
      return { ...rest, status: 'failed', stage: 'launch', message: 'it ended' };
    }),
  };
  const without: RunResult = run(2, { models: 1 });
  const unmeasured: RunResult = { ...current, trials: skipped.trials };
  const base = [run(1, { models: 2 })];

  test.each([
    { how: 'skipped', side: skipped, reason: 'skipped in current: io_uring_setup: EPERM' },
    { how: 'failed', side: failed, reason: 'every trial failed in current: launch: it ended' },
    { how: 'not selected', side: without, reason: 'not in current' },
    { how: 'not reached', side: unmeasured, reason: 'no trial was measured in current' },
  ])('is a finding where it was $how, with the reason', ({ side, reason }) => {
    const comparison = compareRuns(base, [side]);
    expect(comparison.missing).toEqual(CELLS.map((cell) => ({ ...cell, reason, allowed: false })));
    expect(comparison.leftOut.filter(({ metric }) => metric === null)).toEqual([]);
    expect(comparison.counts.regressed).toBe(0);
    expect(comparison.outcome).toBe('missing');
  });
  test('hides no regression', () => {
    const comparison = compareRuns(base, [run(3, { models: 1, slower: 1.5, moreCalls: 1 })]);
    expect(comparison.outcome).toBe('regressed');
    expect(comparison.missing).toHaveLength(2);
  });
  test('is told and no finding where it is allowed, cell by cell', () => {
    const mayBeMissing = ({ workload }: { workload: string }) => workload === 'workload-0';
    const some = compareRuns(base, [skipped], { ...COMPARE_DEFAULTS, mayBeMissing });
    expect(some.missing.map(({ allowed }) => allowed)).toEqual([true, false]);
    expect(some.outcome).toBe('missing');
    const all = compareRuns(base, [skipped], { ...COMPARE_DEFAULTS, mayBeMissing: () => true });
    expect(all.missing.map(({ allowed }) => allowed)).toEqual([true, true]);
    expect(['passed', 'inconclusive']).toContain(all.outcome);
  });
  test('is nothing where the base did not measure it either', () => {
    const comparison = compareRuns([{ ...skipped, record: { ...skipped.record, runId: 'other' } }], [failed]);
    expect(comparison.missing).toEqual([]);
    expect(comparison.leftOut.map(({ reason }) => reason)).toContain(
      'skipped in base: io_uring_setup: EPERM',
    );
  });
  test('stays lost after a second measurement of the others', () => {
    const first = compareRuns(base, [run(3, { models: 1, slower: 1.5 })]);
    const confirmed = confirmComparison(first, compareRuns(base, [run(4, { models: 1 })]));
    expect(confirmed.outcome).toBe('missing');
  });
  test('is warned of where only one of several runs lost it', () => {
    const comparison = compareRuns(base, [run(5, { models: 2 }), skipped]);
    expect(comparison.missing).toEqual([]);
    expect(comparison.warnings).toEqual(
      CELLS.map(
        ({ label, workload }) =>
          `current fake-2 lacks ${label} under ${workload}, which other runs of its side have: skipped in it: io_uring_setup: EPERM`,
      ),
    );
  });
  test('may be a metric of a cell that is still there', () => {
    const blind = (result: RunResult): RunResult => ({
      ...result,
      trials: result.trials.map((trial) =>
        trial.status !== 'measured'
          ? trial
          : {
              ...trial,
              observation: {
                ...trial.observation,
                server: { ...trial.observation.server, rssMaxBytes: null },
              },
            },
      ),
    });
    const comparison = compareRuns([run(1, { models: 1 })], [blind(without)]);
    expect(comparison.missing.map(({ metric, reason }) => `${metric}: ${reason}`)).toEqual(
      Array(2).fill('rssMaxBytes: could not be measured in current'),
    );
    expect(comparison.outcome).toBe('missing');
  });
  test('is said of workloads that have changed under their name', () => {
    const other = run(2);
    const workloads = other.record.settings.workloads.map((workload) => ({
      ...workload,
      messageBytes: 1024,
    }));
    const settings = { ...other.record.settings, workloads };
    const comparison = compareRuns([run(1)], [{ ...other, record: { ...other.record, settings } }]);
    expect(comparison.metrics).toEqual([]);
    expect(comparison.missing[0]?.reason).toBe('the workload is not the same: messageBytes is 64 and 1024');
  });
});

describe('a second measurement', () => {
  const known = knowing(runs(1000, 8));
  const first = compareRuns([run(1)], [run(2, { slower: 1.3 })], known);

  test('is of the cells that regressed', () => {
    expect(suspiciousCells(first)).toHaveLength(6);
    expect(suspiciousCells(compareRuns([run(1)], [run(2)], known))).toEqual([]);
  });
  test('confirms a regression that is there again', () => {
    const confirmed = confirmComparison(first, compareRuns([run(1)], [run(3, { slower: 1.3 })], known));
    expect(confirmed.outcome).toBe('regressed');
    const cpu = confirmed.metrics.find(({ metric }) => metric === 'cpuNsPerRequest');
    expect(cpu).toMatchObject({ verdict: 'regressed', confirmed: true });
  });
  test('takes back one that is not', () => {
    const confirmed = confirmComparison(first, compareRuns([run(1)], [run(3)], known));
    expect(confirmed.counts.regressed).toBe(0);
    expect(confirmed.metrics.find(({ confirmed: again }) => again === false)?.reason).toMatch(
      /^measured again: /,
    );
  });
});
