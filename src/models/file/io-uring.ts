import type { ModelRow } from '../spec.ts';
import { CONDUCT_CALLS } from './conducted.ts';

/** What these rows share. */
const RING = {
  family: 'io_uring',
  domain: 'file',
  program: 'io_uring_file',
  notification: 'completion',
  kernelThreads: true,
  uncounted: CONDUCT_CALLS,
} as const;

/** Requests and results in two rings that the program shares with the kernel. */
export const FILE_IO_URING_ROWS: readonly ModelRow[] = [
  {
    ...RING,
    id: 'io_uring-buffered',
    fio: ['--ioengine=io_uring'],
    options: ['--taskrun=default'],
    title: 'io_uring through the page cache',
    linuxMin: '5.6',
    takesCaches: ['warm', 'cold'],
  },
  {
    ...RING,
    id: 'io_uring-direct-file',
    fio: ['--ioengine=io_uring'],
    options: ['--taskrun=default'],
    title: 'io_uring with O_DIRECT',
    linuxMin: '5.6',
    takesCaches: ['direct'],
  },
  {
    ...RING,
    id: 'io_uring-defer',
    title: 'io_uring on a file, with DEFER_TASKRUN',
    linuxMin: '6.1',
    after: 'io_uring-buffered',
  },
  {
    ...RING,
    id: 'io_uring-fixed-file',
    fio: ['--ioengine=io_uring', '--fixedbufs=1', '--registerfiles=1'],
    options: ['--fixed'],
    title: 'io_uring with a registered file and registered buffers',
    linuxMin: '5.6',
    after: 'io_uring-defer',
  },
  {
    ...RING,
    id: 'io_uring-batched',
    profile: 'full',
    options: ['--fixed', '--refill=batch'],
    title: 'io_uring, the same, refilled in batches',
    linuxMin: '5.6',
    after: 'io_uring-fixed-file',
  },
  {
    ...RING,
    id: 'io_uring-sqpoll-file',
    fio: ['--ioengine=io_uring', '--fixedbufs=1', '--registerfiles=1', '--sqthread_poll=1'],
    options: ['--fixed', '--sqpoll'],
    title: 'io_uring on a file, a kernel thread polls the SQ',
    linuxMin: '5.11',
    after: 'io_uring-fixed-file',
    tasks: 'one-and-kernel-thread',
    spins: true,
  },
  {
    ...RING,
    id: 'io_uring-iopoll',
    profile: 'full',
    options: ['--fixed', '--iopoll'],
    title: 'io_uring, the device is polled for results',
    linuxMin: '5.1',
    after: 'io_uring-fixed-file',
    takesCaches: ['direct'],
    spins: true,
  },
];
