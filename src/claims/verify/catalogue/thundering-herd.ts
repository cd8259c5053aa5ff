import { atLeast, behaviour, count, probe, source } from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const THUNDERING_HERD: ClaimSection = {
  title: '3. Thundering Herd and SO_REUSEPORT',
  claims: [
    {
      id: 'accept-wake-one-2-6',
      kind: 'historical',
      text: '“Linux 2.6 fixed this kernel-side” (accept thundering herd); FAQ: “Before Linux 2.6”',
      truth: 'Wake-one exclusive waits for accept came in the 2.3 series, i.e. Linux 2.4 (2001).',
      source: 'Molloy & Lever, Accept() scalability on Linux (USENIX 2000): herd in 2.2.9',
      assertions: [
        source(
          'the kernel that fixed it',
          'Linux 2.6',
          'Linux 2.4 (2.3 series)',
          'Linux 2.4, net/ipv4/tcp.c; Molloy and Lever, Accept() scalability on Linux, 2000',
        ),
        count(
          'one of eight blocked workers is woken for a connection',
          probe('herd', 'accept'),
          { low: 0.5, high: 1.3 },
          { name: 'workers that are woken for each connection', unit: 'workers', noise: 0.1 },
        ),
      ],
    },
    {
      id: 'epoll-et-herd',
      kind: 'behaviour',
      text: 'Herd “reappears with epoll ET mode” when one listener is in several epoll instances',
      truth:
        'Happens equally in LT mode; the cause is non-exclusive wait entries, not ET. EPOLLEXCLUSIVE (4.5) fixes it.',
      source: 'fs/eventpoll.c ep_ptable_queue_proc; epoll_ctl(2) EPOLLEXCLUSIVE',
      assertions: [
        count(
          'edge-triggered: several of eight workers are woken',
          probe('herd', 'edge'),
          { low: 2, high: 9 },
          { name: 'workers that are woken for each connection', unit: 'workers', noise: 0.1 },
        ),
        count(
          'edge-triggered only: level-triggered it is one',
          probe('herd', 'level'),
          { low: 0.5, high: 1.5 },
          { name: 'workers that are woken for each connection', unit: 'workers', noise: 0.1 },
        ),
      ],
    },
    {
      id: 'single-syn-events',
      kind: 'behaviour',
      text: '“a single SYN can produce many-ready events”',
      truth:
        'Source says readiness follows the completed handshake (child added to the accept queue), so a half-open SYN does not count; with DEFER_ACCEPT it waits for data. “Many events” is simply one per epoll instance.',
      source: 'net/ipv4/tcp_input.c / tcp_minisocks.c; measured on other hosts',
      assertions: [
        behaviour('a SYN alone', probe('listen-handshake', 'synEvents'), atLeast(1)),
        behaviour(
          'a connection without data, with TCP_DEFER_ACCEPT',
          probe('listen-handshake', 'deferEvents'),
          atLeast(1),
        ),
      ],
    },
    {
      id: 'reuseport-3-9',
      kind: 'historical',
      text: 'SO_REUSEPORT introduced in “Linux 3.9”',
      truth: 'TCP/UDP SO_REUSEPORT: 3.9 (2013).',
      source: 'socket(7); commit da5e36308d9f',
      assertions: [source('the kernel that brought it', 'Linux 3.9', 'Linux 3.9', 'socket(7)')],
    },
    {
      id: 'reuseport-round-robin',
      kind: 'behaviour',
      text: 'SO_REUSEPORT “distributes incoming connections round-robin”',
      truth:
        'By a hash of the 4-tuple: socks[reciprocal_scale(hash, n)] (or BPF). Uniform on average, neither round-robin nor load-aware.',
      source: 'net/core/sock_reuseport.c reuseport_select_sock()',
      assertions: [
        count(
          'in turn: each connection goes to the next listener',
          probe('reuseport-distribution', 'inTurn'),
          { low: 0.9 },
          { name: 'connections that do', unit: 'of 1' },
        ),
        count(
          'not by the addresses: the same ones meet another listener',
          probe('reuseport-distribution', 'sameListener'),
          { high: 0.5 },
          { name: 'reconnections that meet the same', unit: 'of 1', noise: 0.2 },
        ),
      ],
    },
    {
      id: 'reuseport-eliminates-herd',
      kind: 'behaviour',
      text: 'SO_REUSEPORT eliminates “both the thundering herd and the need for a master”',
      truth:
        'One wake-up per connection. Cost: connections queued on a listener that closes are reset unless tcp_migrate_req=1; a busy worker keeps its share.',
      source: 'socket(7); sysctl tcp_migrate_req',
      assertions: [
        count(
          'one worker is woken for each connection',
          probe('herd', 'reuseport'),
          { low: 0.5, high: 1.3 },
          { name: 'workers that are woken for each connection', unit: 'workers', noise: 0.1 },
        ),
      ],
    },
    {
      id: 'herd-sample-dup',
      kind: 'behaviour',
      text: "DON'T sample: same listen_fd in two epolls “causes duplicate wakeups on edge-triggered accept”",
      truth: '2 wake-ups per connection, in LT as well.',
      source: 'see epoll-et-herd',
      assertions: [
        count(
          'two workers, edge-triggered: both are woken',
          probe('herd', 'edgeTwo'),
          { low: 1.5, high: 2.5 },
          { name: 'workers that are woken for each connection', unit: 'workers', noise: 0.1 },
        ),
      ],
    },
  ],
};
