import { expect, test } from 'vitest';
import { guideRun } from '../claims/evidence.ts';
import type { Table } from '../document/document-schema.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { renderTable } from '../render/table.ts';
import type { RunResult, TrialResult } from '../results/schema.ts';
import { summarizeTracing } from '../summary/tracing-cost.ts';
import { tracingCostTable } from './tracing-cost.ts';

function tableOf(result: RunResult): Table {
  return tracingCostTable(summarizeTracing(result), guideRun(result));
}

test('Each counter has its factors beside the server that nobody traced', () => {
  expect(
    renderTable(tableOf(fixtureRun({ audit: true })), { width: 120, color: false }),
  ).toMatchInlineSnapshot(`
    "What tracing costs; the guide: “running strace -c ./my_server while your server handles 500k req/s adds 2–5% CPU
    overhead”
    workload          model     counted by         trials  sysc.   req/s  throughput,   CPU ns  CPU per request,
                                                            /req          times slower    /req  times
    many-connections  epoll-lt  the server itself       6   2.05  152.0k  1              6,400  1
                                tracepoint              2   2.05  147.7k  ×1.020         6,650  ×1.030
                                strace -c -f            2   2.05   12.6k  ×12.00        25,824  ×4.000
    many-connections  epoll-et  the server itself       6   2.04  152.0k  1              6,400  1
                                tracepoint              2   2.04  151.5k  ×1.020         6,485  ×1.030
                                strace -c -f            2   2.04   12.9k  ×12.00        25,184  ×4.000
    many-connections  io_uring  the server itself       6   0.11  196.0k  1              4,100  1
                                tracepoint              2   0.11  189.1k  ×1.020         4,290  ×1.030
                                strace -c -f            2   0.11   16.1k  ×12.00        16,661  ×4.000
    many-connections  select    the server itself       5   2.10   98.3k  1              9,868  1
                                tracepoint              2   2.10   96.7k  ×1.020        10,130  ×1.030
                                strace -c -f            2   2.10   8.22k  ×12.00        39,340  ×4.000
    fixed-rate        epoll-lt  the server itself       6   2.05   20.0k  1              6,401  1
                                tracepoint              2   2.05   19.6k  -              6,554  ×1.030
                                strace -c -f            2   2.05   1.67k  -             25,451  ×4.000
    fixed-rate        epoll-et  the server itself       6   2.04   20.0k  1              6,401  1
                                tracepoint              2   2.04   19.6k  -              6,695  ×1.030
                                strace -c -f            2   2.04   1.67k  -             26,000  ×4.000
    fixed-rate        io_uring  the server itself       6   0.11   20.0k  1              4,101  1
                                tracepoint              2   0.11   19.6k  -              4,154  ×1.030
                                strace -c -f            2   0.11   1.67k  -             16,130  ×4.000
      The client was the limit of io_uring under many-connections: the server slows down by more than the throughput shows.
      strace stops the server twice at each call (ptrace), so its cost grows with the calls per request; a tracepoint is a
      counter inside the kernel.
      CPU per request is the server's own; strace is a process of its own, whose CPU comes on top.
      × is a ratio paired within the blocks, [ ] its 95 % interval; ( ) the range over the blocks, where they are too few
      for one; without either it is of a single block."
  `);
});

test('Without audits it says which command measures it', () => {
  expect(tableOf(fixtureRun())).toMatchObject({ rows: [], notes: ['not measured (run --audit)'] });
});

test('A counter that could not count says why', () => {
  const run = fixtureRun({ audit: true });
  const reason = 'strace is not installed';
  const result = {
    ...run,
    record: { ...run.record, counters: [{ counter: 'strace', available: false, reason } as const] },
    trials: run.trials.filter((trial) => trial.counter !== 'strace'),
  };
  expect(tableOf(result).notes[0]).toBe('strace: not measured (strace is not installed)');
});

test('A counter whose every trial broke is not left out in silence', () => {
  const run = fixtureRun({ audit: true });
  const trials = run.trials.map((trial): TrialResult => {
    if (trial.status !== 'audited' || trial.counter !== 'strace' || trial.model !== 'select') return trial;
    const { observation: _, audit: __, ...rest } = trial;
    return { ...rest, status: 'failed', stage: 'load', message: 'connect-failed' };
  });
  const { rows, notes } = tableOf({ ...run, trials });
  expect(rows).toContainEqual(
    expect.objectContaining({
      counter: expect.objectContaining({ text: 'strace -c -f' }),
      slowdown: expect.objectContaining({ text: 'not measured' }),
    }),
  );
  expect(notes[0]).toBe(
    'select under many-connections, strace: not measured, every trial failed (load: connect-failed)',
  );
});
