import { THREAD_START_CALLS } from '../socket/threads.ts';
import type { ModelRow } from '../spec.ts';

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
    uncounted: [...THREAD_START_CALLS, 'exit', 'futex'],
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
    takesCaches: ['direct'],
  },
];
