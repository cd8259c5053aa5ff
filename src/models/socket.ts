import { AIO_ROWS } from './socket/aio.ts';
import { BLOCKING_ROWS } from './socket/blocking.ts';
import { EPOLL_ROWS } from './socket/epoll.ts';
import { GUIDE_ROWS } from './socket/guide.ts';
import { IO_URING_ROWS } from './socket/io-uring.ts';
import { IO_URING_BESIDE_ROWS } from './socket/io-uring-beside.ts';
import { KQUEUE_ROWS } from './socket/kqueue.ts';
import { SCANNING_ROWS } from './socket/scanning.ts';
import { SIGNAL_ROWS } from './socket/signal.ts';
import type { ModelRow } from './spec.ts';

/** One row per variant of a socket program, in the order of every table; what most share is in `spec.ts`. */
export const SOCKET_ROWS: readonly ModelRow[] = [
  ...BLOCKING_ROWS,
  ...SCANNING_ROWS,
  ...EPOLL_ROWS,
  ...KQUEUE_ROWS,
  ...SIGNAL_ROWS,
  ...AIO_ROWS,
  ...IO_URING_ROWS,
  ...IO_URING_BESIDE_ROWS,
  ...GUIDE_ROWS,
];
