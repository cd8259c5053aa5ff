import { cell, cost, costs, count, minus, ratio, slowdown, source } from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const SYSCALL_OVERHEAD: ClaimSection = {
  title: 'Syscall Overhead',
  claims: [
    {
      id: 'syscall-table-sum',
      kind: 'static-fact',
      text: 'Breakdown totals “~185 cycles (~92 ns)” under the heading “What ~150 ns Actually Buys You”',
      truth:
        'Rows do add to 185 cycles / 93 ns, which implies a 2.0 GHz clock and contradicts the 150 ns headline.',
      source: 'arithmetic',
      assertions: [
        source('what the rows add up to', '185 cycles', '185 cycles', 'arithmetic'),
        source('what stands above them', '92 ns', '150 ns', 'the heading of the same table'),
        count(
          'what a read() of nothing takes here',
          cost('read-0', 'cycles'),
          { low: 123, high: 278 },
          { name: 'read() of 0 bytes of /dev/null', unit: 'cycles', noise: 0.1 },
        ),
      ],
    },
    {
      id: 'syscall-entry-50-cycles',
      kind: 'measured',
      text: 'Syscall entry “~50 cycles (~25 ns)” and return “~50 cycles (~25 ns)”',
      truth:
        'Not separable without ring-0 counters. The round trip of a call that does not exist is entry, dispatch and exit together.',
      source: 'measured on other hosts',
      assertions: [
        count(
          'entry and return together, 100 cycles',
          cost('syscall-enosys', 'cycles'),
          { low: 70, high: 150 },
          { name: 'a system call that does not exist', unit: 'cycles', noise: 0.1 },
        ),
      ],
    },
    {
      id: 'syscall-fd-lookup',
      kind: 'measured',
      text: 'File table lookup fd->struct file “~30 cycles (~15 ns)”',
      truth:
        'Difference between a syscall that resolves an fd and one that does not is ~10-20 ns, order right; with rseq/fget_light single-thread tables it is cheaper.',
      source: 'measured on other hosts',
      assertions: [
        costs(
          'what the FD of a call costs',
          cost('fd-lookup'),
          { low: 5, high: 30 },
          { name: 'read(/dev/null, 1) less getppid', noise: 0.2 },
        ),
      ],
    },
    {
      id: 'ctx-switch-1-1-5us',
      kind: 'measured',
      text: 'Context switch (thread descheduled) adds “+2,000-3,000 cycles (~1-1.5 us)”',
      truth:
        'Right order on bare metal same-CPU; VM and cross-CPU wakeups cost 2-5x more. 2,000-3,000 cycles = 1-1.5 us also assumes 2.0 GHz.',
      source: 'measured on other hosts',
      assertions: [
        costs(
          'in time, two threads on one CPU',
          cost('context-switch-same-cpu'),
          { low: 800, high: 2500 },
          { name: 'half a round trip by pipes, less write and read', noise: 0.15 },
        ),
        count(
          'in cycles, two threads on one CPU',
          cost('context-switch-same-cpu', 'cycles'),
          { low: 1600, high: 3600 },
          { name: 'the same', unit: 'cycles', noise: 0.15 },
        ),
        costs(
          'in time, two threads on two CPUs',
          cost('context-switch-two-cpus'),
          { low: 800, high: 2500 },
          { name: 'half a round trip by pipes, less write and read', noise: 0.15, requires: [{ cpus: 2 }] },
        ),
      ],
    },
    {
      id: 'file-struct-cache-miss',
      kind: 'measured',
      text: 'Cache miss on the file struct adds “+50-200 cycles”',
      truth: 'Plausible; depends on working set vs L2/L3.',
      source: 'measured on other hosts',
      assertions: [
        count(
          'reads of 15,000 descriptors in a random order',
          cost('file-miss', 'cycles'),
          { low: 50, high: 200 },
          { name: 'a random descriptor less the same one', unit: 'cycles', noise: 0.2 },
        ),
      ],
    },
    {
      id: 'cross-numa-access',
      kind: 'measured',
      text: 'Cross-NUMA memory access adds “+100-300 cycles”',
      truth: 'Typical remote-local delta 50-100 ns.',
      source: 'numactl docs',
      assertions: [
        count(
          'memory of another node',
          minus(cost('memory-chase-remote', 'cycles'), cost('memory-chase-local', 'cycles')),
          { low: 100, high: 300 },
          {
            name: 'a remote load less a local one',
            unit: 'cycles',
            noise: 0.2,
            requires: [{ numaNodes: 2 }],
          },
        ),
      ],
    },
    {
      id: 'strace-c-overhead',
      kind: 'measured',
      text: 'strace -c costs “2-5%” CPU overhead at 500k req/s',
      truth:
        'strace stops the tracee twice per syscall (ptrace); ~10 us per syscall, i.e. 2x-100x slowdowns. Only --seccomp-bpf with an untouched filter is cheap. perf stat on a tracepoint is a few %.',
      source: 'strace(1); measured on other hosts',
      assertions: [
        ratio(
          'strace -c of an epoll server with 200 active connections',
          slowdown('epoll-lt', 'many', 'strace'),
          { low: 1.02, high: 1.05 },
          { name: 'requests per second without strace over those with it', noise: 0.005 },
        ),
      ],
    },
    {
      id: 'epoll-1m-extra-syscalls',
      kind: 'measured',
      text: "At 1M ops/s with epoll “you're doing 1M extra syscalls just to check readiness”",
      truth: 'epoll_wait returns many events per call under load; the extra calls are ops / events-per-wait.',
      source: 'measured on other hosts',
      assertions: [
        count(
          'one active connection',
          cell('epoll-lt', 'one', 'events'),
          { low: 0.5, high: 1.2 },
          { name: 'events that an epoll_wait returns', unit: 'events', noise: 0.1 },
        ),
        count(
          '200 active connections',
          cell('epoll-lt', 'many', 'events'),
          { low: 0.5, high: 1.2 },
          { name: 'events that an epoll_wait returns', unit: 'events', noise: 0.1 },
        ),
      ],
    },
  ],
};
