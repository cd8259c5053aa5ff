import type { ModelRow } from '../spec.ts';
import { THREAD_START_CALLS } from './threads.ts';

/** Asynchronous I/O from before io_uring. */
export const AIO_ROWS: readonly ModelRow[] = [
  {
    id: 'posix-aio',
    family: 'posix-aio',
    program: 'posix_aio',
    title: "POSIX AIO (glibc's thread pool)",
    notification: 'completion',
    linuxMin: '2.6',
    tasks: 'per-connection',
    uncounted: [...THREAD_START_CALLS, 'exit', 'futex'],
  },
  {
    id: 'native-aio',
    family: 'native-aio',
    program: 'native_aio',
    title: 'native AIO (io_submit) with IOCB_CMD_POLL',
    notification: 'completion',
    linuxMin: '4.18',
  },
];
