import type { ClaimSection } from '../claim.ts';

export const SQPOLL: ClaimSection = {
  title: '6. SQPOLL',
  claims: [
    {
      id: 'sqpoll-zero-syscalls',
      kind: 'measured',
      text: 'SQPOLL “eliminates all I/O-related syscalls” in steady state',
      truth: 'See freq-sqpoll-zero; setup, wake-up after idle and blocking waits still enter.',
      source: 'io_uring_sqpoll(7)',
      how: 'freq-sqpoll-zero',
      assertions: [],
    },
    {
      id: 'sqpoll-idle-wakeup',
      kind: 'behaviour',
      text: 'sq_thread_idle=2000 ms; thread then sleeps, woken with IORING_ENTER_SQ_WAKEUP “if you need it”',
      truth:
        'Unit ms; 0 means 1 s default. Wake-up is mandatory, not optional, once NEED_WAKEUP is set (liburing does it).',
      source: 'io_uring_setup(2)',
      how: 'sq_thread_idle=200; time until NEED_WAKEUP; syscalls of the next submit',
      assertions: [],
    },
    {
      id: 'sqpoll-idle-cpu',
      kind: 'measured',
      text: '(omitted) SQPOLL burns a CPU while idle',
      truth: "Spins until sq_thread_idle passes; counted in the process's rusage.",
      source: 'own measurement',
      how: 'rusage over idle window before/after parking',
      assertions: [],
    },
    {
      id: 'sqpoll-sample-ring-fd',
      kind: 'behaviour',
      text: 'Sample: int ring_fd = io_uring_queue_init_params(256, &ring, &params) [rendered as a pilcrow]',
      truth:
        'Returns 0 on success, not an fd (ring.ring_fd); “&params” is mangled to a pilcrow + “ms” and does not compile. SQ_AFF is mentioned but not set.',
      source: 'io_uring_queue_init(3)',
      how: 'compile; print the return value',
      assertions: [],
    },
    {
      id: 'sqpoll-thread',
      kind: 'behaviour',
      text: 'SQPOLL “creates a kernel thread that continuously polls the SQ ring”',
      truth:
        "iou-sqp-<pid>, a thread of the process since 5.12; inherits the creator's CPU mask; unprivileged since 5.11-5.13.",
      source: 'io_uring_sqpoll(7)',
      how: 'list /proc/self/task/*/comm; setuid(nobody) and init',
      assertions: [],
    },
  ],
};
