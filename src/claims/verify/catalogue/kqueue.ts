import { atLeast, behaviour, equals, fact, probe, source, YES } from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const KQUEUE: ClaimSection = {
  title: '3b. kqueue',
  claims: [
    {
      id: 'kqueue-title-linux',
      kind: 'static-fact',
      text: 'Heading “kqueue(2) - Linux and macOS/BSD” vs “Linux does not have kqueue natively”',
      truth: 'No kqueue syscall on Linux.',
      source: 'the guide itself; the system call table of Linux',
      assertions: [fact('a system call of Linux', probe('uapi-header', 'hasKqueue'), YES)],
    },
    {
      id: 'kqueue-solaris',
      kind: 'historical',
      text: 'kqueue available on “macOS, FreeBSD, OpenBSD, Solaris”',
      truth:
        'Solaris/illumos has event ports (port_create), not kqueue; NetBSD and DragonFly are missing from the list.',
      source: 'kqueue(2); port_create(3C)',
      assertions: [
        source('macOS, FreeBSD, OpenBSD', 'kqueue', 'kqueue', 'kqueue(2)'),
        source('Solaris', 'kqueue', 'event ports (port_create)', 'port_create(3C)'),
      ],
    },
    {
      id: 'kqueue-syscall-count',
      kind: 'static-fact',
      text: 'Syscalls: epoll “3”, kqueue “2 (kqueue + kevent for both)”',
      truth: 'As API counts; a kevent call can batch changes and wait, epoll needs one epoll_ctl per change.',
      source: 'kqueue(2)',
      assertions: [
        behaviour('epoll: three', probe('epoll-calls', 'distinct'), equals(3)),
        source('kqueue: two', 'kqueue and kevent', 'kqueue and kevent', 'kqueue(2)'),
      ],
    },
    {
      id: 'kqueue-ident-voidptr',
      kind: 'static-fact',
      text: 'Per-FD data: kqueue “ident field (void*)”',
      truth: 'ident is the identifier (uintptr_t, the fd); the user pointer is udata (void *).',
      source: 'kqueue(2) struct kevent',
      assertions: [
        source(
          'what holds the user pointer',
          'ident (void *)',
          'udata (void *); ident is a uintptr_t',
          'kqueue(2)',
        ),
      ],
    },
    {
      id: 'kqueue-evdisable-delete',
      kind: 'static-fact',
      text: 'Wakeup on delete: epoll “No (removed silently)”, kqueue “EV_DISABLE (or clear filter)”',
      truth:
        'EV_DISABLE disables, EV_DELETE deletes; neither wakes waiters; both systems drop closed fds automatically (epoll only when the last reference to the file closes).',
      source: 'kqueue(2); epoll(7) Q6',
      assertions: [
        behaviour('epoll: a closed FD goes silently', probe('epoll-key', 'closedLast'), equals(0)),
        behaviour('epoll: also where a duplicate is open', probe('epoll-key', 'closedWithDup'), equals(0)),
        source(
          'kqueue: what deletes',
          'EV_DISABLE',
          'EV_DELETE, or close(); neither wakes a waiter',
          'kqueue(2)',
        ),
      ],
    },
    {
      id: 'kqueue-all-of-the-above',
      kind: 'static-fact',
      text: 'kqueue FD types: “All of the above [eventfd, timerfd, inotify, epoll] + vnodes, processes, signals, timers”',
      truth:
        'eventfd/timerfd/inotify/epoll fds are Linux objects (FreeBSD has eventfd 13+, timerfd 14+; macOS none).',
      source: 'eventfd(2), timerfd(2) FreeBSD man pages',
      assertions: [
        source('vnodes, processes, signals, timers', 'kqueue has them', 'kqueue has them', 'kqueue(2)'),
        source(
          'eventfd, timerfd, inotify, epoll',
          'kqueue has them',
          'they are objects of Linux; FreeBSD has eventfd since 13 and timerfd since 14',
          'kqueue(2); FreeBSD eventfd(2), timerfd(2)',
        ),
      ],
    },
    {
      id: 'epoll-fd-types',
      kind: 'behaviour',
      text: 'epoll FD types: sockets, pipes, eventfd, timerfd, epoll, inotify',
      truth:
        'Also signalfd, pidfd, ttys, fanotify, /proc/mounts; not regular files, directories, /dev/null, /dev/zero.',
      source: 'fs/eventpoll.c file_can_poll()',
      assertions: [
        behaviour(
          'sockets and pipes',
          probe('epoll-fd-kinds', ['tcp', 'udp', 'unix', 'pipe']),
          equals(['ok', 'ok', 'ok', 'ok']),
        ),
        behaviour(
          'eventfd, timerfd, inotify and epoll',
          probe('epoll-fd-kinds', ['eventfd', 'timerfd', 'inotify', 'epoll']),
          equals(['ok', 'ok', 'ok', 'ok']),
        ),
        behaviour(
          'events of eventfd, timerfd and inotify come',
          probe('epoll-special-fds', ['eventfd', 'timerfd', 'inotify']),
          equals([1, 1, 1]),
        ),
      ],
    },
    {
      id: 'kqueue-evfilt-vnode',
      kind: 'static-fact',
      text: 'EVFILT_VNODE returns on “read, write, rename, delete, chmod”',
      truth:
        'NOTE_WRITE/RENAME/DELETE/ATTRIB everywhere; NOTE_READ is FreeBSD 11+/NetBSD, not macOS (it has NOTE_FUNLOCK etc.).',
      source: 'kqueue(2) per OS',
      assertions: [
        source(
          'write, rename, delete, chmod',
          'reported everywhere',
          'reported everywhere',
          'kqueue(2): NOTE_WRITE, NOTE_RENAME, NOTE_DELETE, NOTE_ATTRIB',
        ),
        source(
          'read',
          'reported everywhere',
          'by FreeBSD from 11 and NetBSD, not by macOS',
          'kqueue(2): NOTE_READ',
        ),
      ],
    },
    {
      id: 'kqueue-sample-close-delete',
      kind: 'static-fact',
      text: 'kqueue sample: close(fd) and then EV_DELETE on it; changelist passed on every loop',
      truth:
        'On BSD close() already removes the knote, so EV_DELETE after it fails with EBADF/ENOENT. With libkqueue the order matters the other way: without EV_DELETE before close, adding a reused descriptor fails with EAGAIN (3 of 3). The sample also re-registers listen_fd on every turn and reads but never echoes.',
      source: 'kqueue(2): “close() removes any kevents”',
      assertions: [
        behaviour(
          'libkqueue: EV_DELETE after close succeeds',
          probe('kqueue', 'closeThenDelete'),
          equals('ok'),
        ),
        source('BSD: EV_DELETE after close', 'succeeds', 'fails, for close() removed it', 'kqueue(2)'),
      ],
    },
    {
      id: 'libkqueue-wraps-epoll',
      kind: 'historical',
      text: 'libkqueue “wraps epoll under the hood”',
      truth: 'Linux back-end uses epoll (plus timerfd, signalfd, inotify, pidfd).',
      source: 'libkqueue, its Linux platform',
      assertions: [behaviour('its calls here', probe('kqueue', 'epollCalls'), atLeast(1))],
    },
  ],
};
