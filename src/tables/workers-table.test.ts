import { expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import { renderTable } from '../render/table.ts';
import type { RunResult } from '../results/schema.ts';
import { summarize } from '../summary/summarize.ts';
import { workersTable } from './workers-table.ts';

/** The fixture as if its epoll-et were epoll-lt with two workers. */
function sweep(serverCpus: number[] | null): RunResult {
  const run = fixtureRun();
  const { record } = run;
  const model = (label: string, own: string) => (label === 'epoll-et' ? 'epoll-lt' : own);
  const workers = (label: string) => (label === 'epoll-lt' ? 1 : label === 'epoll-et' ? 2 : undefined);
  return {
    ...run,
    record: {
      ...record,
      cells: record.cells.map((cell) => ({ ...cell, model: model(cell.label, cell.model) })),
      settings: {
        ...record.settings,
        serverCpus,
        entries: record.settings.entries.map((entry) => {
          const count = workers(entry.label);
          const row = { ...entry, model: model(entry.label, entry.model) };
          return count === undefined ? row : { ...row, workers: count };
        }),
      },
    },
  };
}

function tableText(run: RunResult): string | null {
  const table = workersTable(summarize(run), run.record.settings);
  return table && renderTable(table, { width: 120, color: false });
}

test('A worker more is told with its throughput over that of one, where each has a CPU', () => {
  expect(tableText(sweep([2, 3]))).toMatchInlineSnapshot(`
    "Workers
    workload          model     workers  server  efficiency   req/s  CPU ns  ctxsw  wakeups  conns of a
                                           CPUs  per worker            /req   /req   /conn.     worker,
                                                                                               max/mean
    many-connections  epoll-lt        1       1       100 %  152.5k   6,378  0.012     1.50           -
                      epoll-et        2       2        50 %  152.0k   6,400  0.012     1.50           -
    fixed-rate        epoll-lt        1       1           -   20.0k   6,401  0.013     1.50           -
                      epoll-et        2       2           -   20.0k   6,400  0.013     1.50           -
      Efficiency: throughput per worker, over that of one worker of the same model. Wakeups per connection: returns from the
      wait call for each that was accepted. A worker that is woken in vain goes back to sleep in the kernel, which shows in
      context switches instead."
  `);
});

test('Where workers share a CPU, scaling is not measured, and the table says so', () => {
  const text = tableText(sweep([2]));
  expect(text).toContain('Scaling is not measured here: epoll-et had fewer CPUs than workers (2 on 1 CPU).');
  expect(text).toMatch(/epoll-et +2 +1 +- /);
  expect(tableText(sweep(null))).toContain('(2 not pinned)');
});

test('A run whose servers have one loop each has no such table', () => {
  expect(tableText(fixtureRun())).toBeNull();
});
