import type { Reading } from './reading.ts';
import { beside, documented, type GuideTable, type GuideTableRow, seen, several } from './table.ts';

const FILTERS: readonly (readonly [
  filter: string,
  watches: string,
  returns: string,
  value: string,
  correction: string | null,
  claims: readonly string[],
])[] = [
  ['EVFILT_READ', 'FD readable', 'data available / connection arrived / EOF', 'filterRead', null, []],
  ['EVFILT_WRITE', 'FD writable', 'buffer space available / connection established', 'filterWrite', null, []],
  [
    'EVFILT_VNODE',
    'file state changes',
    'read, write, rename, delete, chmod',
    'filterVnode',
    'NOTE_READ is of FreeBSD 11 and NetBSD alone; the others are everywhere (kqueue(2)).',
    ['kqueue-evfilt-vnode'],
  ],
  ['EVFILT_PROC', 'process events', 'fork, exec, exit, signal', 'filterProc', null, []],
  ['EVFILT_SIGNAL', 'signal delivery', 'signal is delivered to process', 'filterSignal', null, []],
  ['EVFILT_TIMER', 'interval timers', 'timeout elapsed (oneshot or repeating)', 'filterTimer', null, []],
];

/** "kqueue Filter Flags": what libkqueue, which is what Linux has of it, can be asked here. */
export const KQUEUE_FILTERS: GuideTable = {
  id: 'kqueue-filters',
  title: 'kqueue filter flags',
  guide: [
    { key: 'filter', header: 'the guide' },
    { key: 'watches', header: '' },
    { key: 'returns', header: '' },
  ],
  here: [{ key: 'here', header: 'libkqueue on this host' }],
  rows: FILTERS.map(
    ([filter, watches, returns, value, correction, claims]): GuideTableRow => ({
      id: filter,
      claims,
      guide: { filter, watches, returns },
      here: { here: seen('kqueue', [value, 'EV_ADD and an event:']) },
      correction,
    }),
  ),
  notes: [
    'Linux has no kqueue(2): libkqueue is a library over epoll and other descriptors. ok: added, and its event came.',
  ],
};

const EPOLL_KINDS = seen(
  'epoll-fd-kinds',
  ...([
    ['tcp', 'TCP:'],
    ['pipe', 'pipe:'],
    ['eventfd', 'eventfd:'],
    ['timerfd', 'timerfd:'],
    ['epoll', 'epoll:'],
    ['inotify', 'inotify:'],
    ['signalfd', 'signalfd:'],
    ['pidfd', 'pidfd:'],
    ['tty', 'tty:'],
    ['regularFile', 'regular file:'],
    ['directory', 'directory:'],
    ['devNull', '/dev/null:'],
  ] as const),
);

const KQUEUE_HERE: Reading = seen('kqueue', ['epollCalls', 'epoll calls that it made:']);

