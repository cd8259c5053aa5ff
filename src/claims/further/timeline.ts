import type { Reading } from './reading.ts';
import { beside, documented, type GuideTable, type GuideTableRow, seen, several } from './table.ts';

type Event = readonly [
  id: string,
  year: string,
  says: string,
  claims: readonly string[],
  here: Reading,
  correction: string | null,
];

const EVENTS: readonly Event[] = [
  [
    '1991',
    '1991',
    'Linux 0.01 — basic blocking read/write, select(2)',
    ['tl-1991-select'],
    documented('select came with 0.12, January 1992', 'fs/select.c of Linux 0.12; 0.11 has none', ['select']),
    'select is not of 0.01 but of 0.12 (1992).',
  ],
  [
    '1994',
    '1994',
    'poll(2) added — no FD bit limit, array-based',
    ['tl-1994-poll', 'poll-no-hard-limit'],
    beside(
      seen(
        'poll-limits',
        ['limit', 'RLIMIT_NOFILE here:'],
        ['atLimit', 'so many entries:'],
        ['beyondLimit', 'one more:'],
      ),
      'Linux 2.1.23 (1997)',
      'poll(2)',
    ),
    'it came with 2.1.23, in 1997; and it has a limit: RLIMIT_NOFILE entries.',
  ],
  [
    '1999',
    '1999',
    'C10K problem identified — select/poll can’t scale past ~1k connections',
    ['tl-1999-c10k'],
    several(
      { kind: 'idle-cost', models: ['select', 'poll'] },
      { kind: 'held', model: 'poll', workload: 'c10k' },
    ),
    '1k is FD_SETSIZE, of select alone; poll goes on, at a price that grows.',
  ],
  [
    '2002',
    '2002',
    'epoll merged Linux 2.5.44 — O(1) notification, kernel-side FD set',
    ['epoll-merged-2002'],
    {
      kind: 'beside',
      reading: { kind: 'idle-cost', models: ['epoll-lt'] },
      fact: documented('2.5.44, October 2002; stable from 2.6.0', 'epoll(7)'),
    },
    null,
  ],
  [
    '2003',
    '2003',
    'FreeBSD 5.1 — kqueue production-ready',
    ['tl-2003-kqueue'],
    documented('kqueue first appeared in FreeBSD 4.1, July 2000', 'kqueue(2), HISTORY'),
    'three years too late.',
  ],
  [
    '2005',
    '2005',
    'Linux 2.6.17 — epoll edge-triggered (EPOLLET) finalized',
    ['tl-2005-epollet'],
    beside(
      seen('epoll-edge', ['first', 'transports that report an edge:'], ['again', 'again, unread:']),
      '2.6.17 (June 2006) brought EPOLLRDHUP; EPOLLET is as old as epoll in 2.6.0',
      'epoll_ctl(2)',
    ),
    'neither the year nor what came.',
  ],
  [
    '2009',
    '2009',
    'Linux 2.6.32 — io_uring RFC posted by Jens Axboe',
    ['tl-2009-uring-rfc'],
    documented('first posted in January 2019', 'LWN 776703'),
    'ten years too early.',
  ],
  [
    '2013',
    '2013',
    'Linux 3.9 — SO_REUSEPORT for thundering herd-free load balancing',
    ['tl-2013-reuseport', 'reuseport-round-robin'],
    beside(
      several(
        seen(
          'herd',
          ['reuseport', 'listeners with SO_REUSEPORT, woken per connection:'],
          ['level', 'one listener in 8 sets:'],
        ),
        seen(
          'reuseport-distribution',
          ['fewest', 'connections of the listener with the fewest:'],
          ['most', 'with the most:'],
        ),
      ),
      'Linux 3.9',
      'socket(7)',
    ),
    'connections are spread by a hash of the addresses, not in turn.',
  ],
  [
    '2019',
    '2019',
    'Linux 5.1 — io_uring merged, SQ/CQ rings, basic read/write/accept',
    ['tl-2019-uring-accept', 'io-uring-5-1'],
    beside(
      seen('uring-opcodes', ['READV', 'READV:'], ['ACCEPT', 'ACCEPT:'], ['count', 'operations in all:']),
      '5.1 had READV, WRITEV, FSYNC, fixed reads and writes and polls; ACCEPT and CONNECT came with 5.5',
      'io_uring_enter(2)',
    ),
    'accept was not among them: it came with 5.5.',
  ],
  [
    '2020',
    '2020',
    'Linux 5.6 — io_uring supports regular files (not just sockets)',
    ['tl-2020-5-6-files'],
    beside(
      seen('uring-read-kinds', ['regular', 'bytes that READ took of a file:'], ['socket', 'of a socket:']),
      'files first, with 5.1; SENDMSG and RECVMSG 5.3, SEND and RECV 5.6',
      'io_uring_enter(2)',
    ),
    'the other way round: files came first.',
  ],
  [
    '2022',
    '2022',
    'Linux 5.19 — io_uring supports buffered file I/O (page cache)',
    ['tl-2022-5-19-buffered', 'uring-bypass-page-cache'],
    beside(
      seen(
        'uring-buffered',
        ['residentAfter', 'share of a file in the page cache after it was read:'],
        ['readWorkers', 'worker threads that reads brought:'],
      ),
      'buffered since 5.1 by workers, without them since 5.9; 5.19 brought multishot accept and SOCKET',
      'io_uring_enter(2)',
    ),
    'buffered files worked from the start.',
  ],
  [
    '2025',
    '2025',
    'io_uring ops cover most syscall categories; widely used in databases (PolarDB, MySQL, etc.)',
    ['tl-2025-databases'],
    beside(
      seen('uring-opcodes', ['count', 'operations of this kernel:'], ['lastOp', 'the last one has number']),
      'MySQL’s InnoDB uses native AIO; MariaDB (10.6), PostgreSQL (18) and ScyllaDB use io_uring',
      'MySQL manual, innodb-linux-native-aio; MDEV-26674',
    ),
    'MySQL is no example.',
  ],
];

/** "Evolution Timeline". */
export const TIMELINE: GuideTable = {
  id: 'timeline',
  title: 'Evolution timeline',
  guide: [
    { key: 'year', header: 'the guide' },
    { key: 'says', header: '' },
  ],
  here: [{ key: 'here', header: 'sources, and this host' }],
  rows: EVENTS.map(
    ([id, year, says, claims, here, correction]): GuideTableRow => ({
      id,
      claims,
      guide: { year, says },
      here: { here },
      correction,
    }),
  ),
  notes: ['years are answered by sources; what a probe adds is that the thing is here and does as is said.'],
};
