import { pair, ratio, source } from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const TIMELINE: ClaimSection = {
  title: 'Evolution Timeline',
  claims: [
    {
      id: 'tl-1991-select',
      kind: 'historical',
      text: '1991: Linux 0.01 had blocking read/write and “select(2)”',
      truth: 'select arrived in 0.12 (Jan 1992, fs/select.c by Peter MacDonald).',
      source: 'fs/select.c exists in Linux 0.12 trees (header credits Peter MacDonald), not in 0.11 trees',
      assertions: [
        source('blocking read and write in 0.01', 'there', 'there', 'Linux 0.01, fs/read_write.c'),
        source('select', 'Linux 0.01', 'Linux 0.12 (1992)', 'Linux 0.12, fs/select.c'),
      ],
    },
    {
      id: 'tl-1994-poll',
      kind: 'historical',
      text: '“1994”: poll(2) added',
      truth: 'poll() introduced in Linux 2.1.23 (1997); glibc emulated it before.',
      source: 'poll(2) VERSIONS',
      assertions: [source('when', '1994', '1997, Linux 2.1.23', 'poll(2)')],
    },
    {
      id: 'tl-1999-c10k',
      kind: 'historical',
      text: "1999: C10K; select/poll “can't scale past ~1k connections”",
      truth: 'Year right; 1k is FD_SETSIZE, poll went further.',
      source: 'Kegel',
      assertions: [
        source('the year', '1999', '1999', 'Kegel, The C10K problem'),
        source('what ends at about 1,000', 'select and poll', 'select, at FD_SETSIZE', 'select(2), poll(2)'),
        ratio(
          'poll of 10,000 connections: three times the CPU of epoll',
          pair('poll', 'epoll-lt', 'example', 'cpu'),
          { low: 3 },
          { name: 'server CPU per request of poll over epoll', noise: 0.1 },
        ),
      ],
    },
    {
      id: 'tl-2003-kqueue',
      kind: 'historical',
      text: '2003: “FreeBSD 5.1 - kqueue production-ready”',
      truth: 'kqueue first appeared in FreeBSD 4.1 (July 2000).',
      source: 'kqueue(2) HISTORY; Lemon 2001',
      assertions: [
        source('since', 'FreeBSD 5.1, 2003', 'FreeBSD 4.1, 2000', 'kqueue(2); Lemon, Kqueue, 2001'),
      ],
    },
    {
      id: 'tl-2005-epollet',
      kind: 'historical',
      text: '“2005: Linux 2.6.17 - EPOLLET finalized”',
      truth:
        "2.6.17 is June 2006 and added EPOLLRDHUP. EPOLLET shipped with epoll in 2.6.0 (Dec 2003); from memory 2.5.44's epoll was edge-triggered only and LT came before 2.6.0.",
      source: 'epoll_ctl(2): EPOLLRDHUP since 2.6.17, EPOLLONESHOT since 2.6.2, epoll_ctl since 2.6',
      assertions: [
        source('the year of 2.6.17', '2005', '2006', 'kernel.org'),
        source('what it brought', 'EPOLLET', 'EPOLLRDHUP; EPOLLET came with epoll', 'epoll_ctl(2)'),
      ],
    },
    {
      id: 'tl-2009-uring-rfc',
      kind: 'historical',
      text: '“2009: Linux 2.6.32 - io_uring RFC posted by Jens Axboe”',
      truth: 'First posted January 2019 (after polled-aio patches in late 2018), merged in 5.1.',
      source: 'LWN 810414 / 776703',
      assertions: [source('first posted', '2009, Linux 2.6.32', 'January 2019', 'LWN 776703')],
    },
    {
      id: 'tl-2013-reuseport',
      kind: 'historical',
      text: '2013: Linux 3.9 SO_REUSEPORT',
      truth: 'April 2013.',
      source: 'socket(7)',
      assertions: [source('since', 'Linux 3.9, 2013', 'Linux 3.9, 2013', 'socket(7)')],
    },
    {
      id: 'tl-2019-uring-accept',
      kind: 'historical',
      text: '2019: 5.1 “basic read/write/accept”',
      truth:
        'ACCEPT (and CONNECT) came in 5.5 (Jan 2020). 5.1 had NOP, READV, WRITEV, FSYNC, READ_FIXED, WRITE_FIXED, POLL_ADD, POLL_REMOVE.',
      source: 'io_uring_enter(2); LWN 810414',
      assertions: [
        source('read and write in 5.1', 'there', 'there', 'io_uring_enter(2)'),
        source('accept', 'Linux 5.1', 'Linux 5.5', 'io_uring_enter(2)'),
      ],
    },
    {
      id: 'tl-2020-5-6-files',
      kind: 'historical',
      text: '2020: 5.6 “supports regular files (not just sockets)”',
      truth:
        'Backwards: files first (5.1); SENDMSG/RECVMSG 5.3, SEND/RECV/OPENAT/CLOSE/STATX/READ/WRITE in 5.6.',
      source: 'io_uring_enter(2)',
      assertions: [
        source(
          'regular files',
          'Linux 5.6, after sockets',
          'Linux 5.1, before sockets',
          'io_uring_enter(2); LWN 810414',
        ),
      ],
    },
    {
      id: 'tl-2022-5-19-buffered',
      kind: 'historical',
      text: '2022: 5.19 “supports buffered file I/O (page cache)”',
      truth:
        'Buffered I/O since 5.1 (via workers), async buffered reads 5.9, XFS async buffered writes 6.0. 5.19 brought multishot accept, SOCKET, URING_CMD, CQE32.',
      source: 'LWN 810414; commits 1a0a7853b901 and 390ed29b5e42',
      assertions: [
        source(
          'buffered file I/O',
          'Linux 5.19',
          'Linux 5.1 by workers, 5.9 without',
          'LWN 810414; commit 1a0a7853b901, mm: support async buffered reads',
        ),
      ],
    },
    {
      id: 'tl-2025-databases',
      kind: 'historical',
      text: '2025: io_uring “widely used in databases (PolarDB, MySQL, etc.)”',
      truth:
        'MySQL InnoDB still uses libaio native AIO. MariaDB (10.6+), RocksDB and PostgreSQL 18 (by io_method, not by default) can use io_uring; ScyllaDB stays with native AIO by default.',
      source:
        'dev.mysql.com innodb-linux-native-aio; MDEV-26674; postgresql.org io_method; scylladb pull request 22695',
      assertions: [
        source('MySQL', 'uses io_uring', 'libaio', 'dev.mysql.com, innodb-linux-native-aio'),
        source(
          'MariaDB, RocksDB, PostgreSQL 18',
          'can use io_uring',
          'can use io_uring',
          'MDEV-26674; RocksDB wiki, Asynchronous IO; PostgreSQL 18, io_method',
        ),
      ],
    },
  ],
};
