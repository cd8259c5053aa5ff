import { expect, test } from 'vitest';
import type { Value } from '../document/value-schema.ts';
import { fixtureCosts } from '../fixtures/costs.ts';
import { renderDocument } from '../render/terminal.ts';
import { compositionReport, costPathReport, costsReport } from './costs.ts';

test('costs are a table per group, what is missing with its reason, and stand beside the guide', () => {
  const text = renderDocument(costsReport(fixtureCosts()), { width: 120, color: false });
  expect(text).toMatchInlineSnapshot(`
    "Single costs
    Linux 6.8.0-45-generic, AMD Ryzen 9 7950X; CPU 1, the other end of what takes two on CPU 0
    measured 2026-01-02T03:04:05.000Z in 30.0 s: 6 rounds, batches of 20.0 µs
    the clock: step 1 ns, read in 20 ns; the loop: 0.30 ns a turn
    cycles of the core at 4.00 GHz (0.250 ns each), by a chain of dependent instructions; the TSC, which is another clock,
    ticks at 2.50 GHz

    System calls
    cost                                per    median  95 % of it          cycles   p99 of   in a  id
                                                                                   batches  batch
    title of core-cycle                 call  0.26 ns  0.25 ns to 0.26 ns       1  0.26 ns    100  core-cycle
    title of syscall-noop               call   103 ns  100 ns to 105 ns       410   105 ns    100  syscall-noop
    title of syscall-enosys             call    82 ns  80 ns to 84 ns         328  84.0 ns    100  syscall-enosys
    title of read-0                     call   144 ns  140 ns to 147 ns       574   147 ns    100  read-0
    title of read-devnull               call   154 ns  150 ns to 158 ns       615   157 ns    100  read-devnull
    title of pipe-write-1               call   308 ns  300 ns to 315 ns     1,230   315 ns    100  pipe-write-1
    title of pipe-read-1                call   256 ns  250 ns to 263 ns     1,025   262 ns    100  pipe-read-1
    title of switch-pipe-same-cpu       call  4.10 µs  4.00 µs to 4.20 µs  16,400  4.20 µs    100  switch-pipe-same-cpu
    title of tcp-write-1                call  3.08 µs  3.00 µs to 3.15 µs  12,300  3.15 µs    100  tcp-write-1
    title of tcp-read-1                 call   513 ns  500 ns to 525 ns     2,050   525 ns    100  tcp-read-1
    title of epoll-wait-1-of-1          call   308 ns  300 ns to 315 ns     1,230   315 ns    100  epoll-wait-1-of-1
    title of uring-nop-1                call        -  unsupported                                 uring-nop-1
    from the call to the file and back  call  51.3 ns  50 ns to 52.5 ns       205                  fd-lookup
      uring-nop-1 not here: this kernel has no io_uring

    Key numbers: what the guide says, and this host
        the guide                                         cost               this host  95 % of it                   cycles
        “~150 ns”  syscall cost on modern x86_64          syscall-enosys         82 ns  80 ns to 84 ns                  328
                                                          syscall-noop          103 ns  100 ns to 105 ns                410
                                                          read-0                144 ns  140 ns to 147 ns                574
    ─────────────  ─────────────────────────────────────  ─────────────────  ─────────  ───────────────────────────  ──────
    “~200-500 ns”  context switch to kernel (modern x86)  syscall-enosys         82 ns  80 ns to 84 ns                  328
                                                          syscall-noop          103 ns  100 ns to 105 ns                410
    ─────────────  ─────────────────────────────────────  ─────────────────  ─────────  ───────────────────────────  ──────
         “~10 µs”  epoll_wait overhead (O(1) delivery)    epoll-wait-1-of-1     308 ns  300 ns to 315 ns              1,230
    ─────────────  ─────────────────────────────────────  ─────────────────  ─────────  ───────────────────────────  ──────
        “~1-5 µs”  io_uring CQ polling overhead           uring-nop-1                -  this kernel has no io_uring

    What ~150 ns buys: what the guide says, and this host
                            the guide                         cost                     this host  95 % of it          cycles
          “~50 + ~50 cycles (~50 ns)”  syscall entry and      syscall-enosys               82 ns  80 ns to 84 ns         328
                                       return
    ─────────────────────────────────  ─────────────────────  ───────────────────────  ─────────  ──────────────────  ──────
                “~30 cycles (~15 ns)”  file table lookup      fd-lookup                  51.3 ns  50 ns to 52.5 ns       205
    ─────────────────────────────────  ─────────────────────  ───────────────────────  ─────────  ──────────────────  ──────
               “~185 cycles (~92 ns)”  total per syscall, a   read-0                      144 ns  140 ns to 147 ns       574
                                       simple read()
    ─────────────────────────────────  ─────────────────────  ───────────────────────  ─────────  ──────────────────  ──────
    “+2,000-3,000 cycles (~1-1.5 µs)”  context switch,        context-switch-same-cpu    1.49 µs  1.45 µs to 1.52 µs   5,945
                                       thread descheduled
      the lines that no clock can tell apart (validation, permission, preemption check) are answered in instructions by
      --explain read-0
      the guide’s lines add up to 185 cycles; its own factor of 2 cycles a ns is that of a CPU at 2 GHz

    Medians over rounds, each of which takes every cost once; the interval is over rounds, as neighbours disturb a round and
    not a batch.
    p99 is of batches, of so many operations each: it says nothing of a single slow one.
    The cost of the loop and of reading the clock is subtracted."
  `);
});

test('a read stands beside the lines of the guide, whatever functions its kernel has', () => {
  const functions = [
    'entry_SYSCALL_64',
    'fdget_pos',
    'apparmor_file_permission',
    'vfs_read',
    'read_null',
  ].map((name, i) => ({ name, instructions: 10 * (i + 1), calls: 1, callers: [], spread: 0 }));
  const path = {
    ...{ label: 'read-0', workload: 'cost', kernel: '6.12.1', trials: 3, requests: 3000 },
    ...{ instructions: 150, clocked: 150, leftEarly: 0, functions },
  };
  const [part] = costPathReport(path, 10).parts;
  if (part?.kind !== 'table') throw new Error('the first part is the table of the guide');
  const said = Object.fromEntries(
    part.table.rows.map(({ says, instructions }) => [textOf(says), textOf(instructions)]),
  );
  expect(said).toMatchObject({
    'syscall entry': '10',
    'file table lookup': '20',
    'permission / capability check': '30',
    'argument validation / security check': '40',
    'the file itself, and what else there is': '50',
    'all of it': '150',
  });
});

test('what requests are made of is a table per workload, the largest part first', () => {
  const part = (cost: string, ns: number | null) => ({ cost, timesPerRequest: 2, ns });
  const composition = {
    ...{ label: 'epoll-lt', workload: 'ping-pong', connections: 1, explainedNs: 800, cpuNsPerRequest: 1000 },
    parts: [part('tcp-recv-64', 100), part('tcp-send-64', 300), part('poll-1', null)],
    explainedShare: 0.8,
  };
  const document = compositionReport([composition], {
    runId: 'r',
    costs: fixtureCosts(),
    warnings: ['slow'],
  });
  const text = renderDocument(document, { width: 120, color: false });
  expect(text).toContain('2.00 × tcp-send-64 (600 ns), 2.00 × tcp-recv-64 (200 ns)');
  expect(text).toContain('2.00 × poll-1 (not');
  expect(text).toMatch(/epoll-lt +1.00 µs +800 ns +80 %/);
  expect(document.warnings).toEqual(['slow']);
});

function textOf(value: Value | undefined): string {
  return value?.kind === 'text' ? value.text : '';
}
