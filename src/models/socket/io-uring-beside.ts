import type { ModelRow } from '../spec.ts';

/** Rings beside the ladder of requests: what is ready comes by the ring, or the ring by a library. */
export const IO_URING_BESIDE_ROWS: readonly ModelRow[] = [
  {
    id: 'io_uring-poll',
    family: 'io_uring',
    profile: 'full',
    program: 'io_uring_poll',
    title: 'io_uring, multishot poll and plain recv/send',
    notification: 'readiness',
    linuxMin: '5.13',
    kernelThreads: true,
  },
  {
    id: 'io_uring-napi',
    family: 'io_uring',
    profile: 'full',
    program: 'io_uring_poll',
    options: ['--napi'],
    title: 'io_uring, multishot poll, the wait busy-polls network cards (NAPI)',
    after: 'io_uring-poll',
    notification: 'readiness',
    linuxMin: '6.9',
    spins: true,
    kernelThreads: true,
  },
  {
    id: 'io_uring-epoll-wait',
    family: 'io_uring',
    profile: 'full',
    program: 'io_uring_epoll_wait',
    title: 'io_uring, waits for an epoll set, plain recv/send',
    notification: 'readiness',
    linuxMin: '6.15',
    kernelThreads: true,
  },
  {
    id: 'io_uring-liburing',
    family: 'io_uring',
    profile: 'full',
    program: 'io_uring_liburing',
    packages: ['liburing'],
    title: 'io_uring, multishot accept and receive, by liburing',
    notification: 'completion',
    linuxMin: '6.1',
    kernelThreads: true,
  },
];
