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
];
