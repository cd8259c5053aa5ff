import { expect, test } from 'vitest';
import { fixtureGuideRun } from '../fixtures/guide.ts';
import { alone } from '../fixtures/guide-evidence.ts';
import { renderTable } from '../render/table.ts';
import type { RunResult } from '../results/schema.ts';
import { keyNumbers, keyNumbersTable } from './guide-key-numbers.ts';

test('All ten numbers of the guide have an answer, or the reason why not', () => {
  const table = keyNumbersTable(keyNumbers(alone(fixtureGuideRun())));
  expect(renderTable(table, { width: 120, color: false })).toMatchInlineSnapshot(`
    "Key numbers: what the guide says, and this host
        the guide                              this host
           “1024”  FD_SETSIZE: select's hard   select: held 1,000 connections at once, its server takes at most 1,016
                   cap                         more: not measured (tables --probe)
    ─────────────  ──────────────────────────  ────────────────────────────────────────────────────────────────────────────
            “~1M”  connections per epoll       epoll-lt: held 10,000 connections at once
                   instance                    more: not measured (tables --probe)
    ─────────────  ──────────────────────────  ────────────────────────────────────────────────────────────────────────────
        “~150 ns”  syscall cost on modern      not measured (costs)
                   x86_64
    ─────────────  ──────────────────────────  ────────────────────────────────────────────────────────────────────────────
            “5.1”  Linux kernel that           documented: merged for Linux 5.1 (2019) [LWN 810414]; not measured (tables
                   introduced io_uring         --probe)
    ─────────────  ──────────────────────────  ────────────────────────────────────────────────────────────────────────────
           “2-3x”  io_uring throughput vs      io_uring / epoll-lt, ping-pong: throughput ×1.241 [1.208–1.273],
                   epoll on small ops          CPU/req ×0.806 [0.785–0.828]
                                               io_uring / epoll-lt, many-connections: throughput ×1.242 [1.214–1.269],
                                               CPU/req ×0.805 [0.788–0.824]
                                               io_uring / epoll-lt, mostly-idle: throughput ×1.237 [1.219–1.257],
                                               CPU/req ×0.808 [0.796–0.820]
                                               io_uring / epoll-lt, c10k: throughput ×1.242 [1.210–1.272],
                                               CPU/req ×0.805 [0.786–0.826]
    ─────────────  ──────────────────────────  ────────────────────────────────────────────────────────────────────────────
           “2002”  year epoll merged (Linux    documented: introduced in Linux 2.5.44 (October 2002), stable from 2.6.0
                   2.5.44)                     [epoll(7)]
    ─────────────  ──────────────────────────  ────────────────────────────────────────────────────────────────────────────
         “~10 µs”  epoll_wait overhead (O(1)   not measured (costs)
                   delivery)
    ─────────────  ──────────────────────────  ────────────────────────────────────────────────────────────────────────────
        “~1–5 µs”  io_uring CQ polling         not measured (costs)
                   overhead
    ─────────────  ──────────────────────────  ────────────────────────────────────────────────────────────────────────────
    “~200–500 ns”  context switch to kernel    not measured (costs)
                   (modern x86)
    ─────────────  ──────────────────────────  ────────────────────────────────────────────────────────────────────────────
           “64 B”  SQE/CQE size in io_uring    documented: an SQE has 64 B (128 with SETUP_SQE128), a CQE 16 B (32 with
                   rings                       SETUP_CQE32) [linux/io_uring.h]; not measured (tables --probe)
      “1024” (FD_SETSIZE: select's hard cap): it is the size of fd_set in the C library, not a cap of the kernel: the raw
      call takes longer bitmaps. FD_SET beyond it writes out of bounds (select(2)). A server needs some of them for other
      descriptors.
      “~1M” (connections per epoll instance): there is no limit per instance: fs.epoll.max_user_watches (per user),
      RLIMIT_NOFILE, fs.file-max and memory limit it (epoll(7)).
      “~150 ns” (syscall cost on modern x86_64): it depends on the CPU and its mitigations; the breakdown in the guide
      totals 92 ns.
      “2-3x” (io_uring throughput vs epoll on small ops): only where entering the kernel dominates (costly mitigations) and
      many requests share a call; with one active there is nothing to share.
      “~10 µs” (epoll_wait overhead (O(1) delivery)): it is no cost of the call, but of waking a thread that sleeps, which
      every call that blocks has (fs/eventpoll.c).
      “~1–5 µs” (io_uring CQ polling overhead): to look at the CQ is to read shared memory: no call is made.
      “~200–500 ns” (context switch to kernel (modern x86)): entering the kernel is a mode switch, not a context switch; the
      guide gives 92, 150, 150–300 and 200–500 ns for the same thing.
      “64 B” (SQE/CQE size in io_uring rings): a CQE is a quarter of that.
      documented: a fact from the source in [ ], not measured here.
      × is a ratio paired within the blocks, [ ] its 95 % interval; ( ) the range over the blocks, where they are too few
      for one; without either it is of a single block."
  `);
});

test('Without the models that answer, the cells say what would', () => {
  const run = fixtureGuideRun();
  const { settings } = run.record;
  const poll: RunResult = {
    ...run,
    record: {
      ...run.record,
      settings: { ...settings, entries: settings.entries.filter(({ model }) => model === 'poll') },
      cells: run.record.cells.filter(({ model }) => model === 'poll'),
    },
    trials: run.trials.filter(({ model }) => model === 'poll'),
  };
  const cells = new Map(keyNumbers(alone(poll)).map(({ guide, here }) => [guide.id, here]));
  expect(cells.get('fd-setsize')).toEqual({
    status: 'not-measured',
    why: 'run --models select --workloads mostly-idle',
  });
  expect(cells.get('epoll-connections')).toEqual({
    status: 'not-measured',
    why: 'run --models epoll-lt --workloads c10k',
  });
  expect(cells.get('io-uring-ratio')).toEqual({
    status: 'not-measured',
    why: 'needs both in one run: run --models epoll-lt,io_uring',
  });
});
