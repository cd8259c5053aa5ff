/**
 * What the guide "Linux I/O Models" says in the tables that a run can be held against, in its own words,
 * with the ids that the catalogue of its claims gives to them. The guide errs in many places: nothing
 * here is taken as true. What is true is in `correction`, and what a run or a source says to it is found
 * by the `assertion` of each cell.
 */
import type { Assertion } from './assertion.ts';
import type { GuideFrequency, GuideKeyNumber, Mechanism } from './guide-schema.ts';

const SELECT_POLL = {
  name: 'select/poll',
  calls: '1 per iteration (select/poll) + 1–2 per active FD',
  example: 'O(N) scan all 10k each iteration',
  claims: ['freq-select-poll', 'select-poll-on'],
} as const;

export const GUIDE_FREQUENCY: readonly GuideFrequency[] = [
  {
    model: 'blocking',
    name: 'Blocking (1 thread/conn)',
    calls: '1–2 per I/O (read + write)',
    example: '10,000 threads = 10k kernel objects',
    claims: ['freq-blocking', 'freq-10k-threads-objects', 'blocking-10k-stacks'],
    correction:
      'an echo is exactly two calls, one recv and one send, while a message fits one read. A thread is more than one kernel object: a task and its kernel stack (16 KiB on x86-64), beside the pages of its user stack.',
  },
  {
    model: 'select',
    ...SELECT_POLL,
    limit: 'FD_SETSIZE',
    correction:
      'as poll, and it cannot hold the example: fd_set of libc ends at FD_SETSIZE (1,024); only longer bitmaps through the raw call go further.',
  },
  {
    model: 'poll',
    ...SELECT_POLL,
    correction:
      '2 + 1/k calls per request where a wait finds k ready: 3 with one active. What grows with N is the work inside the wait, not the number of calls.',
  },
  {
    model: 'epoll-lt',
    name: 'epoll (level-triggered)',
    calls: '1 (epoll_wait) + 1–2 per active FD',
    example: '100 active × (read+write) = O(1) wait',
    claims: ['freq-epoll-lt', 'epoll-o-ready', 'epoll-1m-extra-syscalls'],
    correction:
      'as many calls as poll, 2 + 1/k; a small maxevents costs more waits. What it saves is the scan inside the wait: only that is independent of N, the reads and writes are not.',
  },
  {
    model: 'epoll-et',
    name: 'epoll (edge-triggered)',
    calls: '1 (epoll_wait) + drain-to-EAGAIN per active FD',
    example: 'Same, but requires careful drain loop',
    claims: ['freq-epoll-et', 'et-more-efficient'],
    correction:
      'draining to EAGAIN is not the same: it adds a failing read to every wakeup, 4 calls instead of 3 with one active. This server stops at a short read, as epoll(7) allows for streams (Q&A 9), unless the event tells of a FIN, an error or urgent data, and so makes 3 as well.',
  },
  {
    model: 'io_uring',
    name: 'io_uring (basic)',
    calls: '1 (submit batch) + 1 (CQ wait/polling)',
    example: '100 ops submitted in one syscall',
    claims: ['freq-uring-basic', 'uring-one-syscall-per-batch'],
    correction:
      'one io_uring_enter both submits and waits: 1 per request with one active, not 1 + 1. With many active all that are ready share it, which may be fewer than 100.',
  },
  {
    model: 'io_uring-sqpoll',
    name: 'io_uring (SQPOLL)',
    calls: '0 for steady-state high-throughput',
    example: 'Zero-syscall steady state',
    claims: ['freq-sqpoll-zero', 'sqpoll-zero-syscalls', 'sqpoll-idle-cpu'],
    correction:
      'zero only while the kernel thread is awake and the server polls the CQ: whichever sleeps costs a call. It is paid for with a kernel thread that spins on a CPU, which is part of the CPU per request.',
  },
];

export interface GuideContextCell {
  readonly guide: string;
  readonly assertion: Assertion;
}

export interface GuideContext {
  readonly id: string;
  readonly metric: string;
  readonly claims: readonly string[];
  readonly cells: Readonly<Partial<Record<Mechanism, GuideContextCell>>>;
  readonly correction: string | null;
}

/** Our rows that stand for a mechanism of the guide. */
const READINESS = ['select', 'poll'] as const;
const EPOLL = 'epoll-lt';
const RING = 'io_uring';

/** io_uring beside the row of readiness that it is compared with. */
const RING_OVER_EPOLL: Assertion = { kind: 'ratio', of: [RING], base: EPOLL };

