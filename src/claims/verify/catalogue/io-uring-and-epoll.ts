import {
  atLeast,
  atMost,
  behaviour,
  cell,
  cost,
  count,
  equals,
  fact,
  given,
  growth,
  oneOf,
  over,
  pair,
  probe,
  ratio,
  source,
  sweep,
} from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const IO_URING_AND_EPOLL: ClaimSection = {
  title: 'io_uring vs epoll table',
  claims: [
    {
      id: 'multishot-accept-table',
      kind: 'behaviour',
      text: 'Multi-shot accept: select No, epoll No, io_uring “Yes”',
      truth: 'Since 5.19.',
      source: 'io_uring_prep_multishot_accept(3)',
      assertions: [
        behaviour('io_uring: one request accepts five', probe('multishot-accept', 'multishot'), equals(5)),
        source('select and epoll', 'a call for each connection', 'a call for each connection', 'accept(2)'),
      ],
    },
    {
      id: 'table-ready-notification',
      kind: 'measured',
      text: 'Ready-FD notification O(N) / O(1) amortized / O(1) amortized',
      truth:
        'select and poll walk all descriptors; epoll does not, and idle requests of io_uring cost nothing per enter.',
      source: 'measured on other hosts',
      assertions: [
        growth('select and poll: O(N), by poll', sweep('poll'), 'O(N)'),
        growth('epoll: O(1)', sweep('epoll-lt'), 'O(1)'),
        growth('io_uring: O(1)', sweep('io_uring'), 'O(1)'),
      ],
    },
    {
      id: 'table-fdset-location',
      kind: 'static-fact',
      text: 'FD set: copied each call / kernel internal / kernel internal',
      truth: 'io_uring has no FD set; it has outstanding requests.',
      source: 'select(2), epoll(7), io_uring(7)',
      assertions: [
        fact('select: copied by each call', probe('select-sets', 'bytes1000'), equals(128)),
        source('epoll: in the kernel', 'in the kernel', 'in the kernel', 'epoll(7)'),
        source(
          'io_uring: in the kernel',
          'in the kernel',
          'it has none: each request names its FD',
          'io_uring(7)',
        ),
      ],
    },
    {
      id: 'table-syscalls-iteration',
      kind: 'static-fact',
      text: 'Syscalls per iteration: select/poll “1”, epoll “1+ (epoll_wait + read/write)”',
      truth:
        'select/poll also need read/write per fd, as the earlier table says; the cell is not comparable.',
      source: 'the guide itself',
      assertions: [
        count(
          'poll: one',
          cell('poll', 'one', 'calls'),
          { low: 0.5, high: 1.2 },
          { name: 'system calls per request', unit: 'calls/request' },
        ),
        count(
          'epoll: more than one',
          cell('epoll-lt', 'one', 'calls'),
          { low: 1.8, high: 4 },
          { name: 'system calls per request', unit: 'calls/request' },
        ),
      ],
    },
    {
      id: 'table-perop-blocking',
      kind: 'static-fact',
      text: 'Per-operation overhead: select/poll and epoll “blocking read/write”',
      truth: 'They are used with non-blocking reads/writes.',
      source: 'the guide, section 2/3',
      assertions: [
        source(
          'reads and writes beside select, poll and epoll',
          'blocking',
          'non-blocking',
          'sections 2 and 3 of the guide itself',
        ),
      ],
    },
    {
      id: 'table-fixed-buffers',
      kind: 'static-fact',
      text: 'Fixed buffers: No / No / Yes (registered)',
      truth: 'They are registered once, and reads and writes name them by index.',
      source: 'io_uring_register(2)',
      assertions: [
        behaviour('io_uring registers them', probe('registered-files', 'buffers'), equals(0)),
        behaviour('and reads into one', probe('registered-files', 'fixedBufferRead'), atLeast(1)),
      ],
    },
    {
      id: 'table-kernel-polling',
      kind: 'static-fact',
      text: 'Kernel polling: select/poll No, epoll “No”, io_uring Yes (SQPOLL)',
      truth:
        'NAPI busy polling exists for sockets, poll/select (net.core.busy_poll) and epoll (4.12; EPIOCSPARAMS 6.9); it is a different mechanism from SQPOLL.',
      source: 'uapi eventpoll.h EPIOCSPARAMS',
      assertions: [
        behaviour(
          'epoll: none that can be set',
          probe('epoll-busy-poll', 'ioctl'),
          oneOf('ENOTTY', 'EINVAL'),
          { requires: [{ kernel: '6.9' }] },
        ),
        source(
          'epoll: none',
          'none',
          'of sockets since Linux 4.12, by net.core.busy_poll',
          'commit bf3b9f6372c4, epoll: Add busy poll support to epoll with socket fds',
        ),
        behaviour('io_uring: yes, by SQPOLL', probe('sqpoll-calls', 'threads'), atLeast(1)),
      ],
    },
    {
      id: 'epoll-regular-file',
      kind: 'behaviour',
      text: 'Works on regular files: epoll “Yes (always ready)”',
      truth: 'epoll_ctl ADD fails with EPERM (no f_op->poll).',
      source: 'epoll_ctl(2) EPERM; fs/eventpoll.c file_can_poll',
      assertions: [behaviour('a regular file', probe('epoll-fd-kinds', 'regularFile'), equals('ok'))],
    },
    {
      id: 'select-regular-file',
      kind: 'behaviour',
      text: 'Works on regular files: select/poll “Yes (always async-ready)”',
      truth: 'Always reported ready, even at EOF; nothing asynchronous: the read still blocks on disk.',
      source: 'poll(2)',
      assertions: [
        behaviour(
          'always ready, at its end too',
          probe('file-readiness', ['pollFile', 'pollAtEof', 'selectFile', 'selectAtEof']),
          equals([true, true, true, true]),
        ),
        ratio(
          'asynchronous: a read from the disk takes no longer',
          over(probe('file-readiness', 'coldReadUs'), probe('file-readiness', 'cachedReadUs')),
          { low: 0.2, high: 1.5 },
          { name: 'a read from the disk over one from the page cache', noise: 0.2 },
        ),
      ],
    },
    {
      id: 'uring-regular-file-5-19',
      kind: 'historical',
      text: 'io_uring works on regular files “Yes (Linux 5.19+)”',
      truth:
        'Since 5.1, where files were the main target (READV/WRITEV/FSYNC). The guide also says 5.6 in the timeline.',
      source: 'LWN 810414 list of 5.1 opcodes; io_uring_enter(2)',
      assertions: [source('since', 'Linux 5.19', 'Linux 5.1', 'LWN 810414; io_uring_enter(2)')],
    },
    {
      id: 'table-min-kernel',
      kind: 'historical',
      text: 'Min kernel: any / 2.5.44 (2002) / 5.1 (2019)',
      truth: 'poll is 2.1.23, select 0.12: not “any”; stable epoll is 2.6.0.',
      source: 'poll(2) VERSIONS: introduced in Linux 2.1.23',
      assertions: [
        source('select and poll', 'any', 'select 0.12, poll 2.1.23', 'Linux 0.12, fs/select.c; poll(2)'),
        source('epoll', '2.5.44 (2002)', '2.5.44 (2002)', 'epoll(7)'),
        source('io_uring', '5.1 (2019)', '5.1 (2019)', 'LWN 810414'),
      ],
    },
    {
      id: 'micro-2-5x',
      kind: 'measured',
      text: 'With 1M small ops/s io_uring shows “2-5x” over epoll',
      truth: 'Only where entering the kernel dominates; the guide has three other numbers.',
      source: 'measured on other hosts',
      assertions: [
        ratio(
          '64 ready connections at a time',
          over(cost('echo-epoll-64'), cost('echo-uring-64')),
          { low: 2, high: 5 },
          { name: 'epoll over io_uring, without a network', noise: 0.05 },
        ),
        ratio(
          '200 connections over loopback',
          pair('epoll-lt', 'io_uring', 'many', 'cpu'),
          { low: 2, high: 5 },
          { name: 'server CPU per request of epoll over io_uring', noise: 0.05 },
        ),
      ],
    },
    {
      id: 'uring-bypass-page-cache',
      kind: 'behaviour',
      text: "io_uring's advantage: “disk I/O (bypassing page cache)”",
      truth: 'io_uring does not bypass the page cache; O_DIRECT does, with any interface.',
      source: 'open(2) O_DIRECT',
      assertions: [
        behaviour(
          'a read leaves no page of the file in the page cache',
          probe('uring-buffered', 'residentAfter'),
          atMost(0),
          { given: [given(probe('uring-buffered', 'residentBefore'), atMost(0.01))] },
        ),
        ratio(
          'a second read of the same takes as long',
          over(probe('uring-buffered', 'secondUs'), probe('uring-buffered', 'coldUs')),
          { low: 0.6, high: 2 },
          { name: 'the second read over the first', noise: 0.2 },
        ),
      ],
    },
  ],
};
