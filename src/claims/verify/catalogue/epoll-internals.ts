import {
  behaviour,
  costsOver,
  equals,
  fact,
  given,
  growth,
  NO,
  probe,
  source,
  sweep,
  YES,
} from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const EPOLL_INTERNALS: ClaimSection = {
  title: 'How epoll Works Internally',
  claims: [
    {
      id: 'epoll-anon-inode',
      kind: 'behaviour',
      text: 'epoll_create1 “allocates an eventpoll object and creates an anonymous inode with an associated file”',
      truth:
        'A struct eventpoll and a struct file are created; the anonymous inode is one shared singleton for all anon fds.',
      source: 'fs/eventpoll.c do_epoll_create(): anon_inode_getfile("[eventpoll]")',
      assertions: [
        source(
          'an eventpoll object and a file',
          'both are made',
          'both are made',
          'fs/eventpoll.c, do_epoll_create()',
        ),
        behaviour('an inode of its own', probe('epoll-anon-inode', 'epollsEqual'), NO),
      ],
    },
    {
      id: 'epoll-fork-share',
      kind: 'behaviour',
      text: "“epoll FDs can't be shared across fork()”",
      truth:
        'They are inherited and fully shared (same open file description); the child can wait and add. That is the actual footgun. They can also be passed with SCM_RIGHTS. EPOLL_CLOEXEC only acts at execve.',
      source: 'fs/eventpoll.c; epoll(7)',
      assertions: [
        behaviour('a child gets none of the events', probe('epoll-fork', 'childSaw'), NO),
        behaviour(
          'the parent sees nothing that a child added',
          probe('epoll-fork', 'parentSawChildWatch'),
          NO,
        ),
      ],
    },
    {
      id: 'epoll-rbtree-key',
      kind: 'behaviour',
      text: 'epitems sit in a red-black tree “keyed by (fd, global sequence)”',
      truth:
        'Key is (struct file *, fd): ep_cmp_ffd(). Hence a dup or a reused fd number can be added next to a stale entry.',
      source: 'fs/eventpoll.c ep_cmp_ffd/struct epoll_filefd',
      assertions: [
        source('the key', 'FD and a global sequence', 'struct file and FD', 'fs/eventpoll.c, ep_cmp_ffd()'),
        behaviour('one entry for each FD number', probe('epoll-key', 'watchesOfNumber'), equals(1)),
      ],
    },
    {
      id: 'epoll-ctl-olog-n',
      kind: 'measured',
      text: 'RB tree “enables O(log n) insert/delete”',
      truth: 'Tree is O(log n); wall cost is dominated by allocation and vfs_poll.',
      source: 'fs/eventpoll.c ep_rbtree_insert',
      assertions: [
        growth(
          'insert',
          costsOver((n) => `epoll-add-${n}`, [1000, 18_000]),
          'O(log N)',
        ),
        growth(
          'delete',
          costsOver((n) => `epoll-del-${n}`, [1000, 18_000]),
          'O(log N)',
        ),
      ],
    },
    {
      id: 'epoll-internal-names',
      kind: 'static-fact',
      text: 'Names: eventpoll_wait(), eventpoll_poll(), ep_item_ready(epi), SK_DATA_READY',
      truth:
        'None exist. Real: do_epoll_wait/ep_poll, vfs_poll via ep_item_poll (ep_eventpoll_poll only for nested), ep_is_linked, sk->sk_data_ready = sock_def_readable.',
      source: 'fs/eventpoll.c; net/core/sock.c; /proc/kallsyms',
      assertions: [
        fact(
          'eventpoll_wait and eventpoll_poll',
          probe('kernel-names', ['eventpollWait', 'eventpollPoll']),
          equals([true, true]),
          { given: [given(probe('kernel-names', 'epPollCallback'), YES)] },
        ),
        fact('ep_item_ready', probe('kernel-names', 'epItemReady'), YES, {
          given: [given(probe('kernel-names', 'epPollCallback'), YES)],
        }),
        fact('SK_DATA_READY', probe('kernel-names', 'skDataReady'), YES, {
          given: [given(probe('kernel-names', 'epPollCallback'), YES)],
        }),
      ],
    },
    {
      id: 'epoll-callback-order',
      kind: 'static-fact',
      text: 'ep_poll_callback: already on ready list -> skip; else list_add_tail(rdllist); wake ep->wq',
      truth:
        'Mostly right, but the wake-up of ep->wq happens whether or not the item was already linked, and items go to ovflist while a transfer is running.',
      source: 'fs/eventpoll.c ep_poll_callback',
      assertions: [
        behaviour('arrivals before a wait make one event', probe('epoll-edge', 'coalesced'), equals(1)),
        source(
          'one that is on no list',
          'goes to the end of the ready list',
          'goes to the end of the ready list',
          'fs/eventpoll.c, ep_poll_callback()',
        ),
        source(
          'one that is on the list already',
          'nothing more happens',
          'waiters are woken all the same',
          'fs/eventpoll.c, ep_poll_callback()',
        ),
      ],
    },
    {
      id: 'epoll-add-initial-state',
      kind: 'behaviour',
      text: 'epoll_ctl(ADD) polls the file at once to see if the FD is already ready',
      truth: 'ep_insert() calls ep_item_poll(); a ready fd is queued immediately, also for ET and for MOD.',
      source: 'fs/eventpoll.c ep_insert/ep_modify',
      assertions: [
        behaviour('ADD, level-triggered', probe('epoll-add-ready', 'addLevel'), equals(1)),
        behaviour('ADD, edge-triggered', probe('epoll-add-ready', 'addEdge'), equals(1)),
      ],
    },
    {
      id: 'epoll-o-ready',
      kind: 'measured',
      text: 'epoll_wait cost is O(ready FDs), not O(registered)',
      truth: 'Independent of registered count.',
      source: 'measured on other hosts',
      assertions: [
        growth(
          'the call, one ready of 1 to 18,000',
          costsOver((n) => `epoll-wait-1-of-${n}`, [1, 1000, 18_000]),
          'O(1)',
        ),
        growth('a request, with idle connections beside it', sweep('epoll-lt'), 'O(1)'),
      ],
    },
  ],
};
