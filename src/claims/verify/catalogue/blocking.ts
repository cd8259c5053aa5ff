import {
  atLeast,
  behaviour,
  cost,
  costs,
  count,
  equals,
  given,
  number,
  over,
  pair,
  probe,
  ratio,
  source,
} from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const BLOCKING: ClaimSection = {
  title: '1. Blocking I/O',
  claims: [
    {
      id: 'blocking-switch-150-300ns',
      kind: 'measured',
      text: '“every context switch to/from the kernel burns ~150-300 ns”',
      truth: 'Mode switch again; conflicts with 150 / 92 / 200-500 ns. A real context switch is 1-5 us.',
      source: 'the guide itself; measured on other hosts',
      assertions: [
        costs(
          'into the kernel and back',
          cost('syscall-noop'),
          { low: 150, high: 300 },
          { name: 'getppid', noise: 0.05 },
        ),
        costs(
          'a switch to another thread on the same CPU',
          cost('context-switch-same-cpu'),
          { low: 150, high: 300 },
          { name: 'half a round trip by pipes, less write and read' },
        ),
      ],
    },
    {
      id: 'blocking-state-diagram',
      kind: 'behaviour',
      text: 'Diagram: read() enters TASK_INTERRUPTIBLE, then the page-cache hit is checked',
      truth:
        'A cached read never sleeps (stays RUNNING). A cold file read sleeps in uninterruptible/killable state (D), only sockets/pipes/ttys sleep interruptibly (S).',
      source: 'mm/filemap.c folio_wait_locked_killable; own tracing',
      assertions: [
        count(
          'a cached read of a file sleeps too',
          probe('cold-read', 'cachedSwitches'),
          { low: 0.5 },
          { name: 'voluntary switches per read', unit: 'switches', noise: 0.2 },
        ),
        behaviour(
          'a read of a socket waits interruptibly',
          probe('blocking-read', 'waitingState'),
          equals('S'),
        ),
        behaviour(
          'a read of a file from the disk waits interruptibly',
          probe('cold-read', 'seenD'),
          equals(0),
          { given: [given(probe('cold-read', 'seenS'), atLeast(0))] },
        ),
      ],
    },
    {
      id: 'blocking-two-mode-switches',
      kind: 'behaviour',
      text: 'Blocking read: “at minimum two mode switches and potentially a context switch”',
      truth: 'Definition.',
      source: 'read(2); getrusage(2)',
      assertions: [
        count(
          'no context switch where there is data',
          probe('blocking-read', 'readySwitches'),
          { high: 0.2 },
          { name: 'voluntary switches per read', unit: 'switches', noise: 0.2 },
        ),
        count(
          'one where there is none',
          probe('blocking-read', 'emptySwitches'),
          { low: 0.8, high: 1.5 },
          { name: 'voluntary switches per read', unit: 'switches', noise: 0.1 },
        ),
      ],
    },
    {
      id: 'blocking-10k-stacks',
      kind: 'measured',
      text: '10,000 threads: “10,000 kernel objects, 10,000 stack pages”',
      truth:
        'Kernel stack is 16 KiB = 4 pages each, plus >=2 touched user pages: ~24 KiB + slab per thread (~0.4 GiB per 10k).',
      source: 'measured on other hosts',
      assertions: [
        count(
          'one page of kernel stack for each thread',
          over(probe('threads-memory', 'kernelStackKiB'), number(4)),
          { low: 0.9, high: 1.1 },
          { name: 'pages of KernelStack per blocked thread', unit: 'pages' },
        ),
        count(
          'one page of user memory for each thread',
          over(probe('threads-memory', 'rssKiB'), number(4)),
          { low: 0.9, high: 1.1 },
          { name: 'resident pages per blocked thread', unit: 'pages' },
        ),
      ],
    },
    {
      id: 'sched-walks-millions',
      kind: 'measured',
      text: 'Scheduler “walking millions of runnable threads on each interrupt”',
      truth:
        'Blocked threads are not runnable and not on the runqueue; pick-next is O(log runnable) (CFS/EEVDF). 10k threads cannot be “millions”.',
      source: 'kernel/sched/fair.c',
      assertions: [
        ratio(
          'a busy thread beside thousands that sleep',
          probe('blocked-threads', 'ratio'),
          { low: 5 },
          { name: 'its round trip over that beside ten', noise: 0.3 },
        ),
      ],
    },
    {
      id: 'c10k-1999',
      kind: 'recommendation',
      text: "C10K hit in 1999: blocking “can't scale past ~1,000-10,000” connections on commodity hardware",
      truth:
        '1999 is right (Kegel). The limit was memory/O(n) scheduler in 2.2/2.4; today 10k threads is fine.',
      source: 'Kegel, The C10K problem',
      assertions: [
        source('the year', '1999', '1999', 'Kegel, The C10K problem'),
        ratio(
          'a limit of today: 10,000 connections take ten times the CPU of epoll',
          pair('blocking', 'epoll-lt', 'example', 'cpu'),
          { low: 10 },
          { name: 'server CPU per request of threads over epoll', noise: 0.2 },
        ),
      ],
    },
    {
      id: 'threads-5-10k',
      kind: 'recommendation',
      text: 'Thread per connection valid “up to ~5,000-10,000 connections” (also “<5,000”, “~10k”, “few hundred”)',
      truth:
        'Three different thresholds in the guide; the real limits are memory (~36-40 KB/thread) and pid_max/threads-max/cgroup pids.',
      source: 'the guide itself; measured on other hosts',
      assertions: [
        source(
          'where threads end',
          '5,000 to 10,000 connections',
          'elsewhere 5,000, 10,000 and a few hundred',
          'the guide itself',
        ),
        ratio(
          '200 connections: within a quarter of epoll',
          pair('blocking', 'epoll-lt', 'many', 'cpu'),
          { high: 1.25 },
          { name: 'server CPU per request of threads over epoll', noise: 0.1 },
        ),
        ratio(
          '10,000 connections: within a quarter of epoll',
          pair('blocking', 'epoll-lt', 'example', 'cpu'),
          { high: 1.25 },
          { name: 'server CPU per request of threads over epoll', noise: 0.1 },
        ),
      ],
    },
    {
      id: 'sample-thread-arg-race',
      kind: 'behaviour',
      text: 'Sample passes &conn_fd (a reused loop variable) to pthread_create',
      truth:
        'Data race: the next accept overwrites conn_fd before the thread reads it. Threads are also never detached or joined (leak).',
      source: 'measured on other hosts',
      assertions: [
        behaviour('each connection gets a thread', probe('thread-argument-race', 'lost'), equals(0), {
          given: [given(probe('thread-argument-race', 'controlLost'), equals(0))],
        }),
      ],
    },
    {
      id: 'green-threads-epoll',
      kind: 'behaviour',
      text: 'Go goroutines / Java virtual threads: runtime does “epoll multiplexing underneath”',
      truth: 'Go netpoller and JDK 21 virtual-thread poller use epoll on Linux.',
      source: 'runtime/netpoll_epoll.go; JEP 444',
      assertions: [
        source('goroutines', 'epoll', 'epoll', 'Go, runtime/netpoll_epoll.go'),
        source('virtual threads of Java', 'epoll', 'epoll', 'OpenJDK 21, sun.nio.ch.EPollPoller'),
      ],
    },
  ],
};
