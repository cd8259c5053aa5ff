import { describe, expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import type { MeasuredTrial, RunResult, Saturation, TrialResult } from '../results/schema.ts';
import { cleanTrials } from './clean-trials.ts';
import type { MeasuredRow, RowSummary } from './run-summary.ts';
import { halfWidths, summarize } from './summarize.ts';
import { summarizeSaturation } from './summarize-row.ts';

const summary = summarize(fixtureRun());

function rowsOf(result: RunResult, workload: string): readonly RowSummary[] {
  return summarize(result).workloads.find((entry) => entry.workload.id === workload)?.rows ?? [];
}

function measuredRow(result: RunResult, workload: string, label: string): MeasuredRow {
  const row = rowsOf(result, workload).find((candidate) => candidate.label === label);
  if (row?.status !== 'measured') throw new Error(`${label} was not measured under ${workload}`);
  return row;
}

/** The fixture with its trials changed; null takes one away. */
function withTrials(change: (trial: TrialResult) => TrialResult | null): RunResult {
  const result = fixtureRun();
  return { ...result, trials: result.trials.map(change).filter((trial) => trial !== null) };
}

/** The fixture with the observations of one label changed. */
function withObservation(
  label: string,
  change: (o: MeasuredTrial['observation']) => MeasuredTrial['observation'],
): RunResult {
  return withTrials((trial) =>
    trial.status === 'measured' && trial.label === label
      ? { ...trial, observation: change(trial.observation) }
      : trial,
  );
}

test('Rows are in order, with their ranks, verdicts and what they are ranked by', () => {
  const lines = summary.workloads.flatMap(({ workload, rows }) => [
    workload.id,
    ...rows.map((row) =>
      row.status === 'measured'
        ? `  ${row.rank} ${row.label} ${row.comparison?.rankedBy} ${row.comparison?.verdict} ${row.saturation.verdict}`
        : `  ${row.label} ${row.status}`,
    ),
  ]);
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "many-connections
      1 epoll-lt undefined undefined server
      = epoll-et throughput no-difference server
      3 select throughput worse server
      1 io_uring cpu better client
    fixed-rate
      1 io_uring cpu better neither
      2 epoll-lt undefined undefined neither
      = epoll-et cpu no-difference neither
      select skipped"
  `);
});

test('Trials are counted: measured, failed and contaminated', () => {
  expect(summary.trials).toMatchInlineSnapshot(`
    {
      "clean": 39,
      "contaminated": 2,
      "counted": 0,
      "failed": 1,
      "measured": 41,
    }
  `);
  expect(summary.comparisons).toBe(5);
});

describe('A measured row', () => {
  const row = measuredRow(fixtureRun(), 'many-connections', 'io_uring');

  test('Rate, CPU per request and utilisation multiply out within one per cent', () => {
    for (const { rows } of summary.workloads)
      for (const one of rows) {
        if (one.status !== 'measured') continue;
        const { throughputPerS, server } = one;
        const product = (throughputPerS.value * (server.cpuNsPerRequest ?? 0)) / 1e9;
        const usedCpus = product / server.utilisation.value;
        // Of the CPUs that its tasks could use.
        expect(Math.abs(usedCpus - Math.max(1, Math.round(usedCpus)))).toBeLessThan(0.01 * usedCpus);
      }
  });

  test('Counts are the sums over the trials that are used, and those are the clean ones', () => {
    const clean = new Set(cleanTrials(fixtureRun()).map(({ index }) => index));
    const trials = fixtureRun().trials.filter(
      (trial): trial is MeasuredTrial =>
        trial.status === 'measured' && trial.label === 'io_uring' && trial.workload === 'many-connections',
    );
    const used = trials.filter(({ index }) => clean.has(index));
    expect(row.trials).toMatchObject({ measured: trials.length, clean: used.length, used: 'clean' });
    expect(row.server.syscallsPerRequestByName.io_uring_enter).toBe(row.server.syscallsPerRequest);
    expect(row.response.count).toBe(
      used.reduce((sum, { observation }) => sum + observation.response.count, 0),
    );
  });

  test('Where too few are clean all are used, and it is said', () => {
    const disturbed = withObservation('io_uring', (o) => ({
      ...o,
      contamination: { ...o.contamination, marks: ['somebody else'] },
    }));
    const { trials } = measuredRow(disturbed, 'many-connections', 'io_uring');
    expect(trials).toMatchObject({ clean: 0, used: 'all' });
  });

  test('A percentile is doubtful without ten samples or five blocks beyond it', () => {
    expect(row.response.p99).toMatchObject({ enough: true, samplesNeeded: 1000 });
    const { interval, valueNs } = row.response.p99;
    expect(interval?.low).toBeLessThanOrEqual(valueNs ?? 0);
    expect(interval?.high).toBeGreaterThanOrEqual(valueNs ?? 0);
    const short = withTrials((trial) => (trial.block < 3 ? trial : null));
    expect(measuredRow(short, 'fixed-rate', 'io_uring').response).toMatchObject({
      p99: { enough: false, blocksBeyond: expect.any(Number) },
      p999: { enough: false },
    });
  });

  test('Response and service time are kept apart in an open loop, and are one in a closed loop', () => {
    const open = measuredRow(fixtureRun(), 'fixed-rate', 'io_uring');
    expect(open.service?.p50.valueNs).toBeLessThan(open.response.p50.valueNs ?? 0);
    expect(open.openLoop?.offeredPerS).toBe(20_000);
    expect(open.openLoop?.achievedShare).toBeCloseTo(1, 9);
    expect(row.service).toBeNull();
    expect(row.openLoop).toBeNull();
  });

  test('A majority of trials decides who was the limit', () => {
    const mixed = withTrials((trial) =>
      trial.status === 'measured' && trial.label === 'io_uring' && trial.block % 2 === 0
        ? { ...trial, observation: { ...trial.observation, saturation: 'server' as const } }
        : trial,
    );
    expect(measuredRow(mixed, 'many-connections', 'io_uring').saturation).toEqual({
      verdict: 'neither',
      trials: { server: 3, client: 3, both: 0, neither: 0 },
    });
    const limits = (...names: readonly Saturation[]) =>
      summarizeSaturation(
        names.map((saturation) => ({ observation: { saturation } }) as unknown as MeasuredTrial),
      ).verdict;
    expect(limits('both', 'both', 'client')).toBe('both');
    expect(limits('both', 'client', 'client')).toBe('client');
    expect(limits('both', 'server', 'neither')).toBe('server');
    expect(limits('both', 'client', 'neither')).toBe('client');
    expect(limits('both', 'server', 'client')).toBe('both');
  });
});

describe('Comparisons', () => {
  test('Where the client was the limit of the baseline, every row is ranked by CPU', () => {
    const limited = withObservation('epoll-lt', (o) => ({ ...o, saturation: 'client' }));
    const kinds = rowsOf(limited, 'many-connections').flatMap((row) =>
      row.status === 'measured' && row.comparison ? [row.comparison.rankedBy] : [],
    );
    expect(kinds).toEqual(['cpu', 'cpu', 'cpu']);
  });

  test('Half the CPU per request is a ratio of 2', () => {
    const cheap = withObservation('io_uring', (o) => ({
      ...o,
      server: { ...o.server, cpuNsPerRequest: o.server.cpuNsPerRequest / 2 },
    }));
    const before = measuredRow(fixtureRun(), 'fixed-rate', 'io_uring').comparison?.ratio ?? 0;
    expect(measuredRow(cheap, 'fixed-rate', 'io_uring').comparison?.ratio).toBeCloseTo(2 * before, 9);
  });

  test('Without its baseline a row has no ratio, and says why', () => {
    const alone = withTrials((trial) => (trial.label === 'epoll-lt' ? null : trial));
    expect(measuredRow(alone, 'fixed-rate', 'io_uring')).toMatchObject({
      rank: null,
      comparison: {
        ratio: null,
        interval: null,
        verdict: 'unknown',
        reason: 'the reference epoll-lt was not measured',
      },
    });
    expect(summarize(alone).comparisons).toBe(0);
  });

  test('One block gives a ratio and no interval', () => {
    const short = withTrials((trial) => (trial.block === 0 ? trial : null));
    const { comparison, rank } = measuredRow(short, 'fixed-rate', 'io_uring');
    expect(comparison).toMatchObject({ interval: null, halfWidth: null, blocks: 1, verdict: 'unknown' });
    expect(comparison?.ratio).toBeGreaterThan(1);
    expect(rank).toBeNull();
    expect(halfWidths(summarize(short)).every(({ halfWidth }) => halfWidth === null)).toBe(true);
  });

  test('Half-widths are told for every ratio, for a run that goes on until they are small', () => {
    const widths = halfWidths(summary);
    expect(widths.map(({ workload, label }) => `${workload}/${label}`)).toEqual([
      'many-connections/epoll-et',
      'many-connections/select',
      'many-connections/io_uring',
      'fixed-rate/io_uring',
      'fixed-rate/epoll-et',
    ]);
    expect(widths.every(({ halfWidth }) => halfWidth !== null && halfWidth > 0 && halfWidth < 0.1)).toBe(
      true,
    );
  });
});

describe('What was not measured', () => {
  test('A cell of failed trials is failed, one without any trial is not run', () => {
    const none = withTrials((trial) => {
      if (trial.label === 'epoll-et') return null;
      if (trial.label !== 'io_uring' || trial.status !== 'measured') return trial;
      const { observation: _, ...rest } = trial;
      return { ...rest, status: 'failed', stage: 'launch', message: 'no ready line' };
    });
    expect(rowsOf(none, 'fixed-rate').map((row) => `${row.label} ${row.status}`)).toEqual([
      'epoll-lt measured',
      'io_uring failed',
      'epoll-et not-run',
      'select skipped',
    ]);
  });

  test('Trials that completed nothing divide nothing by zero', () => {
    const empty = { count: 0, sumNs: 0, minNs: 0, maxNs: 0, histogram: [] };
    const stalled = withObservation('io_uring', (o) => ({
      ...o,
      requests: { ...o.requests, completed: 0, accounted: 0 },
      throughputPerS: 0,
      response: empty,
      service: null,
      server: { ...o.server, cpuNs: 0, cpuNsPerRequest: 0, syscalls: {} },
    }));
    expect(measuredRow(stalled, 'fixed-rate', 'io_uring')).toMatchObject({
      throughputPerS: { median: 0 },
      response: { count: 0, meanNs: null, p50: { valueNs: null, enough: false } },
      server: { cpuNsPerRequest: null, requestsPerCpuS: null, syscallsPerRequest: null },
      comparison: { ratio: null, verdict: 'unknown' },
    });
  });
});

test('Summarizing twice gives the same', () => {
  expect(summarize(fixtureRun())).toEqual(summary);
});

test('A growing difference is first not shown, then may be chance, and then ranks', () => {
  const noise = [-0.03, 0.02, 0.01, -0.02, 0.03, -0.01];
  const base = measuredRow(fixtureRun(), 'many-connections', 'epoll-lt').throughputPerS.median;
  const verdictAt = (shift: number) => {
    const result = withTrials((trial) => {
      if (trial.status !== 'measured' || trial.workload !== 'many-connections') return trial;
      const factor = trial.label === 'epoll-et' ? Math.exp(shift + (noise[trial.block] ?? 0)) : 1;
      const observation = { ...trial.observation, throughputPerS: base * factor };
      return ['epoll-lt', 'epoll-et'].includes(trial.label) ? { ...trial, observation } : trial;
    });
    return measuredRow(result, 'many-connections', 'epoll-et').comparison?.verdict;
  };
  const verdicts = Array.from({ length: 16 }, (_, step) => verdictAt(step * 0.015));
  const changes = verdicts.filter((verdict, i) => i === 0 || verdict !== verdicts[i - 1]);
  expect(changes).toEqual(['no-difference', 'unclear', 'better']);
});
