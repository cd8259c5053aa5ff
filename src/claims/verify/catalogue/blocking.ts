import type { ClaimSection } from '../claim.ts';

export const BLOCKING: ClaimSection = {
  title: '1. Blocking I/O',
  claims: [
    {
      id: 'blocking-switch-150-300ns',
      kind: 'measured',
      text: '“every context switch to/from the kernel burns ~150-300 ns”',
      truth: 'Mode switch again; conflicts with 150 / 92 / 200-500 ns. A real context switch is 1-5 us.',
      source: 'document; own measurement',
      how: 'syscall-cost + ctx-switch-1-1-5us',
      assertions: [],
    },
    {
      id: 'blocking-state-diagram',
      kind: 'behaviour',
      text: 'Diagram: read() enters TASK_INTERRUPTIBLE, then the page-cache hit is checked',
      truth:
        'A cached read never sleeps (stays RUNNING). A cold file read sleeps in uninterruptible/killable state (D), only sockets/pipes/ttys sleep interruptibly (S).',
      source: 'mm/filemap.c folio_wait_locked_killable; own tracing',
      how: 'preads cached vs cold: voluntary ctxt switches per read; perf sched:sched_switch prev_state for a cold reader; /proc/pid/stat state S for a socket reader',
      assertions: [],
    },
    {
      id: 'blocking-two-mode-switches',
      kind: 'behaviour',
      text: 'Blocking read: “at minimum two mode switches and potentially a context switch”',
      truth: 'Definition.',
      source: '-',
      how: 'rusage nvcsw for cached/ready vs empty socket',
      assertions: [],
    },
    {
      id: 'blocking-10k-stacks',
      kind: 'measured',
      text: '10,000 threads: “10,000 kernel objects, 10,000 stack pages”',
      truth:
        'Kernel stack is 16 KiB = 4 pages each, plus >=2 touched user pages: ~24 KiB + slab per thread (~0.4 GiB per 10k).',
      source: 'own measurement',
      how: 'see freq-10k-threads-objects',
      assertions: [],
    },
    {
      id: 'sched-walks-millions',
      kind: 'measured',
      text: 'Scheduler “walking millions of runnable threads on each interrupt”',
      truth:
        'Blocked threads are not runnable and not on the runqueue; pick-next is O(log runnable) (CFS/EEVDF). 10k threads cannot be “millions”.',
      source: 'kernel/sched/fair.c',
      how: 'echo round trip to ONE hot thread with 10, 1,000, 9,000 blocked threads',
      assertions: [],
    },
    {
      id: 'c10k-1999',
      kind: 'recommendation',
      text: "C10K hit in 1999: blocking “can't scale past ~1,000-10,000” connections on commodity hardware",
      truth:
        '1999 is right (Kegel). The limit was memory/O(n) scheduler in 2.2/2.4; today 10k threads is fine.',
      source: 'Kegel, The C10K problem',
      how: 'run the thread server with 1k, 5k, 10k conns; throughput and p99',
      assertions: [],
    },
    {
      id: 'threads-5-10k',
      kind: 'recommendation',
      text: 'Thread per connection valid “up to ~5,000-10,000 connections” (also “<5,000”, “~10k”, “few hundred”)',
      truth:
        'Three different thresholds in the guide; the real limits are memory (~36-40 KB/thread) and pid_max/threads-max/cgroup pids.',
      source: 'document; own measurement',
      how: 'sweep conns 10..10k; crossover where thread throughput < 0.8x epoll',
      assertions: [],
    },
    {
      id: 'sample-thread-arg-race',
      kind: 'behaviour',
      text: 'Sample passes &conn_fd (a reused loop variable) to pthread_create',
      truth:
        'Data race: the next accept overwrites conn_fd before the thread reads it. Threads are also never detached or joined (leak).',
      source: 'own measurement',
      how: 'client connects 2,000 times fast; count fds with no thread or two threads; control with by-value',
      assertions: [],
    },
    {
      id: 'green-threads-epoll',
      kind: 'behaviour',
      text: 'Go goroutines / Java virtual threads: runtime does “epoll multiplexing underneath”',
      truth: 'Go netpoller and JDK 21 virtual-thread poller use epoll on Linux.',
      source: 'runtime/netpoll_epoll.go; JEP 444',
      how: 'strace -f -e epoll_create1,epoll_ctl a goroutine / virtual-thread server',
      assertions: [],
    },
  ],
};
