import { atLeast, behaviour, cost, count, equals, NO, over, probe, ratio, source } from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const SIGIO: ClaimSection = {
  title: '4. SIGIO',
  claims: [
    {
      id: 'sigio-per-process',
      kind: 'behaviour',
      text: '“signals are per-process, not per-connection, so you still need to poll to find which FD” fired',
      truth:
        'With F_SETSIG + SA_SIGINFO si_fd names the fd; F_SETOWN_EX(F_OWNER_TID) directs to one thread; each fd can have its own signal number. True only for plain SIGIO.',
      source: 'fcntl(2) F_SETSIG, F_SETOWN_EX; fs/fcntl.c send_sigio_to_task',
      assertions: [
        count(
          'a real-time signal does not tell which FD',
          over(probe('sigio-realtime', 'siFdRight'), probe('sigio-realtime', 'fds')),
          { high: 0.1 },
          { name: 'signals with the right si_fd, of those sent', unit: 'of 1', noise: 0.08 },
        ),
        behaviour('a signal cannot go to one thread', probe('sigio-realtime', 'ownerThread'), NO),
        behaviour('plain SIGIO does not tell which FD', probe('sigio-plain', 'siFdRight'), equals(0)),
      ],
    },
    {
      id: 'sigio-sample-si-fd',
      kind: 'behaviour',
      text: 'Sample handler uses info->si_fd (“tells you which FD is ready”)',
      truth:
        'Only valid because F_SETSIG is set; the guide calls that “Optional” and sets O_ASYNC before F_SETSIG (window with plain SIGIO, whose default action kills). No sigaction/SA_SIGINFO shown.',
      source: 'fcntl(2)',
      assertions: [
        count(
          'with F_SETSIG',
          over(probe('sigio-realtime', 'siFdRight'), probe('sigio-realtime', 'fds')),
          { low: 0.9 },
          { name: 'signals with the right si_fd, of those sent', unit: 'of 1', noise: 0.08 },
        ),
        behaviour('without F_SETSIG, which it calls optional', probe('sigio-plain', 'siFdRight'), atLeast(1)),
      ],
    },
    {
      id: 'sigio-coalesce',
      kind: 'behaviour',
      text: 'With many FDs plain SIGIO coalesces and “you lose events”',
      truth: 'Standard signals have one pending bit.',
      source: 'signal(7)',
      assertions: [
        behaviour('20 descriptors, one signal', probe('sigio-plain', ['fds', 'delivered']), equals([20, 1])),
      ],
    },
    {
      id: 'sigio-rt-queued',
      kind: 'behaviour',
      text: 'F_SETSIG with RT signals helps: “each SIGRTMIN+N is queued separately”',
      truth:
        'Also the SAME RT signal number queues multiple times; bounded by RLIMIT_SIGPENDING, then falls back to one SIGIO.',
      source: 'signal(7); fcntl(2)',
      assertions: [
        count(
          'each event has its signal',
          over(probe('sigio-realtime', 'delivered'), probe('sigio-realtime', 'fds')),
          { low: 0.9 },
          { name: 'signals delivered, of those sent', unit: 'of 1', noise: 0.08 },
        ),
        count(
          'each SIGRTMIN+N arrives',
          over(probe('sigio-realtime', 'perFdNumbers'), probe('sigio-realtime', 'numbers')),
          { low: 0.9 },
          { name: 'signal numbers that arrived, of those asked for', unit: 'of 1', noise: 0.08 },
        ),
      ],
    },
    {
      id: 'sigio-rarely-used',
      kind: 'recommendation',
      text: 'Signal-driven I/O rarely used in production servers',
      truth: 'A signal for each event costs more than a wait that reports many.',
      source: 'measured on other hosts',
      assertions: [
        source(
          'servers in production',
          'rarely use it',
          'rarely use it',
          'documentation of nginx, HAProxy, Node.js and Go',
        ),
        ratio(
          'it costs more: twice an epoll_wait',
          over(cost('signal-rt'), cost('signal-epoll')),
          { low: 2 },
          { name: 'a real-time signal over an epoll_wait', noise: 0.1 },
        ),
      ],
    },
  ],
};
