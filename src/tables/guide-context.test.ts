import { describe, expect, test } from 'vitest';
import { fixtureGuideRun } from '../fixtures/guide.ts';
import { alone } from '../fixtures/guide-evidence.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { fixtureSweep } from '../fixtures/scale.ts';
import { renderTable } from '../render/table.ts';
import type { RunResult } from '../results/schema.ts';
import { type ContextRow, guideContext, guideContextTable } from './guide-context.ts';

function rowOf(result: RunResult, id: string): ContextRow {
  const row = guideContext(alone(result)).find((candidate) => candidate.id === id);
  if (row === undefined) throw new Error(`no row ${id}`);
  return row;
}

test('Every row of the guide is measured or documented, and marked as such', () => {
  const table = guideContextTable(guideContext(alone(fixtureGuideRun())));
  expect(renderTable(table, { width: 120, color: false })).toMatchInlineSnapshot(`
    "io_uring vs epoll, benchmark context: what the guide says, and this host
    metric                              the guide            this host
    Ready-FD notification  select/poll  “O(N) per call”      select, mostly-idle (990 idle) against many-connections
                                                             (none): CPU/req ×1.225 [1.199–1.253]
                                                             poll, c10k (9900 idle) against many-connections (none):
                                                             CPU/req ×3.515 [3.503–3.527]
                           epoll        “O(1) amortized”     epoll-lt, c10k (9900 idle) against many-connections (none):
                                                             CPU/req ×1.000 [0.998–1.001]
                           io_uring     “O(1) amortized”     io_uring, c10k (9900 idle) against many-connections (none):
                                                             CPU/req ×1.000 [0.996–1.004]
    ─────────────────────  ───────────  ───────────────────  ──────────────────────────────────────────────────────────────
    FD set location        select/poll  “Copied each call”   documented: copied in and out by each call [select(2),
                                                             poll(2)]; not measured (tables --probe)
                           epoll        “Kernel internal”    documented: in the kernel; epoll_ctl changes it [epoll(7)];
                                                             not measured (tables --probe)
                           io_uring     “Kernel internal”    documented: there is none: each request in flight names its FD
                                                             [io_uring(7)]
    ─────────────────────  ───────────  ───────────────────  ──────────────────────────────────────────────────────────────
    Syscalls per event     select/poll  “1 (select/poll)”    select, ping-pong: 3.00 calls/wakeup, 1.00 events/wakeup
    loop iteration                                           select, many-connections: 41.0 calls/wakeup,
                                                             20.0 events/wakeup
                                                             poll, ping-pong: 3.00 calls/wakeup, 1.00 events/wakeup
                                                             poll, many-connections: 41.0 calls/wakeup, 20.0 events/wakeup
                           epoll        “1+ (epoll_wait +    epoll-lt, ping-pong: 3.00 calls/wakeup, 1.00 events/wakeup
                                        read/write)”         epoll-lt, many-connections: 41.0 calls/wakeup,
                                                             20.0 events/wakeup
                           io_uring     “1 (batched submit   io_uring, ping-pong: 1.00 calls/wakeup, 1.00 events/wakeup
                                        + CQ poll)”          io_uring, many-connections: 1.00 calls/wakeup,
                                                             20.0 events/wakeup
    ─────────────────────  ───────────  ───────────────────  ──────────────────────────────────────────────────────────────
    Per-operation          select/poll  “blocking            select, ping-pong: 3.00 calls/req, CPU 6,493 ns/req
    overhead                            read/write”          select, many-connections: 2.05 calls/req, CPU 6,511 ns/req
                                                             poll, ping-pong: 3.00 calls/req, CPU 6,294 ns/req
                                                             poll, many-connections: 2.05 calls/req, CPU 6,291 ns/req
                           epoll        “blocking            epoll-lt, ping-pong: 3.00 calls/req, CPU 6,210 ns/req
                                        read/write”          epoll-lt, many-connections: 2.05 calls/req, CPU 6,199 ns/req
                           io_uring     “ring enqueue only”  io_uring, ping-pong: 1.00 calls/req, CPU 5,005 ns/req
                                                             io_uring, many-connections: 0.050 calls/req, CPU 4,991 ns/req
    ─────────────────────  ───────────  ───────────────────  ──────────────────────────────────────────────────────────────
    Fixed buffers          select/poll  “No”                 documented: no, each call names its memory [recv(2), send(2)]
                           epoll        “No”                 documented: no, each call names its memory [recv(2), send(2)]
                           io_uring     “Yes (registered)”   documented: yes, registered; they help O_DIRECT and zero-copy
                                                             sends, not plain socket calls [io_uring_register(2)]; not
                                                             measured (tables --probe)
    ─────────────────────  ───────────  ───────────────────  ──────────────────────────────────────────────────────────────
    Kernel polling (no     select/poll  “No”                 documented: not like SQPOLL; but sockets can be busy-polled
    userspace wakeup)                                        (net.core.busy_poll) [Linux, admin-guide/sysctl/net]; not
                                                             measured (tables --probe)
                           epoll        “No”                 documented: not like SQPOLL; but NAPI busy polling since 4.12,
                                                             set per epoll instance since 6.9 [linux/eventpoll.h,
                                                             EPIOCSPARAMS]; not measured (tables --probe)
                           io_uring     “Yes (SQPOLL)”       io_uring-sqpoll, ping-pong: 0 calls/req, CPU 7,402 ns/req,
                                                             of it iou-sqp 5,100 ns/req
                                                             io_uring-sqpoll, many-connections: 0 calls/req,
                                                             CPU 7,411 ns/req, of it iou-sqp 5,100 ns/req
                                                             more: not measured (tables --probe)
    ─────────────────────  ───────────  ───────────────────  ──────────────────────────────────────────────────────────────
    Works on regular       select/poll  “Yes (always         documented: always reported ready, also at EOF; the read
    files                               async-ready)”        itself may still block on the disk [poll(2), select(2)]; not
                                                             measured (tables --probe)
                           epoll        “Yes (always         documented: no, epoll_ctl(ADD) fails with EPERM
                                        ready)”              [epoll_ctl(2)]; not measured (tables --probe)
                           io_uring     “Yes (Linux 5.19+)”  documented: yes, since 5.1: files came first
                                                             [io_uring_enter(2); LWN 810414]; not measured (tables --probe)
    ─────────────────────  ───────────  ───────────────────  ──────────────────────────────────────────────────────────────
    Multi-shot accept      select/poll  “No”                 documented: no, one accept call per connection [accept(2)]
                           epoll        “No”                 documented: no, one accept call per connection [accept(2)]
                           io_uring     “Yes”                documented: yes, since 5.19 (IORING_ACCEPT_MULTISHOT)
                                                             [io_uring_prep_accept(3)]; not measured (tables --probe)
    ─────────────────────  ───────────  ───────────────────  ──────────────────────────────────────────────────────────────
    Chained operations     select/poll  “No”                 documented: no, the program makes one call after the other
                                                             [recv(2)]
                           epoll        “No”                 documented: no, the program makes one call after the other
                                                             [recv(2)]
                           io_uring     “Yes                 documented: yes, since 5.3: in order, and an error or a short
                                        (IOSQE_IO_LINK)”     transfer cancels the rest [io_uring_enter(2)]; not measured
                                                             (tables --probe)
    ─────────────────────  ───────────  ───────────────────  ──────────────────────────────────────────────────────────────
    Min kernel version     select/poll  “any”                documented: poll since 2.1.23 [poll(2)]; runs here, on 6.12.1
                           epoll        “2.5.44 (2002)”      documented: 2.5.44; in stable kernels from 2.6.0 [epoll(7)];
                                                             runs here, on 6.12.1
                           io_uring     “5.1 (2019)”         documented: 5.1; what this row of the benchmark uses came by
                                                             5.7 [io_uring(7)]; runs here, on 6.12.1; not measured (tables
                                                             --probe)
    ─────────────────────  ───────────  ───────────────────  ──────────────────────────────────────────────────────────────
    Throughput, “1M small  io_uring     “2–5x higher than    io_uring / epoll-lt, ping-pong:
    reads/writes per                    epoll”               throughput ×1.241 [1.208–1.273], CPU/req ×0.806 [0.785–0.828]
    second”                                                  io_uring / epoll-lt, many-connections:
                                                             throughput ×1.242 [1.214–1.269], CPU/req ×0.805 [0.788–0.824]
                                                             io_uring / epoll-lt, mostly-idle:
                                                             throughput ×1.237 [1.219–1.257], CPU/req ×0.808 [0.796–0.820]
                                                             io_uring / epoll-lt, c10k: throughput ×1.242 [1.210–1.272],
                                                             CPU/req ×0.805 [0.786–0.826]
      FD set location: io_uring has no set of FDs, it has requests in flight.
      Syscalls per event loop iteration: the cells of the guide are not comparable: select and poll need a read and a write
      per ready FD as well, as its own table of call frequencies says.
      Per-operation overhead: servers of readiness use non-blocking reads and writes, for a blocking one would stop the
      loop. An enqueued request is not free: the kernel does the same socket work for it later, inside io_uring_enter or in
      a kernel thread.
      Kernel polling (no userspace wakeup): NAPI busy polling polls the network card, SQPOLL the submission queue: different
      mechanisms.
      Works on regular files: epoll does not take regular files at all; nothing about them is asynchronous with select and
      poll; io_uring had them from the start.
      Multi-shot accept: the flag is IORING_ACCEPT_MULTISHOT; IOSQE_ASYNC, which the guide names, does not do it.
      Chained operations: a chain is an order, not a transaction, and hands no result to the next operation.
      Throughput, “1M small reads/writes per second”: the guide also says 2–3x, 30 % and 30–50 %. It depends on what a
      system call costs here (mitigations, virtualisation) and on how many requests share one.
      Ready-FD notification: two workloads are compared, which shows a direction; they differ in how many events share a
      wakeup as well. The slope over idle connections is fitted by iomodels-bench scale.
      documented: a fact from the source in [ ], not measured here.
      × is a ratio paired within the blocks, [ ] its 95 % interval; ( ) the range over the blocks, where they are too few
      for one; without either it is of a single block."
  `);
});