const NO_OWN_BUFFERS: Assertion = {
  kind: 'documented',
  text: 'no, each call names its memory',
  source: 'recv(2), send(2)',
};
const ONE_ACCEPT_EACH: Assertion = {
  kind: 'documented',
  text: 'no, one accept call per connection',
  source: 'accept(2)',
};
const NO_CHAINS: Assertion = {
  kind: 'documented',
  text: 'no, the program makes one call after the other',
  source: 'recv(2)',
};

export const GUIDE_CONTEXT: readonly GuideContext[] = [
  {
    id: 'ready-notification',
    metric: 'Ready-FD notification',
    claims: ['table-ready-notification', 'select-poll-on', 'epoll-o-ready'],
    cells: {
      'select/poll': { guide: 'O(N) per call', assertion: { kind: 'idle-cost', models: READINESS } },
      epoll: { guide: 'O(1) amortized', assertion: { kind: 'idle-cost', models: [EPOLL] } },
      io_uring: { guide: 'O(1) amortized', assertion: { kind: 'idle-cost', models: [RING] } },
    },
    correction: null,
  },
  {
    id: 'fd-set-location',
    metric: 'FD set location',
    claims: ['table-fdset-location', 'select-bitmap-copy'],
    cells: {
      'select/poll': {
        guide: 'Copied each call',
        assertion: {
          kind: 'documented',
          text: 'copied in and out by each call',
          source: 'select(2), poll(2)',
        },
      },
      epoll: {
        guide: 'Kernel internal',
        assertion: { kind: 'documented', text: 'in the kernel; epoll_ctl changes it', source: 'epoll(7)' },
      },
      io_uring: {
        guide: 'Kernel internal',
        assertion: {
          kind: 'documented',
          text: 'there is none: each request in flight names its FD',
          source: 'io_uring(7)',
        },
      },
    },
    correction: 'io_uring has no set of FDs, it has requests in flight.',
  },
  {
    id: 'syscalls-per-iteration',
    metric: 'Syscalls per event loop iteration',
    claims: ['table-syscalls-iteration', 'epoll-1m-extra-syscalls'],
    cells: {
      'select/poll': {
        guide: '1 (select/poll)',
        assertion: { kind: 'per-model', models: READINESS, figures: 'wakeups' },
      },
      epoll: {
        guide: '1+ (epoll_wait + read/write)',
        assertion: { kind: 'per-model', models: [EPOLL], figures: 'wakeups' },
      },
      io_uring: {
        guide: '1 (batched submit + CQ poll)',
        assertion: { kind: 'per-model', models: [RING], figures: 'wakeups' },
      },
    },
    correction:
      'the cells of the guide are not comparable: select and poll need a read and a write per ready FD as well, as its own table of call frequencies says.',
  },
  {
    id: 'per-operation',
    metric: 'Per-operation overhead',
    claims: ['table-perop-blocking', 'faq-epoll-per-readiness'],
    cells: {
      'select/poll': {
        guide: 'blocking read/write',
        assertion: { kind: 'per-model', models: READINESS, figures: 'cost' },
      },
      epoll: {
        guide: 'blocking read/write',
        assertion: { kind: 'per-model', models: [EPOLL], figures: 'cost' },
      },
      io_uring: {
        guide: 'ring enqueue only',
        assertion: { kind: 'per-model', models: [RING], figures: 'cost' },
      },
    },
    correction:
      'servers of readiness use non-blocking reads and writes, for a blocking one would stop the loop. An enqueued request is not free: the kernel does the same socket work for it later, inside io_uring_enter or in a kernel thread.',
  },
  {
    id: 'fixed-buffers',
    metric: 'Fixed buffers',
    claims: ['table-fixed-buffers', 'fixed-buffers-pin'],
    cells: {
      'select/poll': { guide: 'No', assertion: NO_OWN_BUFFERS },
      epoll: { guide: 'No', assertion: NO_OWN_BUFFERS },
      io_uring: {
        guide: 'Yes (registered)',
        assertion: {
          kind: 'documented',
          text: 'yes, registered; they help O_DIRECT and zero-copy sends, not plain socket calls',
          source: 'io_uring_register(2)',
        },
      },
    },
    correction: null,
  },
  {
    id: 'kernel-polling',
    metric: 'Kernel polling (no userspace wakeup)',
    claims: ['table-kernel-polling', 'freq-sqpoll-zero', 'sqpoll-idle-cpu'],
    cells: {
      'select/poll': {
        guide: 'No',
        assertion: {
          kind: 'documented',
          text: 'not like SQPOLL; but sockets can be busy-polled (net.core.busy_poll)',
          source: 'Linux, admin-guide/sysctl/net',
        },
      },
      epoll: {
        guide: 'No',
        assertion: {
          kind: 'documented',
          text: 'not like SQPOLL; but NAPI busy polling since 4.12, set per epoll instance since 6.9',
          source: 'linux/eventpoll.h, EPIOCSPARAMS',
        },
      },
      io_uring: {
        guide: 'Yes (SQPOLL)',
        assertion: { kind: 'per-model', models: ['io_uring-sqpoll'], figures: 'cost-sqpoll' },
      },
    },
    correction:
      'NAPI busy polling polls the network card, SQPOLL the submission queue: different mechanisms.',
  },
  {
    id: 'regular-files',
    metric: 'Works on regular files',
    claims: ['select-regular-file', 'epoll-regular-file', 'uring-regular-file-5-19'],
    cells: {
      'select/poll': {
        guide: 'Yes (always async-ready)',
        assertion: {
          kind: 'documented',
          text: 'always reported ready, also at EOF; the read itself may still block on the disk',
          source: 'poll(2), select(2)',
        },
      },
      epoll: {
        guide: 'Yes (always ready)',
        assertion: {
          kind: 'documented',
          text: 'no, epoll_ctl(ADD) fails with EPERM',
          source: 'epoll_ctl(2)',
        },
      },
      io_uring: {
        guide: 'Yes (Linux 5.19+)',
        assertion: {
          kind: 'documented',
          text: 'yes, since 5.1: files came first',
          source: 'io_uring_enter(2); LWN 810414',
        },
      },
    },
    correction:
      'epoll does not take regular files at all; nothing about them is asynchronous with select and poll; io_uring had them from the start.',
  },
  {
    id: 'multishot-accept',
    metric: 'Multi-shot accept',
    claims: ['multishot-accept-table', 'multishot-ioasync'],
    cells: {
      'select/poll': { guide: 'No', assertion: ONE_ACCEPT_EACH },
      epoll: { guide: 'No', assertion: ONE_ACCEPT_EACH },
      io_uring: {
        guide: 'Yes',
        assertion: {
          kind: 'documented',
          text: 'yes, since 5.19 (IORING_ACCEPT_MULTISHOT)',
          source: 'io_uring_prep_accept(3)',
        },
      },
    },
    correction: 'the flag is IORING_ACCEPT_MULTISHOT; IOSQE_ASYNC, which the guide names, does not do it.',
  },
  {
    id: 'chained-operations',
    metric: 'Chained operations',
    claims: ['link-sequential', 'link-atomic', 'link-fd-minus1'],
    cells: {
      'select/poll': { guide: 'No', assertion: NO_CHAINS },
      epoll: { guide: 'No', assertion: NO_CHAINS },
      io_uring: {
        guide: 'Yes (IOSQE_IO_LINK)',
        assertion: {
          kind: 'documented',
          text: 'yes, since 5.3: in order, and an error or a short transfer cancels the rest',
          source: 'io_uring_enter(2)',
        },
      },
    },
    correction: 'a chain is an order, not a transaction, and hands no result to the next operation.',
  },
  {
    id: 'min-kernel',
    metric: 'Min kernel version',
    claims: ['table-min-kernel', 'trade-kernels-5-10'],
    cells: {
      'select/poll': {
        guide: 'any',
        assertion: { kind: 'documented', runsHere: READINESS, text: 'poll since 2.1.23', source: 'poll(2)' },
      },
      epoll: {
        guide: '2.5.44 (2002)',
        assertion: {
          kind: 'documented',
          runsHere: [EPOLL],
          text: '2.5.44; in stable kernels from 2.6.0',
          source: 'epoll(7)',
        },
      },
      io_uring: {
        guide: '5.1 (2019)',
        assertion: {
          kind: 'documented',
          runsHere: [RING],
          text: '5.1; what this row of the benchmark uses came by 5.7',
          source: 'io_uring(7)',
        },
      },
    },
    correction: null,
  },
  {
    id: 'small-operations',
    metric: 'Throughput, “1M small reads/writes per second”',
    claims: ['micro-2-5x', 'io-uring-2-3x-epoll', 'trade-30pct'],
    cells: {
      io_uring: { guide: '2–5x higher than epoll', assertion: RING_OVER_EPOLL },
    },
    correction:
      'the guide also says 2–3x, 30 % and 30–50 %. It depends on what a system call costs here (mitigations, virtualisation) and on how many requests share one.',
  },
];

