import type { ModelRow } from '../spec.ts';
import { THREAD_START_CALLS } from './threads.ts';

/** Of the thread that waits for the signals of the harness. */
const SIGNAL_CALLS = ['rt_sigsuspend'] as const;

/** What a write loses that is not looked at. */
const LOSES_BYTES = {
  unansweredBytesOver: 4096,
  reason: 'as in the guide, no write is checked: what a full socket does not take is lost',
} as const;
const PILES_UP = {
  mode: 'open',
  reason: 'as in the guide, no write is checked: requests that pile up may find a full socket, and are lost',
} as const;

const ACCEPTS_ONCE = {
  connectionsOver: 1,
  reason: 'as in the guide, IOSQE_ASYNC is taken for multishot: it accepts once',
} as const;

/**
 * The samples of the guide "Linux I/O Models", each finished to a running server with its mistakes kept: what of a
 * difference is the mechanism, and what its use. The head of each program says where in the guide it is from.
 */
export const GUIDE_ROWS: readonly ModelRow[] = [
  {
    id: 'blocking-guide',
    family: 'blocking',
    profile: 'guide',
    program: 'blocking_guide',
    title: "the guide's thread per connection",
    notification: 'blocking',
    linuxMin: '1.0',
    tasks: 'per-connection',
    uncounted: [...THREAD_START_CALLS, ...SIGNAL_CALLS, 'exit'],
    unfit: [
      {
        connectionsOver: 1,
        reason:
          'as in the guide, threads are handed the address of one variable: one may serve the connection that came next',
      },
      {
        mode: 'churn',
        reason: 'as in the guide, threads are neither joined nor detached: each connection leaves one behind',
      },
    ],
    expectedFailures: [
      'at-once',
      'reset',
      'mixture',
      'churn',
      'idle',
      'stop-under-load',
      'bytes-out-reset',
      'out-of-descriptors',
      'out-of-threads',
      'ThreadSanitizer: data race',
      'ThreadSanitizer: thread leak',
    ],
  },
  {
    id: 'poll-guide',
    family: 'poll',
    profile: 'guide',
    program: 'poll_guide',
    title: "the guide's poll loop",
    notification: 'readiness',
    linuxMin: '2.1.23',
    connectionsMax: 15,
    unfit: [PILES_UP, LOSES_BYTES],
    uncounted: SIGNAL_CALLS,
    expectedFailures: [
      'messages',
      'slow-reader',
      'half-close',
      'reset',
      'mixture',
      'bytes-out-reset',
      'conns-max-files',
      'files-limit',
      'interrupted-wait',
      'out-of-descriptors',
    ],
  },
  {
    id: 'epoll-guide',
    family: 'epoll',
    profile: 'guide',
    program: 'epoll_guide',
    options: ['--sockets=blocking'],
    title: "the guide's epoll loop as written",
    notification: 'readiness',
    linuxMin: '2.6.27',
    unfit: [
      {
        connectionsOver: 1,
        reason: 'as in the guide, a read sleeps until its connection sends more, and the others wait',
      },
    ],
    uncounted: SIGNAL_CALLS,
    expectedFailures: [
      'at-once',
      'slow-reader',
      'reset',
      'mixture',
      'idle',
      'stop-under-load',
      'bytes-out-reset',
      'conns-max',
      'files-limit',
      'interrupted-wait',
      'out-of-descriptors',
      'accept-errors',
    ],
  },
  {
    id: 'epoll-guide-drain',
    family: 'epoll',
    profile: 'guide',
    program: 'epoll_guide',
    options: ['--sockets=nonblocking'],
    title: "the guide's epoll loop, O_NONBLOCK sockets",
    notification: 'readiness',
    linuxMin: '2.6.27',
    unfit: [
      ...(['closed', 'open'] as const).map((mode) => ({
        mode,
        reason: 'as in the guide, EAGAIN is taken for the end: a connection is closed after its first bytes',
      })),
      LOSES_BYTES,
    ],
    preflight: false,
    uncounted: SIGNAL_CALLS,
    expectedFailures: [
      'single-bytes',
      'messages',
      'at-once',
      'slow-reader',
      'half-close',
      'reset',
      'mixture',
      'idle',
      'signals',
      'counters',
      'urgent',
      'stop-under-load',
      'bytes-out-stop',
      'bytes-out-reset',
      'conns-max',
      'files-limit',
      'out-of-descriptors',
      'accept-errors',
      'syscalls',
      'handicap',
    ],
  },
  {
    id: 'io_uring-guide',
    family: 'io_uring',
    profile: 'guide',
    program: 'io_uring_guide',
    title: "the guide's io_uring loop",
    notification: 'completion',
    linuxMin: '5.9',
    kernelThreads: true,
    unfit: [ACCEPTS_ONCE, { mode: 'churn', reason: ACCEPTS_ONCE.reason }, PILES_UP, LOSES_BYTES],
    preflight: false,
    uncounted: SIGNAL_CALLS,
    expectedFailures: [
      'messages',
      'at-once',
      'slow-reader',
      'half-close',
      'reset',
      'mixture',
      'churn',
      'idle',
      'urgent',
      'stop-under-load',
      'bytes-out-reset',
      'conns-max',
      'files-limit',
      'out-of-descriptors',
    ],
  },
];