describe('Ready-FD notification', () => {
  test('is the fitted slope where the run is a sweep over idle connections', () => {
    const { cells } = rowOf(fixtureSweep(), 'ready-notification');
    const verdicts = cells.map(({ here }) =>
      here.status === 'measured'
        ? here.findings.map(({ about, figures }) => `${about}: ${JSON.stringify(figures[0]?.value)}`)
        : here.status,
    );
    expect(verdicts).toMatchInlineSnapshot(`
      [
        [
          "select, 1 active: {"kind":"text","text":"O(N)","tone":"plain"}",
          "select, 10 active: {"kind":"text","text":"inconclusive","tone":"plain"}",
          "poll, 1 active: {"kind":"text","text":"O(N)","tone":"plain"}",
          "poll, 10 active: {"kind":"text","text":"O(N)","tone":"plain"}",
        ],
        [
          "epoll-lt, 1 active: {"kind":"text","text":"O(1)","tone":"plain"}",
          "epoll-lt, 10 active: {"kind":"text","text":"O(1)","tone":"plain"}",
        ],
        [
          "io_uring, 1 active: {"kind":"text","text":"O(1)","tone":"plain"}",
          "io_uring, 10 active: {"kind":"text","text":"O(1)","tone":"plain"}",
        ],
      ]
    `);
    expect(guideContextTable(guideContext(alone(fixtureSweep()))).notes.join()).not.toContain(
      'two workloads',
    );
  });

  test('names the commands that tell, where the run has no two such workloads', () => {
    const [cell] = rowOf(fixtureRun(), 'ready-notification').cells;
    expect(cell?.here).toEqual({
      status: 'not-measured',
      why: 'run --models select --workloads mostly-idle,many-connections shows the direction, scale --models select the slope',
    });
  });
});

