import {
  behaviour,
  cost,
  count,
  equals,
  hostFact,
  NO,
  over,
  pair,
  probe,
  ratio,
  source,
} from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const TRADEOFFS: ClaimSection = {
  title: 'Tradeoffs',
  claims: [
    {
      id: 'sqpoll-lowest-latency',
      kind: 'measured',
      text: 'SQPOLL “for lowest possible latency”',
      truth:
        'Needs a dedicated core; sharing a CPU with the app is catastrophic. A hop to the other CPU took 1.8 times an inline NOP, and 0.6 times for minutes at a time, on the same virtual machine.',
      source: 'measured on other hosts',
      assertions: [
        ratio(
          'SQ thread on another CPU: a tenth faster',
          over(cost('uring-nop-sqpoll-1'), cost('uring-nop-1')),
          { high: 0.9 },
          { name: 'round trip of a NOP, SQPOLL over a plain ring', noise: 0.05, requires: [{ cpus: 2 }] },
        ),
        ratio(
          'SQ thread on the same CPU: a tenth faster',
          over(cost('uring-nop-sqpoll-same-cpu'), cost('uring-nop-1')),
          { high: 0.9 },
          { name: 'round trip of a NOP, SQPOLL over a plain ring', noise: 0.05 },
        ),
        ratio(
          'an echo server, its client and the SQ thread on CPUs of their own: a tenth more requests',
          pair('io_uring-sqpoll', 'io_uring', 'one', 'throughput'),
          { low: 1.1 },
          { name: 'requests per second, SQPOLL over a plain ring', noise: 0.05, requires: [{ cpus: 3 }] },
        ),
      ],
    },
    {
      id: 'uring-buffered-truly-async',
      kind: 'behaviour',
      text: 'io_uring: “File I/O that needs to be truly async (no thread pool)”',
      truth:
        'Buffered reads on ext4/xfs use async page-wait since 5.9; anything that cannot go NOWAIT (some writes, fsync, openat, statx) runs in io-wq, a kernel thread pool.',
      source: 'io_uring(7); measured on other hosts',
      assertions: [
        count(
          'a read that must wait for the disk: not complete at return',
          probe('uring-buffered', 'coldAtReturn'),
          { high: 0.5 },
          { name: 'reads that are', unit: 'of 1', noise: 0.2 },
        ),
        behaviour('reads: no worker of the kernel', probe('uring-buffered', 'readWorkers'), equals(0)),
        behaviour('fsync: no worker of the kernel', probe('uring-buffered', 'fsyncWorkers'), equals(0)),
      ],
    },
    {
      id: 'trade-kernels-5-10',
      kind: 'recommendation',
      text: 'epoll if you need kernels “older than 5.10”',
      truth:
        'io_uring starts at 5.1; 5.10 is a sane LTS floor, multishot accept needs 5.19, DEFER_TASKRUN 6.1.',
      source: 'io_uring docs',
      assertions: [
        source(
          'a floor for io_uring',
          'Linux 5.10',
          'Linux 5.10',
          'io_uring_enter(2): what a server needs came by 5.7; kernel.org: 5.10 is a long-term kernel',
        ),
        hostFact('this kernel is past it', 'kernel', { since: '5.10' }),
      ],
    },
    {
      id: 'trade-security-disable',
      kind: 'historical',
      text: 'io_uring “has had multiple CVEs; some hardened distros disable it”',
      truth:
        "sysctl kernel.io_uring_disabled (6.6); Docker's default seccomp blocks it; ChromeOS/Android restrict it.",
      source: 'kernel admin-guide sysctl',
      assertions: [
        source(
          'elsewhere',
          'some disable it',
          'some disable it',
          'kernel.org, admin-guide/sysctl/kernel; Docker, default seccomp profile',
        ),
        behaviour(
          'here: a process without privileges may not use it',
          probe('uring-setup', 'unprivileged'),
          NO,
        ),
      ],
    },
    {
      id: 'trade-30pct',
      kind: 'measured',
      text: '“code simplicity ... matter more than 30% throughput”; FAQ: “syscall savings alone are 30-50%”',
      truth: '30%, 30-50%, 2-3x, 2-5x, 5-10x are all claimed.',
      source: 'the guide itself; measured on other hosts',
      assertions: [
        ratio(
          '64 ready connections at a time',
          over(cost('echo-uring-64'), cost('echo-epoll-64')),
          { low: 0.5, high: 0.7 },
          { name: 'io_uring over epoll, without a network', noise: 0.03 },
        ),
        ratio(
          '200 connections over loopback',
          pair('io_uring', 'epoll-lt', 'many', 'cpu'),
          { low: 0.5, high: 0.7 },
          { name: 'server CPU per request of io_uring over epoll', noise: 0.03 },
        ),
      ],
    },
    {
      id: 'trade-tokio',
      kind: 'historical',
      text: 'Tokio, monoio, glommio “lean on it heavily”',
      truth:
        "monoio and glommio yes; Tokio's default driver is mio/epoll (io_uring only via tokio-uring or unstable fs).",
      source: 'tokio docs',
      assertions: [
        source('monoio and glommio', 'lean on it', 'lean on it', 'their documentation'),
        source(
          'Tokio',
          'leans on it',
          'epoll by default; io_uring by tokio-uring',
          'docs.rs/tokio, docs.rs/tokio-uring',
        ),
      ],
    },
    {
      id: 'trade-threads-simple',
      kind: 'recommendation',
      text: 'Threads win below “<5,000 connections”, “code is 10x simpler”',
      truth: 'Crossover must be measured; LOC ratio of the echo servers is nearer 2-4x.',
      source: 'measured on other hosts',
      assertions: [
        ratio(
          '200 connections: no more CPU than epoll',
          pair('blocking', 'epoll-lt', 'many', 'cpu'),
          { high: 1 },
          { name: 'server CPU per request of threads over epoll', noise: 0.05 },
        ),
        source(
          'their code',
          'a tenth of that of epoll',
          'two thirds of it, by the servers of this tool',
          'c-helpers/models/blocking.c and epoll.c, lines of code',
        ),
      ],
    },
  ],
};
