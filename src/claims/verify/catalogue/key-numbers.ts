import {
  behaviour,
  cost,
  costs,
  count,
  equals,
  fact,
  NO,
  over,
  pair,
  probe,
  ratio,
  source,
} from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const KEY_NUMBERS: ClaimSection = {
  title: 'Key Numbers',
  claims: [
    {
      id: 'select-fd-setsize',
      kind: 'behaviour',
      text: "FD_SETSIZE “1024”: select's hard cap",
      truth:
        "1024 is glibc's fd_set type (128 bytes). The kernel's select(2) takes any nfds up to the fd table size, so a larger bitmap via the raw syscall works. FD_SET(fd>=1024) is an out-of-bounds write (abort under _FORTIFY_SOURCE).",
      source: 'bits/typesizes.h; fs/select.c core_sys_select(); select(2) BUGS',
      assertions: [
        fact('1024 in the C library', probe('select-beyond', 'fdSetSize'), equals(1024)),
        behaviour('a hard cap: the raw call does not report FD 5000', probe('select-beyond', 'reported'), NO),
      ],
    },
    {
      id: 'epoll-1m-conns',
      kind: 'measured',
      text: '“~1M” connections per epoll instance',
      truth:
        'There is no per-instance limit. Limits are fs.epoll.max_user_watches (per real uid, 4% of low memory / ~160 B), RLIMIT_NOFILE/fs.nr_open per process, fs.file-max and memory.',
      source: 'fs/eventpoll.c ep_insert() max_user_watches check and eventpoll_init(); epoll(7)',
      assertions: [
        source(
          'a limit of each instance',
          'about 1M per instance',
          'none per instance: max_user_watches per user, RLIMIT_NOFILE, memory',
          'fs/eventpoll.c; epoll(7)',
        ),
        count(
          'as many as 1M are allowed to one user',
          probe('epoll-watches', 'maxUserWatches'),
          { low: 1e6 },
          { name: 'fs.epoll.max_user_watches', unit: 'watches' },
        ),
      ],
    },
    {
      id: 'syscall-cost',
      kind: 'measured',
      text: '“~150 ns” syscall cost on modern x86_64',
      truth:
        "Depends on CPU and mitigations: about 40-60 ns bare on recent cores, 80-100 ns with eIBRS, 200-700 ns with KPTI/nested virt. The guide's own breakdown table totals 92 ns.",
      source: 'arch/x86/entry; measured on other hosts',
      assertions: [
        costs(
          'a system call that does nothing',
          cost('syscall-noop'),
          { low: 75, high: 300 },
          { name: 'getppid', noise: 0.1 },
        ),
      ],
    },
    {
      id: 'io-uring-5-1',
      kind: 'historical',
      text: '“5.1” is the kernel that introduced io_uring',
      truth: 'Merged for Linux 5.1 (May 2019).',
      source: 'LWN 810414 “The rapid growth of io_uring”; axboe/liburing man/io_uring_enter.2',
      assertions: [
        source('the kernel that brought io_uring', 'Linux 5.1', 'Linux 5.1', 'LWN 810414; io_uring_enter(2)'),
      ],
    },
    {
      id: 'io-uring-2-3x-epoll',
      kind: 'measured',
      text: 'io_uring throughput vs epoll on small ops: “2-3x”',
      truth:
        'Only where syscall entry dominates (heavy mitigations, deep batches). With cheap syscalls the gain is small and for batch=1 it can be a loss.',
      source: 'measured on other hosts',
      assertions: [
        ratio(
          'one ready connection at a time',
          over(cost('echo-epoll-1'), cost('echo-uring-1')),
          { low: 2, high: 3 },
          { name: 'epoll over io_uring, without a network', noise: 0.05 },
        ),
        ratio(
          '64 ready connections at a time',
          over(cost('echo-epoll-64'), cost('echo-uring-64')),
          { low: 2, high: 3 },
          { name: 'epoll over io_uring, without a network', noise: 0.05 },
        ),
        ratio(
          '200 connections over loopback',
          pair('epoll-lt', 'io_uring', 'many', 'cpu'),
          { low: 2, high: 3 },
          { name: 'server CPU per request of epoll over io_uring', noise: 0.05 },
        ),
      ],
    },
    {
      id: 'epoll-merged-2002',
      kind: 'historical',
      text: '“2002”: year epoll merged (Linux 2.5.44)',
      truth: 'sys_epoll went into 2.5.44 (Oct 2002); stable kernels have it from 2.6.0.',
      source: 'epoll(7) VERSIONS: “introduced in Linux kernel 2.5.44”',
      assertions: [
        source('when, and in which kernel', '2002, Linux 2.5.44', '2002, Linux 2.5.44', 'epoll(7)'),
      ],
    },
    {
      id: 'epoll-wait-10us',
      kind: 'measured',
      text: '“~10 us” epoll_wait overhead (O(1) delivery)',
      truth:
        'The call itself costs ~0.1 us empty and ~0.2-0.3 us returning one event. 5-10 us is the wake-up latency of a sleeping thread on another (idle) CPU, which any blocking call pays.',
      source: 'measured on other hosts; fs/eventpoll.c ep_poll()',
      assertions: [
        costs(
          'the call, with one of 1,000 ready',
          cost('epoll-wait-1-of-1000'),
          { low: 5000, high: 20_000 },
          { name: 'epoll_wait' },
        ),
        costs(
          'waking a thread that sleeps in it on another CPU',
          cost('wake-epoll-two-cpus'),
          { low: 3000, high: 30_000 },
          { name: 'from write(2) to the return of epoll_wait', requires: [{ cpus: 2 }] },
        ),
        ratio(
          'more than any call that sleeps pays',
          over(cost('wake-epoll-two-cpus'), cost('wake-read-two-cpus')),
          { low: 1.5 },
          { name: 'that over the same into a blocking read', noise: 0.15, requires: [{ cpus: 2 }] },
        ),
      ],
    },
    {
      id: 'uring-cq-poll-1-5us',
      kind: 'measured',
      text: '“~1-5 us” io_uring CQ polling overhead',
      truth:
        'Looking at the CQ is a memory load: sub-ns to ~15 ns. 1-5 us resembles a full submit/complete round trip or SQPOLL hop.',
      source: 'measured on other hosts; liburing io_uring_cq_ready',
      assertions: [
        costs(
          'a look at the CQ',
          cost('uring-cq-peek'),
          { low: 1000, high: 5000 },
          { name: 'a look at an empty CQ' },
        ),
      ],
    },
    {
      id: 'mode-switch-200-500ns',
      kind: 'measured',
      text: '“~200-500 ns” context switch to kernel (modern x86)',
      truth:
        'User->kernel entry is a mode switch, not a context switch. The guide gives 150 ns, 92 ns, 200-500 ns and 150-300 ns for the same thing.',
      source: 'the guide itself; measured on other hosts',
      assertions: [
        costs(
          'into the kernel and back',
          cost('syscall-noop'),
          { low: 200, high: 500 },
          { name: 'getppid', noise: 0.05 },
        ),
      ],
    },
    {
      id: 'sqe-cqe-64b',
      kind: 'static-fact',
      text: '“64 B” SQE/CQE size in io_uring rings',
      truth: 'SQE is 64 B (128 with SETUP_SQE128). CQE is 16 B (32 with SETUP_CQE32).',
      source: 'include/uapi/linux/io_uring.h struct io_uring_cqe {u64,s32,u32}',
      assertions: [
        fact('an SQE', probe('uapi-header', 'sqeBytes'), equals(64)),
        fact('a CQE', probe('uapi-header', 'cqeBytes'), equals(64)),
      ],
    },
  ],
};
