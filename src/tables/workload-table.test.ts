import { describe, expect, test } from 'vitest';
import type { Table } from '../document/document-schema.ts';
import { fixtureRun } from '../fixtures/run.ts';
import type { RunResult, TrialResult } from '../results/schema.ts';
import { summarize } from '../summary/summarize.ts';
import { legend } from './workload-notes.ts';
import { workloadTable } from './workload-table.ts';

function tableOf(result: RunResult, workload: string): Table {
  const summary = summarize(result).workloads.find((entry) => entry.workload.id === workload);
  if (summary === undefined) throw new Error(`no workload ${workload}`);
  return workloadTable(summary);
}

function changed(change: (trial: TrialResult) => TrialResult): RunResult {
  const result = fixtureRun();
  return { ...result, trials: result.trials.map(change) };
}

test('A row holds values, not texts: formatting is left to render', () => {
  const table = tableOf(fixtureRun(), 'fixed-rate');
  expect(table.title).toBe('fixed-rate: 20,000/s over 100 of 2,000 connections, 64 B (open loop)');
  expect(table.rows[0]).toMatchObject({
    rank: { text: '1' },
    model: { text: 'io_uring' },
    throughputPerS: { kind: 'rate', perS: expect.closeTo(20_000, 6) },
    responseP99Ns: { kind: 'duration', enough: true },
    limit: { text: 'neither' },
    ratio: { kind: 'ratio', verdict: 'better', apart: false },
  });
});

test('Every row has values for the columns of the table and no others', () => {
  for (const workload of ['many-connections', 'fixed-rate']) {
    const { columns, rows } = tableOf(fixtureRun(), workload);
    const keys = columns.map((column) => column.key);
    for (const row of rows) expect(keys).toEqual(expect.arrayContaining(Object.keys(row)));
  }
});

describe('Notes', () => {
  test('Of a closed loop: client-limited rows, contaminated and failed trials', () => {
    expect(tableOf(fixtureRun(), 'many-connections').notes).toMatchInlineSnapshot(`
      [
        "The client was the limit of io_uring: not ranked by throughput, but by requests per server CPU time.",
        "No difference shown to epoll-lt: epoll-et.",
        "select: 1 of 6 trials failed: load: the server ended with SIGKILL",
      ]
    `);
  });

  test('Of an open loop: what ranks, and skipped rows', () => {
    expect(tableOf(fixtureRun(), 'fixed-rate').notes).toMatchInlineSnapshot(`
      [
        "The rate is given: rows are ranked by requests per server CPU time, not by throughput.",
        "No difference shown to epoll-lt: epoll-et.",
        "select: skipped: holds at most 1016 connections, the workload needs 2000",
      ]
    `);
  });

  test('Trouble that the numbers do not show is told: overflows, errors, a missed rate, warnings', () => {
    const troubled = changed((trial) => {
      if (trial.status !== 'measured' || trial.label !== 'io_uring' || trial.workload !== 'fixed-rate')
        return trial;
      const { observation: o } = trial;
      const observation = {
        ...o,
        throughputPerS: 18_700,
        requests: { ...o.requests, errors: 2 },
        server: { ...o.server, counters: { cq_overflows: 3, accepted: 9 } },
        warnings: ['counters were read late'],
      };
      return { ...trial, observation };
    });
    expect(tableOf(troubled, 'fixed-rate').notes).toEqual(
      expect.arrayContaining([
        'io_uring: reached 93 % of the offered 20000/s',
        'io_uring: cq_overflows 18, requests or connections that broke 12',
        'io_uring: counters were read late',
      ]),
    );
  });

  test('A row that polls instead of waiting is told of, wherever it is ranked', () => {
    const spinning = changed((trial) =>
      trial.label === 'io_uring' ? { ...trial, model: 'io_uring-sqpoll' } : trial,
    );
    const cells = spinning.record.cells.map((cell) =>
      cell.label === 'io_uring' ? { ...cell, model: 'io_uring-sqpoll' } : cell,
    );
    const { notes } = tableOf({ ...spinning, record: { ...spinning.record, cells } }, 'many-connections');
    expect(notes.filter((note) => note.includes('polls'))).toEqual([
      expect.stringMatching(
        /^io_uring: polls instead of waiting: it burns CPU also when nothing happens, here \d+ % of all that it could use$/,
      ),
    ]);
    for (const workload of ['many-connections', 'fixed-rate'])
      expect(tableOf(fixtureRun(), workload).notes.join()).not.toContain('polls');
  });

  test('Zero-copy sends that the kernel copied are told of', () => {
    const copied = changed((trial) => {
      if (trial.status !== 'measured' || trial.label !== 'io_uring') return trial;
      const { observation: o } = trial;
      const counters = { ...o.server.counters, writes: 40, zc_copied: 40 };
      return { ...trial, observation: { ...o, server: { ...o.server, counters } } };
    });
    expect(tableOf(copied, 'fixed-rate').notes).toContain(
      'io_uring: zero-copy sends: the kernel copied 100 % of them all the same, as it does over loopback',
    );
    expect(tableOf(fixtureRun(), 'fixed-rate').notes.join()).not.toContain('zero-copy');
  });

  test('Rows with the same reason share a line', () => {
    const short = { ...fixtureRun(), trials: fixtureRun().trials.filter((trial) => trial.block < 2) };
    expect(tableOf(short, 'fixed-rate').notes).toContain(
      'io_uring, epoll-et: no ranking: too few blocks: 2 with both, an interval needs 4',
    );
  });
});

test('The legend explains the signs that occur', () => {
  expect(legend(summarize(fixtureRun()))).toMatchInlineSnapshot(`
    [
      "= no difference shown: the 95 % interval covers 1",
      "In a closed loop the client waits for replies: response time is service time, and a slow server is asked less. Only open-loop workloads show latency at a given rate.",
    ]
  `);
  const empty = { ...fixtureRun(), trials: [] };
  expect(legend(summarize(empty))).toHaveLength(1);
});
