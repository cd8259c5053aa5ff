import type { ClaimSection } from '../claim.ts';

export const TRADEOFFS: ClaimSection = {
  title: 'Tradeoffs',
  claims: [
    {
      id: 'sqpoll-lowest-latency',
      kind: 'measured',
      text: 'SQPOLL “for lowest possible latency”',
      truth:
        'Needs a dedicated core; sharing a CPU with the app is catastrophic; a hop costs more than an inline NOP.',
      source: 'own measurement',
      how: 'NOP round trip: normal, SQPOLL other CPU, SQPOLL same CPU; echo throughput SQPOLL vs normal on the same cores',
      assertions: [],
    },
    {
      id: 'uring-buffered-truly-async',
      kind: 'behaviour',
      text: 'io_uring: “File I/O that needs to be truly async (no thread pool)”',
      truth:
        'Buffered reads on ext4/xfs use async page-wait since 5.9; anything that cannot go NOWAIT (some writes, fsync, openat, statx) runs in io-wq, a kernel thread pool.',
      source: 'io_uring(7); own measurement',
      how: 'cold buffered read: submit share and complete-at-return; list iou-wrk tasks for fsync/openat',
      assertions: [],
    },
    {
      id: 'trade-kernels-5-10',
      kind: 'recommendation',
      text: 'epoll if you need kernels “older than 5.10”',
      truth:
        'io_uring starts at 5.1; 5.10 is a sane LTS floor, multishot accept needs 5.19, DEFER_TASKRUN 6.1.',
      source: 'io_uring docs',
      how: 'uname + IORING_REGISTER_PROBE',
      assertions: [],
    },
    {
      id: 'trade-security-disable',
      kind: 'historical',
      text: 'io_uring “has had multiple CVEs; some hardened distros disable it”',
      truth:
        "sysctl kernel.io_uring_disabled (6.6); Docker's default seccomp blocks it; ChromeOS/Android restrict it.",
      source: 'kernel admin-guide sysctl',
      how: 'read the sysctl; try setup as root and as nobody',
      assertions: [],
    },
    {
      id: 'trade-30pct',
      kind: 'measured',
      text: '“code simplicity ... matter more than 30% throughput”; FAQ: “syscall savings alone are 30-50%”',
      truth: '30%, 30-50%, 2-3x, 2-5x, 5-10x are all claimed.',
      source: 'document; own measurement',
      how: 'io-uring-2-3x-epoll plus CPU per message',
      assertions: [],
    },
    {
      id: 'trade-tokio',
      kind: 'historical',
      text: 'Tokio, monoio, glommio “lean on it heavily”',
      truth:
        "monoio and glommio yes; Tokio's default driver is mio/epoll (io_uring only via tokio-uring or unstable fs).",
      source: 'tokio docs',
      how: 'documentation',
      assertions: [],
    },
    {
      id: 'trade-threads-simple',
      kind: 'recommendation',
      text: 'Threads win below “<5,000 connections”, “code is 10x simpler”',
      truth: 'Crossover must be measured; LOC ratio of the echo servers is nearer 2-4x.',
      source: 'own measurement',
      how: "throughput/p99 crossover thread vs LT; LOC of the repo's own servers",
      assertions: [],
    },
  ],
};
