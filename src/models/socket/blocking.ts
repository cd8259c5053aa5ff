import type { ModelRow } from '../spec.ts';
import { THREAD_START_CALLS } from './threads.ts';

/** A task per connection, or tasks that share them, asleep in the call that does the I/O. */
export const BLOCKING_ROWS: readonly ModelRow[] = [
  {
    id: 'blocking',
    profile: 'quick',
    family: 'blocking',
    program: 'blocking',
    title: 'blocking recv/send, a thread per connection, threads kept',
    notification: 'blocking',
    linuxMin: '1.0',
    tasks: 'per-connection',
    uncounted: THREAD_START_CALLS,
  },
  {
    id: 'blocking-pool',
    family: 'blocking',
    profile: 'full',
    program: 'blocking_pool',
    after: 'blocking',
    title: 'blocking recv/send, threads that share accept',
    notification: 'blocking',
    linuxMin: '2.6.28',
    tasks: 'per-connection',
    uncounted: [...THREAD_START_CALLS, 'rt_sigsuspend', 'futex'],
  },
  {
    id: 'blocking-fork',
    family: 'blocking',
    profile: 'full',
    program: 'blocking_fork',
    after: 'blocking',
    title: 'blocking recv/send, a process forked per connection',
    notification: 'blocking',
    linuxMin: '2.6.28',
    tasks: 'process-per-connection',
    uncounted: ['set_robust_list', 'rt_sigprocmask', 'rt_sigsuspend', 'exit_group', 'rseq'],
  },
];
