import { AIO } from './catalogue/aio.ts';
import { AT_A_GLANCE } from './catalogue/at-a-glance.ts';
import { BLOCKING } from './catalogue/blocking.ts';
import { CALL_FREQUENCY } from './catalogue/call-frequency.ts';
import { EPOLL } from './catalogue/epoll.ts';
import { EPOLL_INTERNALS } from './catalogue/epoll-internals.ts';
import { EPOLL_ONESHOT } from './catalogue/epoll-oneshot.ts';
import { FAQ } from './catalogue/faq.ts';
import { INTRO } from './catalogue/intro.ts';
import { IO_URING } from './catalogue/io-uring.ts';
import { IO_URING_AND_EPOLL } from './catalogue/io-uring-and-epoll.ts';
import { KEY_NUMBERS } from './catalogue/key-numbers.ts';
import { KQUEUE } from './catalogue/kqueue.ts';
import { LEVEL_AND_EDGE } from './catalogue/level-and-edge.ts';
import { LIBURING } from './catalogue/liburing.ts';
import { LINKED } from './catalogue/linked.ts';
import { MULTISHOT_ACCEPT } from './catalogue/multishot-accept.ts';
import { OPERATIONS } from './catalogue/operations.ts';
import { READY_LIST } from './catalogue/ready-list.ts';
import { REGISTERED } from './catalogue/registered.ts';
import { SELECT_AND_POLL } from './catalogue/select-and-poll.ts';
import { SIGIO } from './catalogue/sigio.ts';
import { SQPOLL } from './catalogue/sqpoll.ts';
import { SYSCALL_OVERHEAD } from './catalogue/syscall-overhead.ts';
import { THUNDERING_HERD } from './catalogue/thundering-herd.ts';
import { TIMELINE } from './catalogue/timeline.ts';
import { TRADEOFFS } from './catalogue/tradeoffs.ts';
import { WHEN_LEVEL_WHEN_EDGE } from './catalogue/when-level-when-edge.ts';
import type { Claim, ClaimSection } from './claim.ts';

/** Every claim of the guide that can be checked, in the order of its sections. */
export const SECTIONS: readonly ClaimSection[] = [
  INTRO,
  AT_A_GLANCE,
  KEY_NUMBERS,
  SYSCALL_OVERHEAD,
  CALL_FREQUENCY,
  EPOLL_INTERNALS,
  READY_LIST,
  LEVEL_AND_EDGE,
  WHEN_LEVEL_WHEN_EDGE,
  BLOCKING,
  SELECT_AND_POLL,
  EPOLL,
  EPOLL_ONESHOT,
  THUNDERING_HERD,
  KQUEUE,
  SIGIO,
  AIO,
  IO_URING,
  LIBURING,
  REGISTERED,
  SQPOLL,
  OPERATIONS,
  LINKED,
  MULTISHOT_ACCEPT,
  IO_URING_AND_EPOLL,
  TRADEOFFS,
  TIMELINE,
  FAQ,
];

export const CLAIMS: readonly Claim[] = SECTIONS.flatMap(({ claims }) => claims);
