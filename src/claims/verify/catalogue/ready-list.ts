import { behaviour, equals, probe } from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const READY_LIST: ClaimSection = {
  title: 'Ready List',
  claims: [
    {
      id: 'epoll-ready-list-clear',
      kind: 'behaviour',
      text: 'epoll_wait “atomically swaps out the ready list”, “clears the ready list” and returns it',
      truth:
        'It takes up to maxevents items, re-polls each, drops those no longer ready, puts LT items back at the tail; unserved items stay (round-robin, no starvation).',
      source: 'fs/eventpoll.c ep_send_events',
      assertions: [
        behaviour(
          'level-triggered: the list is empty after a wait',
          probe('epoll-ready-list', 'nextLevel'),
          equals(0),
        ),
        behaviour(
          'edge-triggered: the list is empty after a wait',
          probe('epoll-ready-list', 'nextEdge'),
          equals(0),
        ),
        behaviour(
          'a wait returns all 100 that are ready',
          probe('epoll-ready-list', 'eventsOneWait'),
          equals(100),
        ),
      ],
    },
  ],
};
