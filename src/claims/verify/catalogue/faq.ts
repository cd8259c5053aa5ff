import {
  behaviour,
  cell,
  cost,
  costsOver,
  count,
  equals,
  fact,
  growth,
  minus,
  over,
  probe,
  ratio,
  source,
  YES,
} from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const FAQ: ClaimSection = {
  title: 'FAQ',
  claims: [
    {
      id: 'sigio-epoll-same-semantics',
      kind: 'behaviour',
      text: 'epoll gives “the same edge-triggered semantics” as SIGIO',
      truth: 'O_ASYNC signals on wake-ups, like EPOLLET; epoll also offers LT.',
      source: 'fcntl(2)',
      assertions: [
        behaviour(
          'SIGIO: a signal for new data, none for what stays unread',
          probe('sigio-realtime', ['unreadNewData', 'unreadAgain']),
          equals([1, 0]),
        ),
        behaviour(
          'EPOLLET: an event for new data on a unix socket though the old is unread',
          probe('epoll-edge', 'newDataUnix'),
          YES,
        ),
        behaviour('EPOLLET: none for what stays unread', probe('epoll-edge', 'again'), equals(0)),
      ],
    },
    {
      id: 'faq-epoll-per-readiness',
      kind: 'behaviour',
      text: 'epoll needs “a syscall per readiness check (or per batch)”',
      truth: 'Per batch.',
      source: 'measured on other hosts',
      assertions: [
        count(
          'per batch: one wait reports several of 200',
          cell('epoll-lt', 'many', 'events'),
          { low: 1.5 },
          { name: 'events that an epoll_wait returns', unit: 'events', noise: 0.1 },
        ),
        count(
          'per check, where one connection is active',
          cell('epoll-lt', 'one', 'events'),
          { low: 0.5, high: 1.2 },
          { name: 'events that an epoll_wait returns', unit: 'events', noise: 0.1 },
        ),
      ],
    },
    {
      id: 'faq-ops-epoll-cant',
      kind: 'behaviour',
      text: "io_uring supports ops epoll can't: “fsync, accept, splice, openat”",
      truth: 'accept is exactly what epoll servers do (readiness on listener); the rest is right.',
      source: 'io_uring_enter(2)',
      assertions: [
        fact(
          'fsync, splice and openat',
          probe('uring-opcodes', ['FSYNC', 'SPLICE', 'OPENAT']),
          equals([true, true, true]),
        ),
        source(
          'accept',
          'epoll cannot',
          'epoll reports a listener, and accept(2) follows',
          'epoll(7), accept(2)',
        ),
      ],
    },
    {
      id: 'faq-select-highest-fd',
      kind: 'measured',
      text: 'select is O(N) “where N is the highest FD number”; “select walks all 100k bits”',
      truth: 'Highest fd bounds the word scan; cost is dominated by set bits. 100k contradicts FD_SETSIZE.',
      source: 'fs/select.c',
      assertions: [
        ratio(
          'the highest number decides: it alone costs half of what 18,000 descriptors cost',
          over(
            minus(cost('select-highest-18000'), cost('select-highest-64')),
            minus(cost('select-18000'), cost('select-1')),
          ),
          { low: 0.5, high: 2 },
          {
            name: 'what a number of 18,000 adds to one descriptor, over what 18,000 of them add',
            noise: 0.2,
            requires: [{ openFiles: 18_200 }],
          },
        ),
        growth(
          'many descriptors, all of them set',
          costsOver((n) => `select-${n}`, [100, 1000, 10_000]),
          'O(N)',
        ),
        source(
          'select of 100,000 descriptors',
          'possible',
          'not beyond FD_SETSIZE, 1024',
          'the guide itself; select(2)',
        ),
      ],
    },
    {
      id: 'faq-iocp-nt35',
      kind: 'historical',
      text: 'IOCP since “NT 3.5”; works on “virtually every handle”',
      truth: 'Windows NT 3.5 (1994).',
      source: 'Microsoft docs',
      assertions: [
        source('since', 'Windows NT 3.5', 'Windows NT 3.5', 'Microsoft, I/O completion ports'),
        source(
          'on what',
          'virtually every handle',
          'handles that support overlapped I/O: no anonymous pipes',
          'Microsoft, CreateIoCompletionPort, CreatePipe',
        ),
      ],
    },
    {
      id: 'faq-uring-initial-ops',
      kind: 'historical',
      text: 'io_uring “started with” recv, send, accept, connect, openat, statx ...',
      truth: '5.1 had eight ops (see tl-2019-uring-accept); those came in 5.3-5.6.',
      source: 'LWN 810414; io_uring_enter(2)',
      assertions: [
        source(
          'what it began with',
          'recv, send, accept, connect, openat, statx',
          'NOP, READV, WRITEV, FSYNC, READ_FIXED, WRITE_FIXED, POLL_ADD, POLL_REMOVE',
          'LWN 810414; io_uring_enter(2)',
        ),
      ],
    },
    {
      id: 'faq-5-19-regular',
      kind: 'historical',
      text: '“Linux 5.19 added io_uring on regular files (not just sockets)”',
      truth: "5.1; contradicts the guide's own 5.6.",
      source: 'LWN 810414; io_uring_enter(2)',
      assertions: [source('since', 'Linux 5.19', 'Linux 5.1', 'LWN 810414')],
    },
    {
      id: 'faq-6-0-shutdown',
      kind: 'historical',
      text: '“Linux 6.0 added socket shutdown”',
      truth: 'IORING_OP_SHUTDOWN is 5.11; 6.0 added SEND_ZC and multishot recv.',
      source: 'io_uring_enter(2)',
      assertions: [source('since', 'Linux 6.0', 'Linux 5.11', 'io_uring_enter(2)')],
    },
    {
      id: 'faq-clone-op',
      kind: 'static-fact',
      text: 'io_uring supports “clone/thread creation in some configurations”',
      truth: 'IORING_OP_CLONE/EXEC exist only as RFC patches (Triplett 2022, Krisman Bertazi Dec 2024).',
      source: 'spinics io-uring msg27049; uapi enum',
      assertions: [fact('in the header', probe('uapi-header', 'hasClone'), YES)],
    },
    {
      id: 'faq-mkdir-rename',
      kind: 'static-fact',
      text: '2025: “mkdir, rename, unlink” supported',
      truth: '5.11/5.15.',
      source: 'io_uring_enter(2)',
      assertions: [
        fact(
          'in this kernel',
          probe('uring-opcodes', ['MKDIRAT', 'RENAMEAT', 'UNLINKAT']),
          equals([true, true, true]),
        ),
      ],
    },
    {
      id: 'faq-herd-reuseport-contention',
      kind: 'behaviour',
      text: 'SO_REUSEPORT “eliminat[es] the accept queue contention entirely”',
      truth: 'One queue per listener.',
      source: 'net/core/sock_reuseport.c',
      assertions: [
        source(
          'accept queues',
          'one for each listener',
          'one for each listener',
          'net/core/sock_reuseport.c',
        ),
        count(
          'one worker is woken for each connection',
          probe('herd', 'reuseport'),
          { low: 0.5, high: 1.3 },
          { name: 'workers that are woken for each connection', unit: 'workers', noise: 0.1 },
        ),
      ],
    },
    {
      id: 'faq-sqpoll-both-avoid',
      kind: 'behaviour',
      text: 'IOCP and io_uring “both avoid per-op syscalls”',
      truth:
        'IOCP needs a syscall per ReadFile/WSARecv and per GetQueuedCompletionStatus(Ex) batch; RIO / IoRing avoid them.',
      source: 'Microsoft docs',
      assertions: [
        count(
          'io_uring with SQPOLL',
          probe('sqpoll-calls', 'perOperation'),
          { high: 0.01 },
          { name: 'system calls of the application per operation', unit: 'calls' },
        ),
        source(
          'IOCP',
          'no call for each operation',
          'a call for each operation, and one for each batch of completions',
          'Microsoft, ReadFile, GetQueuedCompletionStatusEx',
        ),
      ],
    },
  ],
};
