import { atLeast, behaviour, cell, count, equals, fact, given, over, probe, ratio } from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const SQPOLL: ClaimSection = {
  title: '6. SQPOLL',
  claims: [
    {
      id: 'sqpoll-zero-syscalls',
      kind: 'measured',
      text: 'SQPOLL “eliminates all I/O-related syscalls” in steady state',
      truth: 'True while the SQ thread is awake; setup, wake-up after idle and blocking waits still enter.',
      source: 'io_uring_sqpoll(7)',
      assertions: [
        count(
          'NOPs while the SQ thread is awake',
          probe('sqpoll-calls', 'perOperation'),
          { high: 0.01 },
          { name: 'system calls of the application per operation', unit: 'calls' },
        ),
        count(
          'an echo server that sleeps where it has nothing to do',
          cell('io_uring-sqpoll', 'one', 'calls'),
          { high: 0.01 },
          { name: 'system calls per request', unit: 'calls/request', requires: [{ cpus: 2 }] },
        ),
      ],
    },
    {
      id: 'sqpoll-idle-wakeup',
      kind: 'behaviour',
      text: 'sq_thread_idle=2000 ms; thread then sleeps, woken with IORING_ENTER_SQ_WAKEUP “if you need it”',
      truth:
        'Unit ms; 0 means 1 s default. Wake-up is mandatory, not optional, once NEED_WAKEUP is set (liburing does it).',
      source: 'io_uring_setup(2)',
      assertions: [
        ratio(
          'it sleeps after sq_thread_idle, in milliseconds',
          over(probe('sqpoll-idle', 'needWakeupMs'), probe('sqpoll-idle', 'idleMs')),
          { low: 0.8, high: 2 },
          { name: 'time until NEED_WAKEUP over sq_thread_idle', noise: 0.1 },
        ),
        behaviour('one call wakes it', probe('sqpoll-idle', 'wakeCalls'), equals(1)),
      ],
    },
    {
      id: 'sqpoll-idle-cpu',
      kind: 'measured',
      text: '(omitted) SQPOLL burns a CPU while idle',
      truth: "Spins until sq_thread_idle passes; counted in the process's rusage.",
      source: 'measured on other hosts',
      assertions: [
        count(
          'before it sleeps',
          probe('sqpoll-idle', 'busyCpu'),
          { low: 0.5, high: 1.5 },
          { name: 'share of a CPU', unit: 'CPUs', noise: 0.2 },
        ),
        count(
          'not after that',
          probe('sqpoll-idle', 'parkedCpu'),
          { high: 0.1 },
          { name: 'share of a CPU', unit: 'CPUs', noise: 0.2 },
        ),
      ],
    },
    {
      id: 'sqpoll-sample-ring-fd',
      kind: 'behaviour',
      text: 'Sample: int ring_fd = io_uring_queue_init_params(256, &ring, &params) [rendered as a pilcrow]',
      truth:
        'Returns 0 on success, not an fd (ring.ring_fd); “&params” is mangled to a pilcrow + “ms” and does not compile. SQ_AFF is mentioned but not set.',
      source: 'io_uring_queue_init(3)',
      assertions: [
        behaviour('io_uring_queue_init_params returns an FD', probe('liburing', 'initResult'), atLeast(1)),
        fact('the sample compiles as printed', probe('uring-samples', 'paramsErrors'), equals(0), {
          given: [given(probe('uring-samples', 'paramsControl'), equals(0))],
        }),
      ],
    },
    {
      id: 'sqpoll-thread',
      kind: 'behaviour',
      text: 'SQPOLL “creates a kernel thread that continuously polls the SQ ring”',
      truth:
        "iou-sqp-<pid>, a thread of the process since 5.12; inherits the creator's CPU mask; unprivileged since 5.11-5.13.",
      source: 'io_uring_sqpoll(7)',
      assertions: [
        behaviour('a thread iou-sqp beside the process', probe('sqpoll-calls', 'threads'), atLeast(1)),
      ],
    },
  ],
};
