import { behaviour, equals, NO, probe } from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const LEVEL_AND_EDGE: ClaimSection = {
  title: 'Level vs Edge: kernel view',
  claims: [
    {
      id: 'lt-rereport',
      kind: 'behaviour',
      text: 'Level-triggered: same FD returned on every epoll_wait until drained',
      truth: 'Equivalent to poll().',
      source: 'epoll(7)',
      assertions: [
        behaviour('until drained: three waits report it', probe('epoll-level', 'reports'), equals(3)),
        behaviour('not after that', probe('epoll-level', 'afterDrain'), equals(0)),
      ],
    },
    {
      id: 'et-fires-once',
      kind: 'behaviour',
      text: 'Edge-triggered: returned once, not again while still readable without new data',
      truth: 'Also none after a partial read without new data.',
      source: 'epoll(7)',
      assertions: [
        behaviour(
          'new data is reported, on TCP, unix, pipe and eventfd',
          probe('epoll-edge', 'first'),
          equals(4),
        ),
        behaviour('not again while it is unread', probe('epoll-edge', 'again'), equals(0)),
        behaviour('not again after a part was read', probe('epoll-edge', 'afterPartialRead'), equals(0)),
      ],
    },
    {
      id: 'et-new-transition',
      kind: 'behaviour',
      text: 'ET “only notifies on state transitions” no-data -> data; must drain “or miss new connections/data”',
      truth:
        'ET fires on every wake-up callback (new data), even if the buffer was never emptied. Failing to drain delays data until the next arrival; it is not tied to an empty->non-empty transition.',
      source: 'fs/eventpoll.c ep_poll_callback; epoll(7) Q&A 8',
      assertions: [
        behaviour(
          'TCP: new data is not reported while the old is unread',
          probe('epoll-edge', 'newDataTcp'),
          NO,
        ),
        behaviour('unix: likewise', probe('epoll-edge', 'newDataUnix'), NO),
        behaviour('a pipe: likewise', probe('epoll-edge', 'newDataPipe'), NO),
      ],
    },
    {
      id: 'epollet-accept-miss',
      kind: 'behaviour',
      text: 'ET listener, accept() once, N pending: one event, other N-1 “produce no additional wake-ups”',
      truth:
        'True for connections already queued before the wait; each later connection raises a fresh event.',
      source: 'measured on other hosts',
      assertions: [
        behaviour(
          'one event for those that came before the wait',
          probe('epoll-listener-edge', 'firstWait'),
          equals(1),
        ),
        behaviour(
          'none after accept() of one of them',
          probe('epoll-listener-edge', 'secondWait'),
          equals(0),
        ),
      ],
    },
  ],
};
