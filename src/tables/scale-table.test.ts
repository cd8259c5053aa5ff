import { describe, expect, test } from 'vitest';
import { fixtureSweep } from '../fixtures/scale.ts';
import { formatValue } from '../render/table.ts';
import type { RunResult, TrialResult } from '../results/schema.ts';
import { summarizeScale } from '../summary/scale-summary.ts';
import { scaleLegend, scaleTable } from './scale-table.ts';

function tablesOf(result: RunResult) {
  const { sweeps, cost } = summarizeScale(result);
  return sweeps.map((sweep) => scaleTable(sweep, cost));
}

/** Rows as text, by column. */
function textOf(result: RunResult, active: number): Record<string, Record<string, string>> {
  const table = tablesOf(result)[active === 1 ? 0 : 1];
  const rows = (table?.rows ?? []).map((row) =>
    Object.fromEntries((table?.columns ?? []).map(({ key }) => [key, formatValue(row[key])])),
  );
  return Object.fromEntries(rows.map((row) => [row.model ?? '', row]));
}

const changed = (result: RunResult, change: (trial: TrialResult) => TrialResult): RunResult => ({
  ...result,
  trials: result.trials.map(change),
});

test('A row says what a request costs at each count, the slope and the verdict', () => {
  const rows = textOf(fixtureSweep(), 10);
  expect(rows.poll).toMatchInlineSnapshot(`
    {
      "events": "8.00",
      "exponent": "0.734",
      "idle-0": "6.28µs",
      "idle-10": "6.55µs",
      "idle-100": "6.59µs",
      "idle-1000": "9.70µs",
      "idle-4000": "19.1µs",
      "idle-9900": "37.0µs",
      "model": "poll",
      "slope": "3.07 [3.07, 3.11]",
      "verdict": "O(N)",
    }
  `);
  expect(rows['epoll-lt']).toMatchInlineSnapshot(`
    {
      "events": "2.10",
      "exponent": "-",
      "idle-0": "6.16µs",
      "idle-10": "6.02µs",
      "idle-100": "6.19µs",
      "idle-1000": "6.00µs",
      "idle-4000": "5.99µs",
      "idle-9900": "6.07µs",
      "model": "epoll-lt",
      "slope": "-0.006 [-0.008, -0.003]",
      "verdict": "O(1)",
    }
  `);
  expect(rows.select).toMatchObject({ 'idle-9900': '-', verdict: 'inconclusive' });
});

test('Notes say what the numbers alone do not', () => {
  expect(tablesOf(fixtureSweep()).map(({ notes }) => notes)).toMatchInlineSnapshot(`
    [
      [
        "select: skipped at 4000 idle: holds at most 1016 connections, 4001 are needed",
        "select: skipped at 9900 idle: holds at most 1016 connections, 9901 are needed",
      ],
      [
        "poll: one wait serves several of the 10 active connections (events/wakeup, with the most idle ones), which share its price: per wait the slope is as many times steeper. A wait that finds one ready also costs less than one that has to queue up at every connection and sleep.",
        "select: inconclusive: it grows, but by less than 50 % as far as it could be measured",
        "select: skipped at 4000 idle: holds at most 1016 connections, 4010 are needed",
        "select: skipped at 9900 idle: holds at most 1016 connections, 9910 are needed",
      ],
    ]
  `);
});

test('The legend is said once', () => {
  expect(scaleLegend(summarizeScale(fixtureSweep()))).toMatchInlineSnapshot(`
    [
      "slope: server CPU in ns that one more idle connection adds to a request; least squares through the floor of each count (expected lowest of 5 trials), with the 95 % interval over the blocks (6).",
      "k of N^k: how the cost grows between the two largest counts; 1 is in proportion.",
      "O(N): the interval leaves out 0 and the cost grows by 50 % or more over the sweep, also in the lowest trials of all. O(1): at 10000 idle connections not even the upper end of the interval is as much as that.",
      "CPU per request is compared, not throughput: of the two it moves less on a busy host (it can still differ by a third between two moments), and it is the server's own where the client is the limit.",
    ]
  `);
});