describe('Throughput against epoll', () => {
  test('is no throughput where the client was the limit or the rate was given, but CPU', () => {
    const [cell] = rowOf(fixtureRun(), 'small-operations').cells;
    expect(cell?.here).toMatchObject({
      status: 'measured',
      findings: [
        {
          about: 'io_uring / epoll-lt, many-connections',
          figures: [{ value: { text: 'no throughput (the client was the limit)' } }, { name: 'CPU/req' }],
        },
        { figures: [{ value: { text: 'no throughput (the rate is given)' } }, { name: 'CPU/req' }] },
      ],
    });
  });

  test('of a sweep is told where the fewest connections are idle', () => {
    const [cell] = rowOf(fixtureSweep(), 'small-operations').cells;
    expect(cell?.here).toMatchObject({
      findings: [
        { about: 'io_uring / epoll-lt, idle-0-active-1' },
        { about: 'io_uring / epoll-lt, idle-0-active-10' },
      ],
    });
  });

  test('is not on this kernel where io_uring is not', () => {
    const run = fixtureGuideRun();
    const blocked: RunResult = {
      ...run,
      record: {
        ...run.record,
        support: [
          {
            model: 'io_uring',
            supported: false,
            reason: 'io_uring_setup: EPERM',
            features: [],
            connectionsMax: null,
            limitReason: null,
          },
        ],
      },
      trials: run.trials.filter((trial) => trial.model !== 'io_uring'),
    };
    expect(rowOf(blocked, 'small-operations').cells[0]?.here).toEqual({
      status: 'not-here',
      what: 'kernel',
      why: 'io_uring_setup: EPERM',
    });
  });

  test('asks for both in one run', () => {
    const run = fixtureGuideRun();
    const alone = { ...run, trials: run.trials.filter((trial) => trial.model !== 'io_uring') };
    expect(rowOf(alone, 'small-operations').cells[0]?.here).toEqual({
      status: 'not-measured',
      why: 'needs both in one run: run --models epoll-lt,io_uring',
    });
  });
});

test('Zero calls of SQPOLL never look free: its kernel thread’s CPU stands beside them', () => {
  const cell = rowOf(fixtureGuideRun(), 'kernel-polling').cells.find(
    ({ mechanism }) => mechanism === 'io_uring',
  );
  const findings = cell?.here.status === 'measured' ? cell.here.findings : [];
  expect({ findings: findings.slice(0, 2) }).toMatchObject({
    findings: [
      {
        about: 'io_uring-sqpoll, ping-pong',
        figures: [
          { value: { kind: 'per-request', value: 0 }, unit: 'calls/req' },
          { name: 'CPU', unit: 'ns/req' },
          { name: 'of it iou-sqp', value: { kind: 'nanoseconds', ns: 5100 } },
        ],
      },
      { about: 'io_uring-sqpoll, many-connections' },
    ],
  });
});
