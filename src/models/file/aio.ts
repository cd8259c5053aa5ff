import { THREAD_START_CALLS } from '../socket/threads.ts';
import type { ModelRow } from '../spec.ts';
import { CONDUCT_CALLS } from './conducted.ts';

/** Asynchronous I/O from before io_uring. */
export const FILE_AIO_ROWS: readonly ModelRow[] = [
  {
    id: 'posix-aio-file',
    family: 'posix-aio',
    domain: 'file',
    program: 'posix_aio_file',
    fio: ['--ioengine=posixaio'],
    title: "POSIX AIO of a file (glibc's thread pool)",
    notification: 'completion',
    linuxMin: '2.6',
    tasks: 'per-operation',
    // The calls of its pool are libc's.
    uncounted: [
      ...CONDUCT_CALLS,
      ...THREAD_START_CALLS,
      ...['exit', 'futex', 'fcntl', 'pread64', 'pwrite64', 'fsync', 'fdatasync', 'close'],
    ],
  },
  {
    id: 'native-aio-buffered',
    family: 'native-aio',
    domain: 'file',
    program: 'native_aio_file',
    fio: ['--ioengine=libaio'],
    title: 'native AIO (io_submit) through the page cache',
    notification: 'completion',
    linuxMin: '2.6',
    uncounted: CONDUCT_CALLS,
    takesCaches: ['warm', 'cold'],
  },
  {
    id: 'native-aio-direct',
    family: 'native-aio',
    domain: 'file',
    program: 'native_aio_file',
    fio: ['--ioengine=libaio'],
    title: 'native AIO (io_submit) with O_DIRECT',
    notification: 'completion',
    linuxMin: '2.6',
    uncounted: CONDUCT_CALLS,
    takesCaches: ['direct'],
  },
];
