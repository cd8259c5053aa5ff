import type { ClaimSection } from '../claim.ts';

export const CALL_FREQUENCY: ClaimSection = {
  title: 'Call Frequency by Model',
  claims: [
    {
      id: 'freq-blocking',
      kind: 'measured',
      text: 'Blocking: “1-2 per I/O (read + write)”',
      truth: "Exactly 2 syscalls per echoed message plus the connection's setup.",
      source: 'own measurement',
      how: 'thread-per-conn echo, M messages; (raw_syscalls total - baseline run with 0 messages)/M',
      assertions: [],
    },
    {
      id: 'freq-select-poll',
      kind: 'measured',
      text: 'select/poll: “1 per iteration + 1-2 per active FD”',
      truth: '3 per message with 1 active; tends to 2+1/k with k active.',
      source: 'own measurement',
      how: 'as above with 1 and 100 active',
      assertions: [],
    },
    {
      id: 'freq-epoll-lt',
      kind: 'measured',
      text: 'epoll LT: “1 (epoll_wait) + 1-2 per active FD”; “100 active x (read+write)”',
      truth: 'Same counts as poll; with maxevents 64 a burst of 100 needs 2 waits.',
      source: 'own measurement',
      how: 'LT server, 1 and 100 active of 100 and of 10,000',
      assertions: [],
    },
    {
      id: 'freq-epoll-et',
      kind: 'measured',
      text: 'epoll ET: “1 + drain-to-EAGAIN per active FD. Same” as LT',
      truth:
        'Not the same: draining to EAGAIN adds one failing read per wake-up (4 instead of 3). Stopping on a short read (legal for stream sockets, epoll(7) Q9) restores 3.',
      source: 'epoll(7) Q&A 9; own measurement',
      how: 'ET drain-to-EAGAIN vs ET stop-on-short-read vs LT',
      assertions: [],
    },
    {
      id: 'freq-uring-basic',
      kind: 'measured',
      text: 'io_uring basic: “1 (submit batch) + 1 (CQ wait/polling)”; “100 ops submitted in one syscall”',
      truth: 'submit_and_wait does both in one io_uring_enter; with all 100 active it is far below 1 per op.',
      source: 'own measurement',
      how: 'single-shot recv/send server with io_uring_submit_and_wait(1)',
      assertions: [],
    },
    {
      id: 'freq-sqpoll-zero',
      kind: 'measured',
      text: 'io_uring SQPOLL: “0 for steady-state”',
      truth:
        'True for the application thread while the SQ thread is awake and the CQ is polled in userspace; costs a spinning CPU.',
      source: 'own measurement; io_uring_sqpoll(7)',
      how: 'perf_event_open(raw_syscalls:sys_enter) on the app thread around 20k NOP round trips and around M echo messages',
      assertions: [],
    },
    {
      id: 'freq-10k-threads-objects',
      kind: 'measured',
      text: '10k conns: “10,000 threads = 10k kernel objects”',
      truth:
        'One task_struct + 16 KiB kernel stack (VMAP) each on x86_64, plus user stack pages touched (8 KiB).',
      source: 'own measurement',
      how: '9,000 blocked threads; delta KernelStack, VmRSS, Slab, PageTables per thread',
      assertions: [],
    },
  ],
};
