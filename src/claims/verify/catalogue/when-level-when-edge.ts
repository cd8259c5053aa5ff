import type { ClaimSection } from '../claim.ts';

export const WHEN_LEVEL_WHEN_EDGE: ClaimSection = {
  title: 'When to Use Level vs Edge',
  claims: [
    {
      id: 'et-accept-drop',
      kind: 'behaviour',
      text: "Without the accept loop “you'll drop connections”",
      truth:
        'Nothing is dropped; they stay in the accept queue (up to backlog) until the next event. Overflow only when the backlog fills.',
      source: 'own measurement; listen(2)',
      how: 'as above: count connections still acceptable',
      assertions: [],
    },
    {
      id: 'et-highest-efficiency',
      kind: 'measured',
      text: 'Echo server: ET gives “Highest efficiency, exactly one wake-up per batch”',
      truth: 'For request/response ET+drain costs one more syscall per message than LT and wakes as often.',
      source: 'own measurement',
      how: 'syscalls/msg and CPU-s per 100k msgs, LT vs ET, same client',
      assertions: [],
    },
    {
      id: 'stdin-lt',
      kind: 'behaviour',
      text: 'Interactive terminal/stdin: LT default recommended',
      truth:
        'Fine for a tty/pipe, but if stdin is redirected from a file epoll_ctl fails with EPERM whatever the trigger mode.',
      source: 'epoll_ctl(2) EPERM',
      how: 'epoll_ctl ADD on stdin as tty, pipe, file, /dev/null',
      assertions: [],
    },
    {
      id: 'epollout-et',
      kind: 'behaviour',
      text: 'EPOLLOUT with EPOLLET: wakes on transition to writable; write until EAGAIN',
      truth:
        'TCP/unix writers are notified when free space passes a threshold; ADD/MOD reports at once if writable.',
      source: 'epoll(7)',
      how: 'fill socket to EAGAIN with EPOLLOUT|EPOLLET armed; drain peer; count events',
      assertions: [],
    },
  ],
};
