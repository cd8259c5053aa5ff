import type { ModelRow } from '../spec.ts';

/** The kernel keeps the set of descriptors. */
export const EPOLL_ROWS: readonly ModelRow[] = [
  {
    id: 'epoll-lt',
    profile: 'quick',
    family: 'epoll',
    program: 'epoll',
    options: ['--trigger=level'],
    title: 'epoll(7), level-triggered',
    notification: 'readiness',
    linuxMin: '2.5.44',
  },
  {
    id: 'epoll-et',
    after: 'epoll-lt',
    family: 'epoll',
    program: 'epoll',
    options: ['--trigger=edge'],
    title: 'epoll(7), edge-triggered',
    notification: 'readiness',
    linuxMin: '2.5.44',
  },
];
