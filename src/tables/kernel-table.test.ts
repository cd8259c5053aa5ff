import { expect, test } from 'vitest';
import type { Table } from '../document/document-schema.ts';
import { fixtureGuideRun } from '../fixtures/guide.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { renderTable } from '../render/table.ts';
import type { RunResult } from '../results/schema.ts';
import { summarize } from '../summary/summarize.ts';
import { kernelTable } from './kernel-table.ts';

function tableOf(result: RunResult, workload: string): Table {
  const summary = summarize(result).workloads.find((entry) => entry.workload.id === workload);
  if (summary === undefined) throw new Error(`no workload ${workload}`);
  return kernelTable(summary);
}

test('What the kernel does stands beside the calls that were made', () => {
  expect(
    renderTable(tableOf(fixtureGuideRun(), 'c10k'), { width: 120, color: false }),
  ).toMatchInlineSnapshot(`
    "c10k: kernel-side work per request
    model              sysc.      set-up  CPU ns    of it    of it  waits  preempt.  softirq  wakeups   events  CQ over-
                        /req  calls/conn    /req  iou-sqp  iou-wrk   /req      /req    share     /req  /wakeup     flows
    io_uring           0.050        1.00   4,991        0        0  0.012     <.001     10 %    0.050     20.0         0
    epoll-lt            2.05        1.50   6,196        -        -  0.012     <.001     10 %    0.050     20.0         0
    epoll-et            2.05        1.50   6,159        -        -  0.012     <.001     10 %    0.050     20.0         0
    io_uring-sqpoll        0        1.00   7,409    5,100        0  0.012     <.001     10 %    0.050     20.0         0
    blocking            2.00        1.50   9,015        -        -  0.012     <.001     10 %     1.00     1.00         0
    poll                2.05        1.50  22,113        -        -  0.012     <.001     10 %    0.050     20.0         0
    select           skipped
      Set-up calls per connection: io_uring io_uring_enter 1; epoll-lt accept4 1.5; epoll-et accept4 1.5; io_uring-sqpoll
      io_uring_enter 1; blocking accept4 1.5; poll accept4 1.5."
  `);
});

test('A row that was not measured says so and holds no zeros', () => {
  const select = tableOf(fixtureRun(), 'fixed-rate').rows.find(
    ({ model }) => model?.kind === 'text' && model.text === 'select',
  );
  expect(select).toEqual({
    model: { kind: 'text', text: 'select', tone: 'plain' },
    syscallsPerRequest: { kind: 'text', text: 'skipped', tone: 'faint' },
  });
});
