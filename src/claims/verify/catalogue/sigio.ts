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
      how: '20 fds with SIGRTMIN: compare si_fd; F_OWNER_TID: gettid in handler; plain SIGIO: si_fd',
      assertions: [],
    },
    {
      id: 'sigio-sample-si-fd',
      kind: 'behaviour',
      text: 'Sample handler uses info->si_fd (“tells you which FD is ready”)',
      truth:
        'Only valid because F_SETSIG is set; the guide calls that “Optional” and sets O_ASYNC before F_SETSIG (window with plain SIGIO, whose default action kills). No sigaction/SA_SIGINFO shown.',
      source: 'fcntl(2)',
      how: 'run with and without F_SETSIG',
      assertions: [],
    },
    {
      id: 'sigio-coalesce',
      kind: 'behaviour',
      text: 'With many FDs plain SIGIO coalesces and “you lose events”',
      truth: 'Standard signals have one pending bit.',
      source: 'signal(7)',
      how: 'block SIGIO, make 20 fds ready, unblock, count',
      assertions: [],
    },
    {
      id: 'sigio-rt-queued',
      kind: 'behaviour',
      text: 'F_SETSIG with RT signals helps: “each SIGRTMIN+N is queued separately”',
      truth:
        'Also the SAME RT signal number queues multiple times; bounded by RLIMIT_SIGPENDING, then falls back to one SIGIO.',
      source: 'signal(7); fcntl(2)',
      how: 'block SIGRTMIN, 20 fds ready, count; then RLIMIT_SIGPENDING=5',
      assertions: [],
    },
    {
      id: 'sigio-rarely-used',
      kind: 'recommendation',
      text: 'Signal-driven I/O rarely used in production servers',
      truth: 'Derivable: it costs ~3 us more per event than a read loop.',
      source: 'own measurement',
      how: 'write+read per event with and without RT signal delivery',
      assertions: [],
    },
  ],
};