/** "epoll vs kqueue Comparison". */
export const EPOLL_KQUEUE: GuideTable = {
  id: 'epoll-kqueue',
  title: 'epoll vs kqueue',
  guide: [
    { key: 'aspect', header: 'aspect' },
    { key: 'epollSays', header: 'the guide:\nepoll' },
    { key: 'kqueueSays', header: 'the guide:\nkqueue' },
  ],
  here: [
    { key: 'epoll', header: 'epoll, this host' },
    { key: 'kqueue', header: 'libkqueue, this host' },
  ],
  rows: [
    {
      id: 'availability',
      claims: ['kqueue-title-linux', 'kqueue-solaris'],
      guide: {
        aspect: 'Availability',
        epollSays: 'Linux only',
        kqueueSays: 'macOS, FreeBSD, OpenBSD, Solaris',
      },
      here: {
        epoll: documented('Linux since 2.5.44', 'epoll(7)', ['epoll-lt']),
        kqueue: beside(
          seen('uapi-header', ['hasKqueue', 'a system call of that name:']),
          'FreeBSD, NetBSD, OpenBSD, DragonFly, macOS',
          'kqueue(2)',
        ),
      },
      correction: 'Solaris has event ports (port_create(3C)) and no kqueue; NetBSD and DragonFly have it.',
    },
    {
      id: 'syscalls',
      claims: ['kqueue-syscall-count', 'epoll-three-syscalls'],
      guide: {
        aspect: 'Syscall count',
        epollSays: '3 (create + ctl + wait)',
        kqueueSays: '2 (kqueue + kevent for both)',
      },
      here: {
        epoll: seen('epoll-calls', ['distinct', 'different calls made:'], ['calls', '']),
        kqueue: beside(
          KQUEUE_HERE,
          'one kevent() changes many and waits; libkqueue turns each change into calls',
          'kqueue(2)',
        ),
      },
      correction: 'of the interfaces; what counts at run time is that epoll takes a call for each change.',
    },
    {
      id: 'edge',
      claims: ['et-fires-once'],
      guide: { aspect: 'Edge-triggered', epollSays: 'EPOLLET flag', kqueueSays: 'EV_CLEAR flag' },
      here: {
        epoll: seen('epoll-edge', ['again', 'transports that report again, unread:']),
        kqueue: seen('kqueue', ['clear', 'EV_CLEAR, events of two waits, unread:']),
      },
      correction: null,
    },
    {
      id: 'oneshot',
      claims: ['epoll-oneshot-remove'],
      guide: { aspect: 'Oneshot', epollSays: 'EPOLLONESHOT', kqueueSays: 'EV_ONESHOT' },
      here: {
        epoll: seen(
          'epoll-oneshot',
          ['first', 'first:', 'event'],
          ['newData', 'new data while disabled:', 'events'],
          ['addAgain', 'EPOLL_CTL_ADD again:'],
          ['afterMod', 'after MOD:', 'event'],
        ),
        kqueue: seen('kqueue', ['oneshot', 'EV_ONESHOT, events:']),
      },
      correction:
        'not the same: EV_ONESHOT deletes the event, EPOLLONESHOT leaves it registered and disabled.',
    },
    {
      id: 'delete',
      claims: ['kqueue-evdisable-delete', 'kqueue-sample-close-delete'],
      guide: {
        aspect: 'Wakeup on delete',
        epollSays: 'No (removed silently)',
        kqueueSays: 'EV_DISABLE (or clear filter)',
      },
      here: {
        epoll: seen(
          'epoll-key',
          ['closedWithDup', 'closed while a duplicate is open:', 'event'],
          ['closedLast', 'closed for good:', 'events'],
        ),
        kqueue: seen(
          'kqueue',
          ['closeThenDelete', 'EV_DELETE after close:'],
          ['reusedWithoutDelete', 'a reused number without EV_DELETE:'],
        ),
      },
      correction:
        'EV_DISABLE disables and EV_DELETE deletes; neither wakes whoever waits. epoll forgets a file when its last descriptor is closed, not before.',
    },
    {
      id: 'per-fd-data',
      claims: ['kqueue-ident-voidptr'],
      guide: {
        aspect: 'Per-FD data',
        epollSays: 'epoll_data union (fd/ptr/u32/u64)',
        kqueueSays: 'ident field (void*)',
      },
      here: {
        epoll: seen('epoll-errors', ['eventBytes', 'struct epoll_event:', 'bytes']),
        kqueue: documented(
          'ident is the descriptor (uintptr_t); the pointer of the user is udata (void *)',
          'kqueue(2)',
        ),
      },
      correction: 'it is udata, not ident.',
    },
    {
      id: 'fd-types',
      claims: ['epoll-fd-types', 'kqueue-all-of-the-above'],
      guide: {
        aspect: 'FD types',
        epollSays: 'Sockets, pipes, eventfd, timerfd, epoll, inotify',
        kqueueSays: 'All of the above + vnodes, processes, signals, timers',
      },
      here: {
        epoll: EPOLL_KINDS,
        kqueue: seen(
          'kqueue',
          ['filterVnode', 'vnodes:'],
          ['filterProc', 'processes:'],
          ['filterSignal', 'signals:'],
          ['filterTimer', 'timers:'],
          ['filterUser', 'user events:'],
        ),
      },
      correction:
        'eventfd, timerfd, inotify and epoll are of Linux: macOS has none of them. With pidfd and signalfd epoll watches processes and signals as well.',
    },
    {
      id: 'emulation',
      claims: ['libkqueue-wraps-epoll'],
      guide: { aspect: 'Linux emulation', epollSays: '—', kqueueSays: 'libkqueue wraps epoll' },
      here: {
        epoll: documented('it is the kernel’s own', 'epoll(7)'),
        kqueue: several(KQUEUE_HERE, { kind: 'ratio', of: ['kqueue'], base: 'epoll-lt' }),
      },
      correction: null,
    },
  ],
};
