import type { ClaimSection } from '../claim.ts';

export const EPOLL: ClaimSection = {
  title: '3. epoll',
  claims: [
    {
      id: 'epoll-three-syscalls',
      kind: 'static-fact',
      text: 'epoll is three calls: create, control, wait',
      truth: 'Plus epoll_create1, epoll_pwait, epoll_pwait2.',
      source: 'epoll(7)',
      how: 'strace a server',
      assertions: [],
    },
    {
      id: 'epoll-cloexec',
      kind: 'behaviour',
      text: 'EPOLL_CLOEXEC closes epfd on execve, “prevents FD leak to children”',
      truth: 'Across execve only; a forked child that does not exec keeps it.',
      source: 'epoll_create1(2)',
      how: 'fork+use, fork+exec and test /proc/self/fd',
      assertions: [],
    },
    {
      id: 'epoll-oneshot-remove',
      kind: 'behaviour',
      text: 'Code comment: EPOLLONESHOT “auto-remove after one event”',
      truth:
        'The watch is disabled, not removed: ADD gives EEXIST, MOD re-arms. The later section says “disable”, correctly.',
      source: 'fs/eventpoll.c ep_send_events: event.events &= EP_PRIVATE_BITS',
      how: 'event, then ADD again and MOD',
      assertions: [],
    },
    {
      id: 'epollrdhup-2-6-17',
      kind: 'historical',
      text: 'EPOLLRDHUP “Linux 2.6.17+”',
      truth: 'epoll_ctl(2): EPOLLRDHUP (since Linux 2.6.17).',
      source: 'epoll_ctl(2)',
      how: 'documentation',
      assertions: [],
    },
    {
      id: 'epoll-2-5-44-o1',
      kind: 'measured',
      text: 'epoll (2.5.44, 2002): “Amortized O(1) per event”',
      truth: 'See epoll-o-ready.',
      source: '-',
      how: 'see epoll-o-ready',
      assertions: [],
    },
    {
      id: 'et-echo-sample',
      kind: 'behaviour',
      text: 'Sample ET loop: “Drain until EAGAIN” with if (r <= 0) { close(fd); break; }',
      truth:
        'EAGAIN is r<0, so every connection is closed after its first message; and as written accept() returns a BLOCKING fd, so the second read hangs the whole loop. Short writes ignored too.',
      source: 'own measurement',
      how: 'run the sample verbatim (accept) and with accept4(SOCK_NONBLOCK): conn1 sends twice, conn2 sends once, 400 ms timeouts',
      assertions: [],
    },
    {
      id: 'et-once-per-transition',
      kind: 'behaviour',
      text: 'EPOLLET “fires exactly once per transition (idle -> ready)”',
      truth:
        'See et-new-transition: once per wake-up with new data. Several arrivals before the wait coalesce into one event.',
      source: 'fs/eventpoll.c',
      how: 'see et-new-transition',
      assertions: [],
    },
    {
      id: 'lt-equals-poll',
      kind: 'behaviour',
      text: 'Level-triggered is “equivalent to poll() semantics”',
      truth: 'epoll(7) says so.',
      source: 'epoll(7)',
      how: 'LT vs poll revents for the same fd states (except regular files)',
      assertions: [],
    },
    {
      id: 'et-more-efficient',
      kind: 'measured',
      text: 'Edge-triggered is “More efficient”',
      truth:
        'Only when one arrival would otherwise cause repeated LT reports (unread data, multi-thread shared epfd). Plain drain-to-EAGAIN costs an extra read.',
      source: 'own measurement',
      how: 'see et-highest-efficiency; also 8 workers on ONE epfd LT vs ET',
      assertions: [],
    },
  ],
};
