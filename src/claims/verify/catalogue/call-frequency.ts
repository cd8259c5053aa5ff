import { cell, count, minus, number, over, probe } from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const CALL_FREQUENCY: ClaimSection = {
  title: 'Call Frequency by Model',
  claims: [
    {
      id: 'freq-blocking',
      kind: 'measured',
      text: 'Blocking: “1-2 per I/O (read + write)”',
      truth: "Exactly 2 syscalls per echoed message plus the connection's setup.",
      source: 'measured on other hosts',
      assertions: [
        count(
          'one active connection',
          cell('blocking', 'one', 'calls'),
          { low: 1, high: 2.1 },
          { name: 'system calls per echoed request', unit: 'calls/request' },
        ),
        count(
          '200 active connections',
          cell('blocking', 'many', 'calls'),
          { low: 1, high: 2.1 },
          { name: 'system calls per echoed request', unit: 'calls/request' },
        ),
      ],
    },
    {
      id: 'freq-select-poll',
      kind: 'measured',
      text: 'select/poll: “1 per iteration + 1-2 per active FD”',
      truth: '3 per message with 1 active; tends to 2+1/k with k active.',
      source: 'measured on other hosts',
      assertions: [
        count(
          'poll, one active connection',
          minus(cell('poll', 'one', 'calls'), over(number(1), cell('poll', 'one', 'events'))),
          { low: 1, high: 2.1 },
          { name: 'calls per request beside its share of a wait', unit: 'calls/request' },
        ),
        count(
          'poll, 200 active connections',
          minus(cell('poll', 'many', 'calls'), over(number(1), cell('poll', 'many', 'events'))),
          { low: 1, high: 2.1 },
          { name: 'calls per request beside its share of a wait', unit: 'calls/request' },
        ),
        count(
          'select, 200 active connections',
          minus(cell('select', 'many', 'calls'), over(number(1), cell('select', 'many', 'events'))),
          { low: 1, high: 2.1 },
          { name: 'calls per request beside its share of a wait', unit: 'calls/request' },
        ),
      ],
    },
    {
      id: 'freq-epoll-lt',
      kind: 'measured',
      text: 'epoll LT: “1 (epoll_wait) + 1-2 per active FD”; “100 active x (read+write)”',
      truth: 'Same counts as poll; with maxevents 64 a burst of 100 needs 2 waits.',
      source: 'measured on other hosts',
      assertions: [
        count(
          'one active connection',
          minus(cell('epoll-lt', 'one', 'calls'), over(number(1), cell('epoll-lt', 'one', 'events'))),
          { low: 1, high: 2.1 },
          { name: 'calls per request beside its share of a wait', unit: 'calls/request' },
        ),
        count(
          '200 active connections',
          minus(cell('epoll-lt', 'many', 'calls'), over(number(1), cell('epoll-lt', 'many', 'events'))),
          { low: 1, high: 2.1 },
          { name: 'calls per request beside its share of a wait', unit: 'calls/request' },
        ),
        count(
          '100 active of 10,000',
          minus(cell('epoll-lt', 'example', 'calls'), over(number(1), cell('epoll-lt', 'example', 'events'))),
          { low: 1, high: 2.1 },
          { name: 'calls per request beside its share of a wait', unit: 'calls/request' },
        ),
      ],
    },
    {
      id: 'freq-epoll-et',
      kind: 'measured',
      text: 'epoll ET: “1 + drain-to-EAGAIN per active FD. Same” as LT',
      truth:
        'Not the same: draining to EAGAIN adds one failing read per wake-up (4 instead of 3). Stopping on a short read (legal for stream sockets, epoll(7) Q9) restores 3.',
      source: 'epoll(7) Q&A 9; measured on other hosts',
      assertions: [
        count(
          'the same as LT, where a short read ends it',
          minus(cell('epoll-et', 'one', 'calls'), cell('epoll-lt', 'one', 'calls')),
          { low: -0.2, high: 0.2 },
          { name: 'calls per request, ET less LT', unit: 'calls/request' },
        ),
        count(
          'the same as LT, drained to EAGAIN',
          minus(cell('epoll-et-drain', 'one', 'calls'), cell('epoll-lt', 'one', 'calls')),
          { low: -0.2, high: 0.2 },
          { name: 'calls per request, ET less LT', unit: 'calls/request' },
        ),
      ],
    },
    {
      id: 'freq-uring-basic',
      kind: 'measured',
      text: 'io_uring basic: “1 (submit batch) + 1 (CQ wait/polling)”; “100 ops submitted in one syscall”',
      truth: 'submit_and_wait does both in one io_uring_enter; with all 100 active it is far below 1 per op.',
      source: 'measured on other hosts',
      assertions: [
        count(
          'one active connection: two calls at most',
          cell('io_uring', 'one', 'calls'),
          { low: 0.5, high: 2.1 },
          { name: 'system calls per request', unit: 'calls/request' },
        ),
        count(
          '200 active, completed by interrupting: eight operations share a call',
          cell('io_uring-plain', 'many', 'calls'),
          { low: 0.004, high: 0.25 },
          { name: 'system calls per request of two operations', unit: 'calls/request', noise: 0.2 },
        ),
        count(
          '200 active, DEFER_TASKRUN: eight operations share a call',
          cell('io_uring', 'many', 'calls'),
          { low: 0.004, high: 0.25 },
          { name: 'system calls per request of two operations', unit: 'calls/request', noise: 0.2 },
        ),
      ],
    },
    {
      id: 'freq-sqpoll-zero',
      kind: 'measured',
      text: 'io_uring SQPOLL: “0 for steady-state”',
      truth:
        'True for the application thread while the SQ thread is awake and the CQ is polled in userspace; costs a spinning CPU.',
      source: 'measured on other hosts; io_uring_sqpoll(7)',
      assertions: [
        count(
          'while the SQ thread is awake',
          probe('sqpoll-calls', 'perOperation'),
          { high: 0.01 },
          { name: 'system calls of the application per operation', unit: 'calls' },
        ),
      ],
    },
    {
      id: 'freq-10k-threads-objects',
      kind: 'measured',
      text: '10k conns: “10,000 threads = 10k kernel objects”',
      truth:
        'One task_struct + 16 KiB kernel stack (VMAP) each on x86_64, plus user stack pages touched (8 KiB).',
      source: 'measured on other hosts',
      assertions: [
        count(
          'a thread for each connection',
          over(cell('blocking', 'example', 'threads'), number(10_000)),
          { low: 0.98, high: 1.02 },
          { name: 'threads of the server per connection', unit: 'threads', noise: 0.005 },
        ),
        count(
          'one kernel stack of 16 KiB for each',
          probe('threads-memory', 'kernelStackKiB'),
          { low: 14.4, high: 17.6 },
          { name: 'KernelStack per blocked thread', unit: 'KiB' },
        ),
      ],
    },
  ],
};
