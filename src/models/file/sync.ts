import { THREAD_START_CALLS } from '../socket/threads.ts';
import type { ModelRow } from '../spec.ts';
import { CONDUCT_CALLS } from './conducted.ts';

/** Calls that return when the operation has ended, and memory that is the file. */
export const FILE_SYNC_ROWS: readonly ModelRow[] = [
  {
    id: 'pread',
    fio: ['--ioengine=psync'],
    family: 'pread',
    domain: 'file',
    program: 'pread',
    title: 'pread and pwrite, one after the other',
    depthMax: 1,
    notification: 'blocking',
    linuxMin: '2.2',
    uncounted: CONDUCT_CALLS,
  },
  {
    id: 'pread-threads',
    family: 'pread',
    domain: 'file',
    after: 'pread',
    program: 'pread',
    options: ['--threads'],
    title: 'pread and pwrite, a thread per operation',
    notification: 'blocking',
    linuxMin: '2.2',
    tasks: 'per-operation',
    uncounted: [...CONDUCT_CALLS, ...THREAD_START_CALLS, 'futex'],
  },
  {
    id: 'preadv2-nowait',
    family: 'pread',
    domain: 'file',
    after: 'pread-threads',
    program: 'preadv2_nowait',
    title: 'preadv2 with RWF_NOWAIT, else a thread',
    notification: 'blocking',
    linuxMin: '4.14',
    tasks: 'per-operation',
    uncounted: [...CONDUCT_CALLS, ...THREAD_START_CALLS, 'futex'],
    unfit: [
      {
        actions: ['write', 'append', 'synced'],
        reason: 'it reads: RWF_NOWAIT of a buffered write is EOPNOTSUPP on most file systems',
      },
      { caches: ['direct'], reason: 'with O_DIRECT no read is served without waiting' },
    ],
  },
  {
    id: 'mmap',
    fio: ['--ioengine=mmap'],
    family: 'mmap',
    domain: 'file',
    program: 'mmap_file',
    title: 'a mapping of the file, synced by msync',
    depthMax: 1,
    notification: 'blocking',
    linuxMin: '2.0',
    // sigsetjmp, for a page that the disk cannot bring.
    uncounted: [...CONDUCT_CALLS, 'rt_sigprocmask'],
    unfit: [
      { caches: ['direct'], reason: 'a mapping is the page cache: there is no O_DIRECT for it' },
      { actions: ['append'], reason: 'a mapping cannot make a file longer' },
    ],
  },
];