describe('Trouble has a note', () => {
  const sweep = fixtureSweep({ active: [1] });

  test.each([
    {
      what: 'a failed trial',
      result: changed(sweep, (trial) => {
        if (trial.block !== 2 || trial.label !== 'poll' || trial.workload !== 'idle-100-active-1')
          return trial;
        if (trial.status !== 'measured') return trial;
        const { observation: _observation, ...common } = trial;
        return { ...common, status: 'failed', stage: 'load', message: 'stalled' };
      }),
      note: 'poll at 100 idle: 1 trial failed: load: stalled',
    },
    {
      what: 'contamination',
      result: changed(sweep, (trial) => {
        if (trial.index !== 0 || trial.status !== 'measured') return trial;
        const contamination = { ...trial.observation.contamination, marks: ['a neighbour took the CPU'] };
        return { ...trial, observation: { ...trial.observation, contamination } };
      }),
      note: 'Clean: 131 of 132 trials; select: all are used. E.g. a neighbour took the CPU.',
    },
    {
      what: 'a trial that is too short',
      result: changed(sweep, (trial) => {
        if (trial.index !== 5 || trial.status !== 'measured') return trial;
        const requests = { ...trial.observation.requests, accounted: 1 };
        return { ...trial, observation: { ...trial.observation, requests } };
      }),
      note: expect.stringMatching(
        /^\S+ at \d+ idle: a trial with 1 request tells little; more time would help/,
      ),
    },
    {
      what: 'too few blocks',
      result: fixtureSweep({ active: [1], blocks: 5 }),
      note: 'select, poll, epoll-lt, io_uring: inconclusive: an interval needs 6 blocks or more (--blocks)',
    },
    {
      what: 'noise',
      result: fixtureSweep({ active: [1], noise: 0.8 }),
      note: 'epoll-lt: inconclusive: the interval is too wide; about 21 blocks would decide (--blocks)',
    },
    {
      what: 'growth that is faster than in proportion',
      result: changed(sweep, (trial) => {
        if (trial.label !== 'poll' || trial.workload !== 'idle-9900-active-1') return trial;
        if (trial.status !== 'measured') return trial;
        const { server } = trial.observation;
        const tripled = { ...server, cpuNs: 3 * server.cpuNs, cpuNsPerRequest: 3 * server.cpuNsPerRequest };
        return { ...trial, observation: { ...trial.observation, server: tripled } };
      }),
      note: 'poll: the cost grows faster than in proportion between the two largest counts, as it does when what a wait has to visit outgrows a cache; there an idle connection costs more than the slope says.',
    },
    {
      what: 'a model that spins',
      result: fixtureSweep({
        active: [1],
        behaviours: [{ model: 'nonblocking', baseNs: 9000, slopeNs: 200, eventsPerWakeup: 1 }],
      }),
      note: 'nonblocking spins while it waits: that is in its CPU per request as well.',
    },
    {
      what: 'a model that cannot run here',
      result: fixtureSweep({
        active: [1],
        behaviours: [
          { model: 'poll', baseNs: 6000, slopeNs: 20, eventsPerWakeup: 1 },
          { model: 'io_uring', baseNs: 5000, slopeNs: 0, eventsPerWakeup: 1, connectionsMax: 1016 },
        ],
        idle: [4000, 9900],
      }),
      note: 'io_uring: skipped at 4000 idle: holds at most 1016 connections, 4001 are needed',
    },
  ])('$what', ({ result, note }) => {
    expect(tablesOf(result)[0]?.notes).toContainEqual(note);
  });

  test('and a row that nothing was measured of says so instead of doubting', () => {
    const nothing = { ...sweep, trials: sweep.trials.filter((trial) => trial.label !== 'poll') };
    const table = tablesOf(nothing)[0];
    expect(textOf(nothing, 1).poll).toMatchObject({ slope: '-', verdict: 'not-run' });
    expect(table?.notes.filter((note) => note.includes('poll'))).toEqual([]);
  });
});
