import { type GuideTable, HERE, seen, several } from './table.ts';

/** "When to Use Level vs Edge". */
export const LEVEL_EDGE: GuideTable = {
  id: 'level-edge',
  title: 'When to use level vs edge',
  guide: [
    { key: 'use', header: 'the guide' },
    { key: 'mode', header: '' },
    { key: 'why', header: '' },
  ],
  here: HERE,
  rows: [
    {
      id: 'echo',
      claims: ['et-highest-efficiency', 'freq-epoll-et'],
      guide: {
        use: 'Simple echo server, drain-until-EAGAIN',
        mode: 'Edge (EPOLLET)',
        why: 'Highest efficiency, exactly one wake-up per batch',
      },
      here: {
        here: several(
          { kind: 'per-model', models: ['epoll-lt', 'epoll-et', 'epoll-et-drain'], figures: 'cost' },
          { kind: 'per-model', models: ['epoll-lt', 'epoll-et-drain'], figures: 'wakeups' },
          { kind: 'ratio', of: ['epoll-et', 'epoll-et-drain'], base: 'epoll-lt' },
        ),
      },
      correction:
        'draining to EAGAIN costs a failing read per wakeup: a call more than level-triggered, not less. Edge-triggered that stops at a short read makes as many.',
    },
    {
      id: 'stdin',
      claims: ['stdin-lt'],
      guide: {
        use: 'Interactive terminal / stdin',
        mode: 'Level (default)',
        why: 'Data may arrive incrementally; you want every chance to read',
      },
      here: {
        here: several(
          seen('epoll-level', ['afterPartialRead', 'level, after part was read:', 'events']),
          seen('epoll-edge', ['afterPartialRead', 'edge, after part was read:', 'events']),
          seen('epoll-fd-kinds', ['tty', 'a terminal:'], ['regularFile', 'a file as stdin:']),
        ),
      },
      correction:
        'where stdin is a file, epoll_ctl fails with EPERM, whatever the mode; a program has to expect that.',
    },
    {
      id: 'accept',
      claims: ['et-accept-drop', 'epollet-accept-miss'],
      guide: {
        use: 'Accept loop for listening socket',
        mode: 'Edge (EPOLLET) + loop to EAGAIN',
        why: 'Correct and efficient; without loop, you’ll drop connections',
      },
      here: {
        here: seen(
          'epoll-listener-edge',
          ['pending', 'connections that wait:'],
          ['firstWait', 'edge, events of the first wait:'],
          ['secondWait', 'after one accept:'],
          ['laterWait', 'after one more connect:'],
          ['acceptable', 'still to be accepted then:'],
          ['levelSecondWait', 'level, after one accept:'],
        ),
      },
      correction:
        'none is dropped: they stay in the queue and can be accepted later. What is lost without the loop is the event, until another connection comes.',
    },
    {
      id: 'write',
      claims: ['epollout-et'],
      guide: {
        use: 'Writing to a socket with flow control',
        mode: 'Edge (EPOLLOUT)',
        why: 'Wake on transition to writable; write until EAGAIN; wait for next transition',
      },
      here: {
        here: several(
          seen(
            'epoll-out-edges',
            ['tcpBefore', 'TCP, full:', 'events'],
            ['tcpAfter', 'once it is empty:', 'events'],
            ['tcpSteps', 'while it empties in steps of 4 KiB:', 'events'],
          ),
          seen(
            'epoll-out-edges',
            ['unixBefore', 'UNIX, full:', 'events'],
            ['unixAfter', 'once it is empty:', 'events'],
            ['unixSteps', 'in steps:', 'events'],
          ),
          seen('epoll-out-edges', ['addWritable', 'at ADD of one that is writable:', 'events']),
        ),
      },
      correction:
        'there is no single transition: a transport wakes its writers when enough is free, TCP at a third, and which steps show is up to it. ADD and MOD report at once.',
    },
    {
      id: 'debugging',
      claims: ['lt-rereport', 'et-fires-once'],
      guide: {
        use: 'Debugging event loop logic',
        mode: 'Level (default)',
        why: 'Forgiving — you won’t miss events due to partial handling',
      },
      here: {
        here: several(
          seen(
            'epoll-level',
            ['reports', 'level, of 3 waits with a byte unread:', 'events'],
            ['afterDrain', 'after it is read:', 'events'],
          ),
          seen(
            'epoll-edge',
            ['first', 'edge, transports that report new data:'],
            ['again', 'that report it again, unread:'],
            ['newDataUnread', 'that report more data though the first is unread:'],
          ),
        ),
      },
      correction: null,
    },
  ],
  notes: ['events are what one epoll_wait(2) with no timeout reported.'],
};
