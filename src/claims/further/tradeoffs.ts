import type { Reading } from './reading.ts';
import {
  beside,
  cost,
  documented,
  type GuideTable,
  type GuideTableRow,
  HERE,
  notMeasured,
  seen,
  several,
} from './table.ts';

type Bullet = readonly [
  id: string,
  says: string,
  claims: readonly string[],
  here: Reading,
  correction: string | null,
];

const URING = 'When io_uring wins';
const EPOLL = 'When epoll is the right choice';
const THREADS = 'When blocking I/O (threads) wins';
const OPINION = 'an opinion: nothing that runs tells';

const ROWS: readonly (readonly [heading: string, bullets: readonly Bullet[]])[] = [
  [
    URING,
    [
      [
        'million-ops',
        'Million-ops-per-second servers (databases, proxies, KV stores)',
        ['io-uring-2-3x-epoll'],
        several(
          { kind: 'standing', model: 'io_uring' },
          { kind: 'row', model: 'io_uring', load: 'many', of: ['rate'], named: true },
          {
            kind: 'row',
            model: 'epoll-lt',
            load: 'many',
            of: ['rate'],
            named: true,
          },
        ),
        null,
      ],
      [
        'small-ios',
        'Workloads with many small I/Os where syscall overhead dominates',
        ['io-uring-2-3x-epoll', 'micro-2-5x'],
        several({ kind: 'ratio', of: ['io_uring'], base: 'epoll-lt' }, { kind: 'call-cost' }),
        'whether it dominates is up to what a call costs on the host, and to how many requests share one.',
      ],
      [
        'async-files',
        'File I/O that needs to be truly async (no thread pool)',
        ['uring-buffered-truly-async'],
        seen(
          'uring-buffered',
          ['coldAtReturn', 'share of cold reads complete when the call returned:'],
          ['readWorkers', 'worker threads of reads:'],
          ['fsyncWorkers', 'of fsync:'],
          ['openWorkers', 'of openat:'],
          ['statxWorkers', 'of statx:'],
        ),
        'what cannot be started without blocking goes to io-wq, which is a thread pool, in the kernel.',
      ],
      [
        'runtimes',
        'Modern userspace runtimes (Tokio, monoio, glommio) lean on it heavily',
        ['trade-tokio'],
        beside(
          seen(
            'runtimes',
            ['nodeListenerInEpoll', 'a listener of Node is in an epoll set:'],
            ['python', 'of Python:'],
          ),
          'monoio and glommio do; Tokio’s own driver is epoll by mio',
          'tokio-uring, README',
        ),
        'not Tokio, unless tokio-uring is added.',
      ],
      [
        'sqpoll',
        'Kernel polling (SQPOLL) for lowest possible latency',
        ['sqpoll-lowest-latency', 'sqpoll-idle-cpu'],
        several(
          { kind: 'ratio', of: ['io_uring-sqpoll'], base: 'io_uring' },
          { kind: 'row', model: 'io_uring-sqpoll', load: 'one', of: ['p50', 'cpu'], named: true },
          cost('uring-nop-sqpoll-1', 'a no-op by the SQ thread'),
          cost('uring-nop-sqpoll-same-cpu', 'the thread on the same CPU'),
          cost('uring-nop-1', 'by a system call'),
        ),
        'it needs a CPU of its own for the kernel thread, which is billed in the CPU per request.',
      ],
    ],
  ],
  [
    EPOLL,
    [
      [
        'old-kernels',
        'You need to support kernels older than 5.10',
        ['trade-kernels-5-10'],
        beside(
          seen('uring-opcodes', ['count', 'operations of io_uring here:']),
          'io_uring since 5.1; multishot accept 5.19, DEFER_TASKRUN 6.1',
          'io_uring_setup(2)',
        ),
        '5.10 is a usual floor, not a limit of io_uring.',
      ],
      [
        'security',
        'Security-conscious environments (io_uring has had multiple CVEs; some hardened distros disable it)',
        ['trade-security-disable'],
        beside(
          seen(
            'uring-setup',
            ['disabledSysctl', 'kernel.io_uring_disabled here:'],
            ['unprivileged', 'works without privileges:'],
          ),
          'kernel.io_uring_disabled since 6.6; the default seccomp profile of Docker refuses it',
          'Linux, admin-guide/sysctl/kernel',
        ),
        null,
      ],
      [
        'simplicity',
        'Code simplicity and ecosystem maturity matter more than 30% throughput',
        ['trade-30pct'],
        { kind: 'ratio', of: ['io_uring'], base: 'epoll-lt' },
        'the guide says 30 %, 30–50 %, 2–3x, 2–5x and 5–10x in different places.',
      ],
      [
        'bottleneck',
        'Your bottleneck is CPU or network, not syscalls',
        [],
        { kind: 'standing', model: 'epoll-lt' },
        null,
      ],
      [
        'cross-platform',
        'Cross-platform code (epoll on Linux, kqueue on macOS)',
        [],
        seen('kqueue', ['filterRead', 'EVFILT_READ:'], ['filterWrite', 'EVFILT_WRITE:']),
        null,
      ],
    ],
  ],
  [
    THREADS,
    [
      [
        'low-concurrency',
        'Low concurrency (<5,000 connections) — code is 10x simpler',
        ['trade-threads-simple'],
        several(
          { kind: 'standing', model: 'blocking', connectionsMax: 5000 },
          { kind: 'crossing', first: 'blocking', second: 'epoll-lt' },
          seen(
            'threads-memory',
            ['kernelStackKiB', 'kernel stack of a thread:', 'KiB'],
            ['rssKiB', 'memory in use per thread:', 'KiB'],
          ),
        ),
        'it is not the count of connections that decides but how many are active: a thread that is woken for each request switches for each.',
      ],
      [
        'cpu-bound',
        'CPU-bound work per connection (encryption, computation) — threads keep CPU busy',
        [],
        notMeasured('an echo does no work between read and write; run --server measures a server that does'),
        null,
      ],
      [
        'green-threads',
        'Green-threaded languages (Go, Java virtual threads) — the runtime multiplexes efficiently',
        ['green-threads-epoll'],
        documented(
          'Go’s network poller and Java’s virtual threads wait by epoll',
          'Go, runtime/netpoll_epoll.go; JEP 444',
        ),
        'then it is epoll that is used, and not blocking I/O.',
      ],
      ['debugging', 'Debugging is easier with linear, blocking call stacks', [], notMeasured(OPINION), null],
    ],
  ],
];

/** "Tradeoffs", from what `recommend` says of the same run, probes and costs. */
export const TRADEOFFS: GuideTable = {
  id: 'tradeoffs',
  title: 'Tradeoffs',
  guide: [
    { key: 'when', header: 'the guide' },
    { key: 'says', header: '' },
  ],
  here: HERE,
  rows: ROWS.flatMap(([when, bullets]) =>
    bullets.map(
      ([id, says, claims, here, correction], i): GuideTableRow => ({
        id,
        claims,
        guide: { when: i === 0 ? when : '', says },
        here: { here },
        correction,
      }),
    ),
  ),
  notes: ['recommend tells of every load of the stored runs, and where two models cost the same.'],
};
