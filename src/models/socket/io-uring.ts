import type { ModelRow } from '../spec.ts';

/** Requests and results in two rings that the program shares with the kernel. */
export const IO_URING_ROWS: readonly ModelRow[] = [
  {
    id: 'io_uring',
    profile: 'quick',
    family: 'io_uring',
    program: 'io_uring',
    title: 'io_uring, single-shot operations',
    notification: 'completion',
    linuxMin: '5.7',
    kernelThreads: true,
  },
  {
    id: 'io_uring-sqpoll',
    after: 'io_uring',
    family: 'io_uring',
    program: 'io_uring',
    options: ['--sqpoll'],
    title: 'io_uring with a kernel thread that polls the submission queue',
    notification: 'completion',
    linuxMin: '5.11',
    tasks: 'one-and-kernel-thread',
    spins: true,
    kernelThreads: true,
  },
];