/** The cost of a single call or switch: a run has only what a whole request costs a server. */
const COST: Assertion = { kind: 'not-measured', why: 'runs measure requests, not single calls' };

export const GUIDE_KEY_NUMBERS: readonly (GuideKeyNumber & { readonly assertion: Assertion })[] = [
  {
    id: 'fd-setsize',
    number: '1024',
    meaning: "FD_SETSIZE: select's hard cap",
    claims: ['select-fd-setsize'],
    assertion: { kind: 'held', model: 'select', workload: 'mostly-idle' },
    correction:
      'it is the size of fd_set in the C library, not a cap of the kernel: the raw call takes longer bitmaps. FD_SET beyond it writes out of bounds (select(2)). A server needs some of them for other descriptors.',
  },
  {
    id: 'epoll-connections',
    number: '~1M',
    meaning: 'connections per epoll instance',
    claims: ['epoll-1m-conns'],
    assertion: { kind: 'held', model: EPOLL, workload: 'c10k' },
    correction:
      'there is no limit per instance: fs.epoll.max_user_watches (per user), RLIMIT_NOFILE, fs.file-max and memory limit it (epoll(7)).',
  },
  {
    id: 'syscall-cost',
    number: '~150 ns',
    meaning: 'syscall cost on modern x86_64',
    claims: ['syscall-cost', 'syscall-table-sum'],
    assertion: COST,
    correction: 'it depends on the CPU and its mitigations; the breakdown in the guide totals 92 ns.',
  },
  {
    id: 'io-uring-since',
    number: '5.1',
    meaning: 'Linux kernel that introduced io_uring',
    claims: ['io-uring-5-1'],
    assertion: { kind: 'documented', text: 'merged for Linux 5.1 (2019)', source: 'LWN 810414' },
    correction: null,
  },
  {
    id: 'io-uring-ratio',
    number: '2-3x',
    meaning: 'io_uring throughput vs epoll on small ops',
    claims: ['io-uring-2-3x-epoll'],
    assertion: RING_OVER_EPOLL,
    correction:
      'only where entering the kernel dominates (costly mitigations) and many requests share a call; with one active there is nothing to share.',
  },
  {
    id: 'epoll-since',
    number: '2002',
    meaning: 'year epoll merged (Linux 2.5.44)',
    claims: ['epoll-merged-2002'],
    assertion: {
      kind: 'documented',
      text: 'introduced in Linux 2.5.44 (October 2002), stable from 2.6.0',
      source: 'epoll(7)',
    },
    correction: null,
  },
  {
    id: 'epoll-wait-cost',
    number: '~10 µs',
    meaning: 'epoll_wait overhead (O(1) delivery)',
    claims: ['epoll-wait-10us'],
    assertion: COST,
    correction:
      'it is no cost of the call, but of waking a thread that sleeps, which every call that blocks has (fs/eventpoll.c).',
  },
  {
    id: 'cq-polling',
    number: '~1–5 µs',
    meaning: 'io_uring CQ polling overhead',
    claims: ['uring-cq-poll-1-5us'],
    assertion: COST,
    correction: 'to look at the CQ is to read shared memory: no call is made.',
  },
  {
    id: 'mode-switch',
    number: '~200–500 ns',
    meaning: 'context switch to kernel (modern x86)',
    claims: ['mode-switch-200-500ns', 'blocking-switch-150-300ns'],
    assertion: COST,
    correction:
      'entering the kernel is a mode switch, not a context switch; the guide gives 92, 150, 150–300 and 200–500 ns for the same thing.',
  },
  {
    id: 'entry-size',
    number: '64 B',
    meaning: 'SQE/CQE size in io_uring rings',
    claims: ['sqe-cqe-64b', 'sqe-size', 'cqe-size'],
    assertion: {
      kind: 'documented',
      text: 'an SQE has 64 B (128 with SETUP_SQE128), a CQE 16 B (32 with SETUP_CQE32)',
      source: 'linux/io_uring.h',
    },
    correction: 'a CQE is a quarter of that.',
  },
];

/** "The strace cost itself is measurable". */
export const GUIDE_TRACING = {
  quote: 'running strace -c ./my_server while your server handles 500k req/s adds 2–5% CPU overhead',
  claims: ['strace-c-overhead'],
  correction:
    'strace stops the server twice at each call (ptrace), so its cost grows with the calls per request; a tracepoint is a counter inside the kernel.',
} as const;
