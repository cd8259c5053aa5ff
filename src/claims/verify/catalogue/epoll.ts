import {
  behaviour,
  costsOver,
  count,
  equals,
  given,
  growth,
  NO,
  over,
  pair,
  probe,
  ratio,
  source,
  sweep,
  YES,
} from '../assertions.ts';
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
      assertions: [
        behaviour(
          'different calls of a program that creates, controls and waits',
          probe('epoll-calls', 'distinct'),
          equals(3),
        ),
      ],
    },
    {
      id: 'epoll-cloexec',
      kind: 'behaviour',
      text: 'EPOLL_CLOEXEC closes epfd on execve, “prevents FD leak to children”',
      truth: 'Across execve only; a forked child that does not exec keeps it.',
      source: 'epoll_create1(2)',
      assertions: [
        behaviour('closed by execve', probe('epoll-fork', 'keptByExec'), NO, {
          given: [given(probe('epoll-fork', 'keptByExecWithout'), YES)],
        }),
        behaviour('closed in a child that only forked', probe('epoll-fork', 'keptByFork'), NO),
      ],
    },
    {
      id: 'epoll-oneshot-remove',
      kind: 'behaviour',
      text: 'Code comment: EPOLLONESHOT “auto-remove after one event”',
      truth:
        'The watch is disabled, not removed: ADD gives EEXIST, MOD re-arms. The later section says “disable”, correctly.',
      source: 'fs/eventpoll.c ep_send_events: event.events &= EP_PRIVATE_BITS',
      assertions: [
        behaviour('removed: it can be added again', probe('epoll-oneshot', 'addAgain'), equals('ok')),
      ],
    },
    {
      id: 'epollrdhup-2-6-17',
      kind: 'historical',
      text: 'EPOLLRDHUP “Linux 2.6.17+”',
      truth: 'epoll_ctl(2): EPOLLRDHUP (since Linux 2.6.17).',
      source: 'epoll_ctl(2)',
      assertions: [source('the kernel that brought it', 'Linux 2.6.17', 'Linux 2.6.17', 'epoll_ctl(2)')],
    },
    {
      id: 'epoll-2-5-44-o1',
      kind: 'measured',
      text: 'epoll (2.5.44, 2002): “Amortized O(1) per event”',
      truth: 'The cost of a wait does not depend on how many descriptors are registered.',
      source: 'epoll(7); fs/eventpoll.c',
      assertions: [
        source('the kernel that brought it', 'Linux 2.5.44, 2002', 'Linux 2.5.44, 2002', 'epoll(7)'),
        growth(
          'the call, one ready of 1 to 18,000',
          costsOver((n) => `epoll-wait-1-of-${n}`, [1, 1000, 18_000]),
          'O(1)',
        ),
        growth('a request, with idle connections beside it', sweep('epoll-lt'), 'O(1)'),
      ],
    },
    {
      id: 'et-echo-sample',
      kind: 'behaviour',
      text: 'Sample ET loop: “Drain until EAGAIN” with if (r <= 0) { close(fd); break; }',
      truth:
        'EAGAIN is r<0, so every connection is closed after its first message; and as written accept() returns a BLOCKING fd, so the second read hangs the whole loop. Short writes ignored too.',
      source: 'measured on other hosts',
      assertions: [
        behaviour(
          'as written: the second connection is answered too',
          probe('edge-echo-sample', 'blockingOther'),
          YES,
          { given: [given(probe('edge-echo-sample', 'blockingFirst'), YES)] },
        ),
        behaviour(
          'with non-blocking sockets: a connection stays open',
          probe('edge-echo-sample', 'nonblockEofAfter'),
          NO,
          { given: [given(probe('edge-echo-sample', 'nonblockFirst'), YES)] },
        ),
      ],
    },
    {
      id: 'et-once-per-transition',
      kind: 'behaviour',
      text: 'EPOLLET “fires exactly once per transition (idle -> ready)”',
      truth: 'Once per wake-up with new data. Several arrivals before the wait coalesce into one event.',
      source: 'fs/eventpoll.c',
      assertions: [
        behaviour(
          'TCP: new data is not reported while the old is unread',
          probe('epoll-edge', 'newDataTcp'),
          NO,
        ),
        behaviour('a pipe: likewise', probe('epoll-edge', 'newDataPipe'), NO),
      ],
    },
    {
      id: 'lt-equals-poll',
      kind: 'behaviour',
      text: 'Level-triggered is “equivalent to poll() semantics”',
      truth: 'epoll(7) says so.',
      source: 'epoll(7)',
      assertions: [
        count(
          'states of descriptors that both report alike',
          over(probe('epoll-level', 'statesAsPoll'), probe('epoll-level', 'statesCompared')),
          { low: 0.999 },
          { name: 'of those compared', unit: 'of 1', noise: 0.0005 },
        ),
        behaviour('both report it again while it is unread', probe('epoll-level', 'reports'), equals(3)),
      ],
    },
    {
      id: 'et-more-efficient',
      kind: 'measured',
      text: 'Edge-triggered is “More efficient”',
      truth:
        'Only when one arrival would otherwise cause repeated LT reports (unread data, multi-thread shared epfd). Plain drain-to-EAGAIN costs an extra read.',
      source: 'measured on other hosts',
      assertions: [
        ratio(
          'one thread, drained to EAGAIN: a tenth less CPU than LT',
          pair('epoll-et-drain', 'epoll-lt', 'many', 'cpu'),
          { high: 0.9 },
          { name: 'server CPU per request, ET over LT', noise: 0.03 },
        ),
        ratio(
          'one thread, where a short read ends it: a tenth less CPU than LT',
          pair('epoll-et', 'epoll-lt', 'many', 'cpu'),
          { high: 0.9 },
          { name: 'server CPU per request, ET over LT', noise: 0.03 },
        ),
        ratio(
          'eight threads in one set: fewer of them are woken',
          over(probe('herd', 'sharedLevel'), probe('herd', 'sharedEdge')),
          { low: 1.3 },
          { name: 'workers woken for each connection, LT over ET', noise: 0.1 },
        ),
      ],
    },
  ],
};
