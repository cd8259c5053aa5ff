import {
  atLeast,
  behaviour,
  count,
  equals,
  fact,
  given,
  NO,
  number,
  probe,
  source,
  times,
  YES,
} from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const IO_URING: ClaimSection = {
  title: '6. io_uring',
  claims: [
    {
      id: 'uring-two-rings-mmap',
      kind: 'behaviour',
      text: 'Two lock-free rings shared via mmap, no syscall to enqueue/dequeue',
      truth: 'Plus a third mapping for the SQE array (single mmap for both rings since 5.4).',
      source: 'io_uring_setup(2)',
      assertions: [
        behaviour('no system call between io_uring_enter', probe('uring-rings', 'otherCalls'), equals(0)),
        behaviour(
          'shared: completions move a tail that the program sees',
          probe('uring-rings', 'cqTailMoved'),
          atLeast(1),
        ),
      ],
    },
    {
      id: 'uring-one-syscall-per-batch',
      kind: 'behaviour',
      text: '“Only one syscall is needed per batch”',
      truth: 'io_uring_enter with GETEVENTS does both.',
      source: 'io_uring_enter(2)',
      assertions: [behaviour('64 requests', probe('uring-rings', ['batch', 'enterCalls']), equals([64, 1]))],
    },
    {
      id: 'uring-enter-args',
      kind: 'static-fact',
      text: 'io_uring_enter(ep_fd, to_submit, min_complete, flags, sig); five parameters',
      truth: 'First argument is the ring fd; the syscall has six arguments (sigset size).',
      source: 'io_uring_enter(2); io_uring/io_uring.c',
      assertions: [
        source('arguments of the function', 'five', 'five', 'io_uring_enter(2)'),
        source(
          'arguments of the system call',
          'five',
          'six: the size of the signal set too',
          'io_uring/io_uring.c, SYSCALL_DEFINE6(io_uring_enter)',
        ),
        source('the first of them', 'the FD of an epoll (ep_fd)', 'the FD of the ring', 'io_uring_enter(2)'),
      ],
    },
    {
      id: 'uring-submit-args',
      kind: 'behaviour',
      text: 'io_uring_submit() = io_uring_enter(fd, n, 0, 0, NULL)',
      truth: 'For a normal ring. Adds SQ_WAKEUP only for SQPOLL; no syscall if the SQ thread is awake.',
      source: 'strace',
      assertions: [
        behaviour('one io_uring_enter', probe('liburing', 'submitCalls'), equals(1)),
        behaviour(
          'min_complete 0 and no flags',
          probe('liburing', ['submitMinComplete', 'submitFlags']),
          equals([0, 0]),
        ),
      ],
    },
    {
      id: 'uring-enter-flags',
      kind: 'static-fact',
      text: 'Flags SQ_WAKEUP, SQ_WAIT, EXT_ARG and their meanings',
      truth:
        "Bits 1,2,3; GETEVENTS (bit 0), needed for min_complete to block, is missing from the guide's list.",
      source: 'include/uapi/linux/io_uring.h',
      assertions: [
        fact(
          'the bits of SQ_WAKEUP, SQ_WAIT and EXT_ARG',
          probe('uapi-header', ['enterSqWakeup', 'enterSqWait', 'enterExtArg']),
          equals([2, 4, 8]),
          {
            given: [
              given(probe('uapi-header', 'enterSqWait'), atLeast(1)),
              given(probe('uapi-header', 'enterExtArg'), atLeast(1)),
            ],
          },
        ),
      ],
    },
    {
      id: 'uring-spsc-lockfree',
      kind: 'static-fact',
      text: 'Rings are “lock-free single-producer, single-consumer”',
      truth: 'Userspace must serialise submitters itself; kernel takes uring_lock internally.',
      source: 'io_uring(7)',
      assertions: [
        source(
          'the rings',
          'lock-free, one producer and one consumer',
          'lock-free, one producer and one consumer',
          'io_uring(7); Axboe, Efficient IO with io_uring',
        ),
      ],
    },
    {
      id: 'sqe-size',
      kind: 'static-fact',
      text: '“Every submission queue entry is 64 bytes”',
      truth: '128 with IORING_SETUP_SQE128 (or mixed since 6.19).',
      source: 'uapi header',
      assertions: [fact('of a plain ring', probe('uapi-header', 'sqeBytes'), equals(64))],
    },
    {
      id: 'sqe-struct',
      kind: 'static-fact',
      text: 'Simplified struct io_uring_sqe: __u32 fd; comment “ROPREC”',
      truth: 'fd is __s32; no flag called ROPREC (RWF_*); shown fields sum to less than 64.',
      source: 'uapi header',
      assertions: [
        fact('fd is unsigned', probe('uapi-header', 'fdSigned'), NO),
        fact('a flag ROPREC', probe('uapi-header', 'hasRoprec'), YES),
      ],
    },
    {
      id: 'cqe-size',
      kind: 'static-fact',
      text: '“The CQE is 32 bytes: just user_data, result code, and flags”',
      truth: '8+4+4 = 16 bytes by default; 32 only with SETUP_CQE32.',
      source: 'uapi header',
      assertions: [fact('of a plain ring', probe('uapi-header', 'cqeBytes'), equals(32))],
    },
    {
      id: 'cqe-256-8kb',
      kind: 'static-fact',
      text: '256 CQEs = “256 x 32 = 8KB”',
      truth: '256 x 16 = 4 KB. (A 256-entry ring has 512 CQEs = 8 KB by default.)',
      source: 'io_uring_setup(2)',
      assertions: [
        count(
          '256 CQEs',
          times(probe('uapi-header', 'cqeBytes'), number(256)),
          { low: 7000, high: 9000 },
          { name: 'bytes of 256 CQEs', unit: 'B' },
        ),
      ],
    },
    {
      id: 'sq-kernel-never-writes',
      kind: 'behaviour',
      text: '“The kernel never writes to the SQ.”',
      truth:
        'The kernel advances the SQ head and writes sq flags (NEED_WAKEUP, CQ_OVERFLOW, TASKRUN) and dropped. The next sentence contradicts it.',
      source: 'io_uring.c io_commit_sqring; measured on other hosts',
      assertions: [behaviour('the head of the SQ stays', probe('uring-rings', 'sqHeadMoved'), equals(0))],
    },
    {
      id: 'cq-user-never-reads-tail',
      kind: 'behaviour',
      text: '“Userspace never reads from the CQ tail.”',
      truth: 'Userspace must load-acquire the CQ tail to see completions; kernel reads the CQ head.',
      source: 'liburing io_uring_cq_ready',
      assertions: [
        behaviour('the tail of the CQ tells nothing', probe('uring-rings', 'cqTailMoved'), equals(0)),
        source(
          'how a program finds completions',
          'without the tail',
          'by a load-acquire of the tail',
          'io_uring(7)',
        ),
      ],
    },
    {
      id: 'uring-cq-poll-caveat',
      kind: 'behaviour',
      text: 'Then “poll the CQ until you have enough completions”',
      truth:
        'Completions of pollable ops are posted by task_work: default rings get an IPI/notify; COOP/DEFER_TASKRUN rings post only when you enter, so a pure spin hangs.',
      source: 'io_uring_setup(2) IORING_SETUP_DEFER_TASKRUN',
      assertions: [
        behaviour('a plain ring', probe('uring-cq-poll', 'defaultSees'), YES),
        behaviour('with DEFER_TASKRUN', probe('uring-cq-poll', 'deferSees'), YES),
        behaviour('with COOP_TASKRUN', probe('uring-cq-poll', 'coopSees'), YES),
      ],
    },
  ],
};
