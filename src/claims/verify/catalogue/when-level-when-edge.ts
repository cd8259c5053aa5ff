import { atMost, behaviour, cell, count, equals, given, minus, pair, probe, ratio } from '../assertions.ts';
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
      source: 'measured on other hosts; listen(2)',
      assertions: [
        behaviour(
          'some of the other ten cannot be accepted later',
          probe('epoll-listener-edge', 'acceptable'),
          atMost(9),
          { given: [given(probe('epoll-listener-edge', 'pending'), equals(10))] },
        ),
        behaviour(
          'none is told of when the next connection comes',
          probe('epoll-listener-edge', 'laterWait'),
          equals(0),
        ),
      ],
    },
    {
      id: 'et-highest-efficiency',
      kind: 'measured',
      text: 'Echo server: ET gives “Highest efficiency, exactly one wake-up per batch”',
      truth: 'For request/response ET+drain costs one more syscall per message than LT and wakes as often.',
      source: 'measured on other hosts',
      assertions: [
        ratio(
          'drained to EAGAIN as in the sample: a tenth less CPU than LT',
          pair('epoll-et-drain', 'epoll-lt', 'many', 'cpu'),
          { high: 0.9 },
          { name: 'server CPU per request, ET over LT', noise: 0.03 },
        ),
        ratio(
          'where a short read ends it: a tenth less CPU than LT',
          pair('epoll-et', 'epoll-lt', 'many', 'cpu'),
          { high: 0.9 },
          { name: 'server CPU per request, ET over LT', noise: 0.03 },
        ),
        count(
          'drained to EAGAIN: fewer calls than LT',
          minus(cell('epoll-et-drain', 'one', 'calls'), cell('epoll-lt', 'one', 'calls')),
          { low: -2, high: -0.2 },
          { name: 'calls per request, ET less LT', unit: 'calls/request' },
        ),
      ],
    },
    {
      id: 'stdin-lt',
      kind: 'behaviour',
      text: 'Interactive terminal/stdin: LT default recommended',
      truth:
        'Fine for a tty/pipe, but if stdin is redirected from a file epoll_ctl fails with EPERM whatever the trigger mode.',
      source: 'epoll_ctl(2) EPERM',
      assertions: [
        behaviour('a terminal', probe('epoll-fd-kinds', 'tty'), equals('ok')),
        behaviour('a pipe', probe('epoll-fd-kinds', 'pipe'), equals('ok')),
        behaviour('redirected from a file', probe('epoll-fd-kinds', 'regularFile'), equals('ok')),
      ],
    },
    {
      id: 'epollout-et',
      kind: 'behaviour',
      text: 'EPOLLOUT with EPOLLET: wakes on transition to writable; write until EAGAIN',
      truth:
        'TCP/unix writers are notified when free space passes a threshold; ADD/MOD reports at once if writable.',
      source: 'epoll(7)',
      assertions: [
        behaviour(
          'TCP, drained at once: one event, and none before',
          probe('epoll-out-edges', ['tcpBefore', 'tcpAfter']),
          equals([0, 1]),
        ),
        behaviour(
          'a unix socket, drained at once: one event, and none before',
          probe('epoll-out-edges', ['unixBefore', 'unixAfter']),
          equals([0, 1]),
        ),
        behaviour(
          'a pipe, drained at once: one event, and none before',
          probe('epoll-out-edges', ['pipeBefore', 'pipeAfter']),
          equals([0, 1]),
        ),
      ],
    },
  ],
};
