import { behaviour, equals, probe } from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const EPOLL_ONESHOT: ClaimSection = {
  title: '3. EPOLLONESHOT',
  claims: [
    {
      id: 'oneshot-rearm-mod',
      kind: 'behaviour',
      text: 'EPOLLONESHOT: disabled after one event, re-enable with EPOLL_CTL_MOD',
      truth: 'MOD also reports at once if data is still pending.',
      source: 'epoll(7)',
      assertions: [
        behaviour(
          'disabled after one event',
          probe('epoll-oneshot', ['first', 'again', 'newData']),
          equals([1, 0, 0]),
        ),
        behaviour('EPOLL_CTL_MOD arms it again', probe('epoll-oneshot', 'afterMod'), equals(1)),
      ],
    },
  ],
};
