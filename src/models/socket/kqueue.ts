import type { ModelRow } from '../spec.ts';

/** The interface of the BSDs, as a library makes it here. */
export const KQUEUE_ROWS: readonly ModelRow[] = [
  {
    id: 'kqueue',
    family: 'kqueue',
    profile: 'full',
    program: 'kqueue',
    packages: ['libkqueue'],
    title: 'kqueue(2) by libkqueue, level-triggered',
    notification: 'readiness',
    linuxMin: '2.6.27',
    uncounted: ['epoll_wait', 'epoll_pwait', 'epoll_ctl', 'ioctl', 'getsockopt', 'newfstatat', 'fstat'],
  },
];
