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
      how: 'recompute the table',
      assertions: [],
    },
    {
      id: 'syscall-entry-50-cycles',
      kind: 'measured',
      text: 'Syscall entry “~50 cycles (~25 ns)” and return “~50 cycles (~25 ns)”',
      truth:
        "Not separable without ring-0 counters. ENOSYS round trip is entry+dispatch+exit; here 208 TSC cycles, twice the guide's 100.",
      source: 'own measurement',
      how: 'ENOSYS syscall in rdtsc cycles; compare with 100',
      assertions: [],
    },
    {
      id: 'syscall-fd-lookup',
      kind: 'measured',
      text: 'File table lookup fd->struct file “~30 cycles (~15 ns)”',
      truth:
        'Difference between a syscall that resolves an fd and one that does not is ~10-20 ns, order right; with rseq/fget_light single-thread tables it is cheaper.',
      source: 'own measurement',
      how: 'read(/dev/null,1) minus getppid',
      assertions: [],
    },
    {
      id: 'ctx-switch-1-1-5us',
      kind: 'measured',
      text: 'Context switch (thread descheduled) adds “+2,000-3,000 cycles (~1-1.5 us)”',
      truth:
        'Right order on bare metal same-CPU; VM and cross-CPU wakeups cost 2-5x more. 2,000-3,000 cycles = 1-1.5 us also assumes 2.0 GHz.',
      source: 'own measurement',
      how: 'pipe ping-pong pinned to one CPU (divide by 2, subtract write+read cost); then two CPUs',
      assertions: [],
    },
    {
      id: 'file-struct-cache-miss',
      kind: 'measured',
      text: 'Cache miss on the file struct adds “+50-200 cycles”',
      truth: 'Plausible; depends on working set vs L2/L3.',
      source: 'own measurement',
      how: 'open /dev/null 15,000 times; read same fd vs random fd',
      assertions: [],
    },
    {
      id: 'cross-numa-access',
      kind: 'measured',
      text: 'Cross-NUMA memory access adds “+100-300 cycles”',
      truth: 'Typical remote-local delta 50-100 ns.',
      source: 'numactl docs',
      how: 'mbind a pointer chase to a remote node',
      assertions: [],
    },
    {
      id: 'strace-c-overhead',
      kind: 'measured',
      text: 'strace -c costs “2-5%” CPU overhead at 500k req/s',
      truth:
        'strace stops the tracee twice per syscall (ptrace); ~10 us per syscall, i.e. 2x-100x slowdowns. Only --seccomp-bpf with an untouched filter is cheap. perf stat on a tracepoint is a few %.',
      source: 'strace(1); own measurement',
      how: 'getppid loop and LT echo server: none / strace -c -f / strace --seccomp-bpf -e accept4 / perf stat -e raw_syscalls:sys_enter / perf trace -s; compare ns per syscall and server CPU per message',
      assertions: [],
    },
    {
      id: 'epoll-1m-extra-syscalls',
      kind: 'measured',
      text: "At 1M ops/s with epoll “you're doing 1M extra syscalls just to check readiness”",
      truth: 'epoll_wait returns many events per call under load; the extra calls are ops / events-per-wait.',
      source: 'own measurement',
      how: 'LT server, 100 active conns: events returned / epoll_wait calls; syscalls per message',
      assertions: [],
    },
  ],
};
