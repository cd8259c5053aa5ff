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
      how: 'print FD_SETSIZE and sizeof(fd_set)*8; then F_DUPFD an eventfd to 5000 and call syscall(SYS_select) with an oversized bitmap',
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
      how: 'fork P processes that all inherit ONE epfd, each adds ~RLIMIT_NOFILE eventfds; count watches; time epoll_wait with 0 and 1 active; compare with max_user_watches',
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
      source: 'arch/x86/entry; own measurement',
      how: 'pin; loop syscall(SYS_getppid) and an ENOSYS number 200k x 11; min and median; subtract empty loop',
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
      how: 'documentation only; at run time io_uring_setup != ENOSYS proves only >=5.1',
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
      source: 'own measurement',
      how: '(a) kernel-only: A ready socketpairs, epoll_wait+read+write vs two batched submits; A=1,8,64. (b) end-to-end loopback echo with a client that is not the bottleneck. Repeat >=9, medians, interleave the variants',
      assertions: [
        ratio(
          'one ready connection at a time',
          over(cost('echo-epoll-1'), cost('echo-uring-1')),
          { low: 2, high: 3 },
          { name: 'epoll over io_uring, without a network', noise: 0.1 },
        ),
        ratio(
          '64 ready connections at a time',
          over(cost('echo-epoll-64'), cost('echo-uring-64')),
          { low: 2, high: 3 },
          { name: 'epoll over io_uring, without a network', noise: 0.1 },
        ),
        ratio(
          '200 connections over loopback',
          pair('epoll-lt', 'io_uring', 'many', 'cpu'),
          { low: 2, high: 3 },
          { name: 'server CPU per request of epoll over io_uring', noise: 0.1 },
        ),
      ],
    },
    {
      id: 'epoll-merged-2002',
      kind: 'historical',
      text: '“2002”: year epoll merged (Linux 2.5.44)',
      truth: 'sys_epoll went into 2.5.44 (Oct 2002); stable kernels have it from 2.6.0.',
      source: 'epoll(7) VERSIONS: “introduced in Linux kernel 2.5.44”',
      how: 'documentation',
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
      source: 'own measurement; fs/eventpoll.c ep_poll()',
      how: '(a) epoll_wait(timeout 0) empty; (b) LT with 1 ready; (c) stamp->write->epoll_wait return, same CPU and other CPU, and same for blocking read as control',
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
      source: 'own measurement; liburing io_uring_cq_ready',
      how: 'time io_uring_cq_ready/peek on an empty CQ 1e6 times; NOP round trip batch 1 and 64',
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
      source: 'document; own measurement',
      how: 'same as syscall-cost',
      assertions: [
        costs(
          'into the kernel and back',
          cost('syscall-noop'),
          { low: 200, high: 500 },
          { name: 'getppid', noise: 0.1 },
        ),
      ],
    },
    {
      id: 'sqe-cqe-64b',
      kind: 'static-fact',
      text: '“64 B” SQE/CQE size in io_uring rings',
      truth: 'SQE is 64 B (128 with SETUP_SQE128). CQE is 16 B (32 with SETUP_CQE32).',
      source: 'include/uapi/linux/io_uring.h struct io_uring_cqe {u64,s32,u32}',
      how: 'sizeof() both; and ring size from io_uring_setup offsets with and without CQE32',
      assertions: [
        fact('an SQE', probe('uapi-header', 'sqeBytes'), equals(64)),
        fact('a CQE', probe('uapi-header', 'cqeBytes'), equals(64)),
      ],
    },
  ],
};
