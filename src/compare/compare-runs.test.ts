import { describe, expect, test } from 'vitest';
import { BUSY, type FakeRun, fakeRun, QUIET } from '../fixtures/compare.ts';
import { METRICS } from '../metrics/registry.ts';
import type { RunResult } from '../results/schema.ts';
import { COMPARE_DEFAULTS, compareRuns } from './compare-runs.ts';
import { confirmComparison, suspiciousCells } from './confirm.ts';
import { METRIC_IDS } from './judged-metrics.ts';
import type { Comparison, MetricId } from './result.ts';

/** Simulations take their time on a machine that stalls. */
const SIMULATION_TIMEOUT_MS = 60_000;
const SMALL = { blocks: 10, models: 3, workloads: 2, host: QUIET };

function run(seed: number, options: Partial<FakeRun> = {}): RunResult {
  return fakeRun({ ...SMALL, seed, ...options });
}

function verdictsOf(comparison: Comparison, metric: MetricId): string[] {
  return comparison.metrics.filter((one) => one.metric === metric).map(({ verdict }) => verdict);
}

/** Shares of comparisons with anything regressed or improved, and of CPU cells that regressed. */
function simulate(times: number, base: Partial<FakeRun>, change: Partial<FakeRun>) {
  let regressed = 0;
  let improved = 0;
  let found = 0;
  let cells = 0;
  for (let i = 0; i < times; i++) {
    const comparison = compareRuns([run(100 + 2 * i, base)], [run(101 + 2 * i, { ...base, ...change })]);
    if (comparison.counts.regressed > 0) regressed++;
    if (comparison.counts.improved > 0) improved++;
    const cpu = verdictsOf(comparison, 'cpuNsPerRequest');
    found += cpu.filter((verdict) => verdict === 'regressed').length;
    cells += cpu.length;
  }
  return { regressed: regressed / times, improved: improved / times, found: found / cells };
}

describe('two runs of the same thing at different times', () => {
  test.each([
    { name: 'a quiet host', host: QUIET, kernel: '6.12.1' },
    { name: 'a busy host', host: BUSY, kernel: '6.12.1' },
    { name: 'a quiet host with a new kernel', host: QUIET, kernel: '6.13.0' },
    { name: 'a busy host with a new kernel', host: BUSY, kernel: '6.13.0' },
  ])(
    'hardly ever show a change on $name',
    ({ host, kernel }) => {
      const { regressed, improved } = simulate(30, { host, blocks: 8, models: 12, workloads: 3 }, { kernel });
      expect(regressed).toBeLessThanOrEqual(0.02);
      expect(improved).toBeLessThanOrEqual(0.02);
    },
    SIMULATION_TIMEOUT_MS,
  );
});

describe('a slowdown of the server', () => {
  test.each([
    { percent: 10, name: 'a quiet host', host: QUIET, blocks: 10, atLeast: 0.8 },
    { percent: 20, name: 'a quiet host', host: QUIET, blocks: 8, atLeast: 0.95 },
    { percent: 60, name: 'a busy host', host: BUSY, blocks: 12, atLeast: 0.8 },
  ])(
    'of $percent % is found on $name',
    ({ percent, host, blocks, atLeast }) => {
      const slower = 1 + percent / 100;
      const { found, improved } = simulate(10, { host, blocks }, { slower });
      expect(found).toBeGreaterThanOrEqual(atLeast);
      expect(improved).toBe(0);
    },
    SIMULATION_TIMEOUT_MS,
  );
  test('of 5 % is found with enough blocks and a threshold below it', () => {
    const options = { ...COMPARE_DEFAULTS, thresholds: { cpuNsPerRequest: 0.02 } };
    const comparison = compareRuns([run(1, { blocks: 30 })], [run(2, { blocks: 30, slower: 1.05 })], options);
    const found = verdictsOf(comparison, 'cpuNsPerRequest').filter((verdict) => verdict === 'regressed');
    expect(found.length).toBeGreaterThanOrEqual(4);
  });
  test('is an improvement the other way around', () => {
    const comparison = compareRuns([run(1, { slower: 1.3 })], [run(2)]);
    expect(new Set(verdictsOf(comparison, 'cpuNsPerRequest'))).toEqual(new Set(['improved']));
    expect(comparison.outcome).not.toBe('regressed');
  });
  test('is seen in pairs where both sides come from the same blocks, whatever the host does', () => {
    const base = run(1, { host: BUSY, blocks: 20 });
    const slower = (trial: RunResult['trials'][number]) =>
      trial.status !== 'measured'
        ? trial
        : {
            ...trial,
            observation: {
              ...trial.observation,
              server: {
                ...trial.observation.server,
                // The same weather, another chance.
                cpuNs: trial.observation.server.cpuNs * (1.1 + 0.02 * Math.sin(trial.index * 2.4)),
              },
            },
          };
    const comparison = compareRuns([base], [{ ...base, trials: base.trials.map(slower) }]);
    const cpu = comparison.metrics.filter(({ metric }) => metric === 'cpuNsPerRequest');
    expect(cpu.map(({ verdict, decidedBy }) => `${verdict} ${decidedBy}`)).toEqual(
      new Array(6).fill('regressed paired'),
    );
  });
});

