import {
  atLeast,
  behaviour,
  cost,
  count,
  equals,
  fact,
  given,
  over,
  probe,
  ratio,
  source,
} from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const AIO: ClaimSection = {
  title: '5. AIO',
  claims: [
    {
      id: 'posix-aio-thread-pool',
      kind: 'behaviour',
      text: 'POSIX AIO in glibc is “a userspace thread pool that calls blocking pread/pwrite”; no kernel async I/O',
      truth:
        'sysdeps/pthread/aio_misc.c: max 20 threads by default, one thread per fd, requests on one fd serialised; idle threads exit after 1 s.',
      source: 'glibc sysdeps/pthread/aio_misc.c (optim = {20, 64, ...}; ESPIPE fallback); aio(7) NOTES',
      assertions: [
        behaviour('threads of the process do it', probe('posix-aio-threads', 'threads'), atLeast(2), {
          requires: [{ libc: 'glibc' }],
        }),
        behaviour('by blocking calls', probe('posix-aio-calls', 'preads'), atLeast(1), {
          requires: [{ libc: 'glibc' }],
        }),
        behaviour('not by the kernel', probe('posix-aio-calls', ['ioSubmits', 'rings']), equals([0, 0]), {
          requires: [{ libc: 'glibc' }],
        }),
      ],
    },
    {
      id: 'posix-aio-sockets',
      kind: 'behaviour',
      text: '(implied by pread/pwrite) POSIX AIO works on sockets',
      truth: 'glibc falls back to read()/write() when pread gives ESPIPE, so sockets work.',
      source: 'aio_misc.c handle_fildes_io ESPIPE branch',
      assertions: [
        behaviour(
          'a read of a socket ends with its bytes',
          probe('posix-aio-threads', 'socketRead'),
          atLeast(1),
          { requires: [{ libc: 'glibc' }] },
        ),
      ],
    },
    {
      id: 'posix-aio-starvation',
      kind: 'behaviour',
      text: '(unstated) POSIX AIO: with more idle connections than pool threads, a ready one waits behind them',
      truth:
        'Requests beyond 20 wait: a ready socket starves behind 20 idle ones. aio_init(aio_threads) raises it (before first use).',
      source: 'aio_misc.c optim.aio_threads',
      assertions: [
        behaviour(
          'a ready connection waits behind idle ones',
          probe('posix-aio-starvation', 'readyState'),
          equals('EINPROGRESS'),
          {
            requires: [{ libc: 'glibc' }],
            given: [given(probe('posix-aio-starvation', 'withMoreThreads'), equals('ok'))],
          },
        ),
      ],
    },
    {
      id: 'posix-aio-latency',
      kind: 'measured',
      text: 'POSIX AIO is “disappointing”',
      truth: 'Thread hand-off makes a cached 4K read 10-30x slower than pread.',
      source: 'measured on other hosts',
      assertions: [
        ratio(
          'a cached read of 4 KiB takes five times as long',
          over(cost('posix-aio-read-4k'), cost('pread-4k')),
          { low: 5 },
          { name: 'aio_read over pread', noise: 0.2 },
        ),
      ],
    },
    {
      id: 'aio-native-odirect-only',
      kind: 'behaviour',
      text: 'Native AIO does real async “only for O_DIRECT (raw block device, no page cache)”',
      truth:
        'O_DIRECT on ordinary ext4/xfs files works; also IOCB_CMD_POLL and FSYNC. It is not limited to raw block devices.',
      source: 'fs/aio.c; open(2) O_DIRECT',
      assertions: [
        count(
          'in the background with O_DIRECT',
          probe('native-aio-submit', 'directComplete'),
          { high: 0.5 },
          { name: 'reads that are complete when io_submit returns', unit: 'of 1', noise: 0.3 },
        ),
        count(
          'only of raw devices: io_submit takes all of the time of a file',
          probe('native-aio-submit', 'directShare'),
          { low: 0.8 },
          { name: 'time in io_submit, of that to the completion', unit: 'of 1', noise: 0.1 },
        ),
        behaviour(
          'nothing but O_DIRECT: no IOCB_CMD_POLL of a socket',
          probe('native-aio-socket', 'pollAfterWrite'),
          equals(0),
        ),
      ],
    },
    {
      id: 'aio-native-buffered-sync',
      kind: 'behaviour',
      text: '“Regular buffered file I/O silently falls back to synchronous”',
      truth: 'io_submit blocks for the whole read.',
      source: 'fs/aio.c aio_read; measured on other hosts',
      assertions: [
        count(
          'io_submit takes all of the time',
          probe('native-aio-submit', 'coldShare'),
          { low: 0.8 },
          { name: 'time in io_submit, of that to the completion, not cached', unit: 'of 1', noise: 0.1 },
        ),
        count(
          'complete when it returns',
          probe('native-aio-submit', 'coldComplete'),
          { low: 0.8 },
          { name: 'reads that are, not cached', unit: 'of 1', noise: 0.1 },
        ),
      ],
    },
    {
      id: 'aio-native-useless-99',
      kind: 'historical',
      text: 'Limitation “made it useless for 99% of applications”',
      truth: 'Unquantifiable; InnoDB, ScyllaDB/Seastar, QEMU, nginx(aio) used it heavily.',
      source: 'dev.mysql.com innodb-linux-native-aio',
      assertions: [
        source(
          'who could use it',
          '1 % of applications',
          'nobody counted; InnoDB, Seastar, QEMU and nginx did',
          'their documentation',
        ),
      ],
    },
    {
      id: 'aio-native-poll',
      kind: 'behaviour',
      text: '(implied) native AIO cannot do sockets',
      truth:
        'IOCB_CMD_POLL works on sockets/pipes: in 4.18-rc1, reverted, re-merged for 4.19 (commonly quoted as 4.18). One-shot.',
      source: 'lkml 2018-07 “aio poll V20/V21” series; include/uapi/linux/aio_abi.h',
      assertions: [
        behaviour(
          'a poll of a socket does not end when data comes',
          probe('native-aio-socket', 'pollAfterWrite'),
          equals(0),
        ),
      ],
    },
    {
      id: 'aio-native-pread-socket',
      kind: 'behaviour',
      text: '(omitted) io_submit of a read of a blocking socket blocks',
      truth: 'Blocks inside io_submit until data arrives; with O_NONBLOCK completes with -EAGAIN.',
      source: 'net/socket.c sock_read_iter',
      assertions: [
        ratio(
          'io_submit lasts until the peer writes',
          over(probe('native-aio-socket', 'preadSubmitMs'), probe('native-aio-socket', 'preadDelayMs')),
          { low: 0.8, high: 3 },
          { name: 'time in io_submit over that until the peer wrote' },
        ),
        behaviour(
          'O_NONBLOCK: the result is EAGAIN',
          probe('native-aio-socket', 'nonblockResult'),
          equals('EAGAIN'),
        ),
      ],
    },
    {
      id: 'aio-glibc-no-wrapper',
      kind: 'static-fact',
      text: 'glibc does not wrap io_setup/io_submit/io_getevents',
      truth: 'libaio does.',
      source: 'io_submit(2) NOTES',
      assertions: [fact('none is exported', probe('native-aio-setup', 'wrappers'), equals(0))],
    },
    {
      id: 'aio-sample-compile',
      kind: 'static-fact',
      text: 'Native AIO sample (io_prep_pread, cb.aio_sigev_notify) with linux/aio_abi.h',
      truth:
        "io_prep_pread is libaio's, and its struct iocb is different; kernel struct iocb has no aio_sigev_notify. Does not compile.",
      source: 'linux/aio_abi.h',
      assertions: [
        fact('the sample compiles', probe('native-aio-sample', 'errors'), equals(0), {
          given: [given(probe('native-aio-sample', 'controlErrors'), equals(0))],
        }),
      ],
    },
    {
      id: 'aio-io-setup-256',
      kind: 'behaviour',
      text: 'io_setup(256): “256 concurrent events”',
      truth: 'fs.aio-nr grows by 256 (ring may hold more); fs.aio-max-nr is the system cap.',
      source: 'fs/aio.c ioctx_alloc',
      assertions: [behaviour('fs.aio-nr grows by it', probe('native-aio-setup', 'grew'), equals(256))],
    },
    {
      id: 'aio-dead-ends',
      kind: 'recommendation',
      text: 'Both AIO interfaces are “dead ends”; io_uring works “on all FD types”',
      truth: 'POSIX AIO yes. Native AIO is still maintained. io_uring reads work on every kind tried.',
      source: 'measured on other hosts',
      assertions: [
        source('POSIX AIO', 'a dead end', 'a dead end', 'glibc, sysdeps/pthread/aio_misc.c'),
        source('native AIO', 'a dead end', 'maintained; IOCB_CMD_POLL came in 4.19', 'fs/aio.c'),
        count(
          'io_uring reads every kind',
          over(probe('uring-read-kinds', 'worked'), probe('uring-read-kinds', 'kinds')),
          { low: 0.99 },
          { name: 'kinds of descriptors that IORING_OP_READ reads', unit: 'of 1', noise: 0.005 },
        ),
      ],
    },
  ],
};