describe('counts', () => {
  test('that changed are a finding even where time is noise, and stand first', () => {
    const comparison = compareRuns([run(1, { host: BUSY })], [run(2, { host: BUSY, moreCalls: 0.1 })]);
    expect(comparison.metrics[0]).toMatchObject({ kind: 'counted', metric: 'syscallsPerRequest' });
    expect(new Set(verdictsOf(comparison, 'syscallsPerRequest'))).toEqual(new Set(['regressed']));
    expect(comparison.outcome).toBe('regressed');
  });
  test('that did not change are the same', () => {
    const comparison = compareRuns([run(1, { host: BUSY })], [run(2, { host: BUSY })]);
    expect(new Set(verdictsOf(comparison, 'syscallsPerRequest'))).toEqual(new Set(['same']));
    expect(new Set(verdictsOf(comparison, 'contextSwitchesPerRequest'))).toEqual(new Set(['same']));
  });
});

describe('what decides', () => {
  test.each([
    {
      name: 'the load generator, where nothing else is known to differ',
      host: QUIET,
      kernel: '6.12.1',
      by: 'relative',
    },
    {
      name: 'the measured change, where a new kernel may change both',
      host: QUIET,
      kernel: '6.13.0',
      by: 'raw',
    },
    {
      name: 'the load generator, where the host was not steady',
      host: BUSY,
      kernel: '6.13.0',
      by: 'relative',
    },
  ])('is $name', ({ host, kernel, by }) => {
    const comparison = compareRuns([run(7, { host })], [run(7, { host, kernel })].map(renamed));
    const cpu = comparison.metrics.filter(({ metric }) => metric === 'cpuNsPerRequest');
    expect(new Set(cpu.map(({ decidedBy }) => decidedBy))).toEqual(new Set([by]));
  });
  test('is the normalised change, where a steady machine had another speed', () => {
    const faster = (result: RunResult): RunResult => ({
      ...result,
      calibrations: result.calibrations.map((one) => ({ ...one, spinNs: one.spinNs * 0.93 })),
    });
    const comparison = compareRuns([run(7)], [run(7, { kernel: '6.13.0' })].map(renamed).map(faster));
    const cpu = comparison.metrics.filter(({ metric }) => metric === 'cpuNsPerRequest');
    expect(new Set(cpu.map(({ decidedBy }) => decidedBy))).toEqual(new Set(['normalised']));
    // As much as the calibrations differ is allowed for: the measured change, none, stays possible.
    expect(new Set(cpu.map(({ verdict }) => verdict))).toEqual(new Set(['inconclusive']));
  });
  test('is never time, where a run holds no calibrations and is alone on its side', () => {
    const without = (result: RunResult) => ({ ...result, calibrations: [] });
    const comparison = compareRuns([without(run(1))], [without(run(2, { slower: 2 }))]);
    expect(comparison.unsteady).toEqual(['no calibrations on both sides say how fast the machine was']);
    expect(new Set(verdictsOf(comparison, 'throughputPerS'))).toEqual(new Set(['inconclusive']));
    expect(new Set(verdictsOf(comparison, 'cpuNsPerRequest'))).toEqual(new Set(['regressed']));
  });
  test('is the distance between runs, where each side has three or more', () => {
    const side = (seed: number, slower: number) =>
      [0, 1, 2, 3].map((i) => run(seed + i, { host: { ...BUSY, level: 0.02 }, slower }));
    const comparison = compareRuns(side(10, 1), side(20, 3));
    expect(comparison.base.blocks).toBe(40);
    expect(verdictsOf(comparison, 'responseP50Ns')).toContain('regressed');
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
      furtherBlocks: 2,
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
  const first = compareRuns([run(1)], [run(2, { slower: 1.3 })]);

  test('is of the cells that regressed', () => {
    expect(suspiciousCells(first)).toHaveLength(6);
    expect(suspiciousCells(compareRuns([run(1)], [run(2)]))).toEqual([]);
  });
  test('confirms a regression that is there again', () => {
    const confirmed = confirmComparison(first, compareRuns([run(1)], [run(3, { slower: 1.3 })]));
    expect(confirmed.outcome).toBe('regressed');
    const cpu = confirmed.metrics.find(({ metric }) => metric === 'cpuNsPerRequest');
    expect(cpu).toMatchObject({ verdict: 'regressed', confirmed: true });
  });
  test('takes back one that is not', () => {
    const confirmed = confirmComparison(first, compareRuns([run(1)], [run(3)]));
    expect(confirmed.counts.regressed).toBe(0);
    expect(confirmed.metrics.find(({ confirmed: again }) => again === false)?.reason).toMatch(
      /^measured again: /,
    );
  });
});

/** Another run with the same numbers: all differences are what the test put there. */
function renamed(result: RunResult): RunResult {
  return { ...result, record: { ...result.record, runId: `${result.record.runId}-again` } };
}
