import type { Mechanism } from '../guide-schema.ts';
import type { Reading } from './reading.ts';
import { cost, cycles, seen, several } from './table.ts';

/**
 * What answers cells of the older tables beside, or instead of, their assertion: costs and probes. By id of the row, and of the table of io_uring
 * and epoll by mechanism. What is documented there stays behind what is measured.
 */
export const MEASURED_NUMBERS: Readonly<Record<string, Reading>> = {
  'fd-setsize': seen(
    'select-beyond',
    ['fdSetSize', 'FD_SETSIZE of this C library:'],
    ['fd', 'the raw call with descriptor'],
    ['reported', 'reports it:'],
  ),
  'epoll-connections': seen(
    'epoll-watches',
    ['watches', 'watches that one set held:'],
    ['maxUserWatches', 'fs.epoll.max_user_watches:'],
    ['noFile', 'RLIMIT_NOFILE:'],
  ),
  'syscall-cost': several(
    cycles('syscall-noop', 'a call that does nothing'),
    cycles('read-0', 'read of 0 bytes'),
    cycles('tcp-recv-64', 'recv of 64 bytes over loopback'),
  ),
  'io-uring-since': seen('uring-opcodes', ['count', 'operations that this kernel has:']),
  'epoll-wait-cost': several(
    cost('epoll-wait-0-of-1000', 'none ready of 1,000'),
    cost('epoll-wait-1-of-1000', 'one ready of 1,000'),
    cost('epoll-wait-1-of-18000', 'one ready of 18,000'),
    cost(
      'wake-epoll-two-cpus',
      'from a write to the return of epoll_wait in a thread that slept on another CPU',
    ),
    cost('wake-read-two-cpus', 'the same into a blocking read'),
  ),
  'cq-polling': several(
    cost('uring-cq-peek', 'to look at an empty CQ'),
    cost('uring-nop-1', 'a no-op, submitted and waited for'),
    cost('uring-nop-sqpoll-1', 'the same by the SQ thread'),
  ),
  'mode-switch': several(
    cycles('syscall-enosys', 'into the kernel and back (mode switch)'),
    cycles('context-switch-same-cpu', 'to another thread on the CPU (context switch)'),
  ),
  'entry-size': seen(
    'uring-setup',
    ['sqeBytes', 'an SQE of a ring made here:', 'B'],
    ['cqeBytes', 'a CQE:', 'B'],
    ['sqe128Bytes', 'with SETUP_SQE128:', 'B'],
    ['cqe32Bytes', 'with SETUP_CQE32:', 'B'],
  ),
};

const FILE_READY: Reading = seen(
  'file-readiness',
  ['pollFile', 'poll reports a file:'],
  ['pollAtEof', 'at its end:'],
  ['selectFile', 'select:'],
  ['selectAtEof', 'at its end:'],
  ['coldReadUs', 'the read after it, not cached:', 'µs'],
  ['cachedReadUs', 'cached:', 'µs'],
);

export const MEASURED_CONTEXT: Readonly<Record<string, Readonly<Partial<Record<Mechanism, Reading>>>>> = {
  'fd-set-location': {
    'select/poll': seen(
      'select-sets',
      ['setClobbered', 'select overwrites the set:'],
      ['bytes64', 'bytes of a set that it takes with 64 descriptors:'],
      ['bytes1000', 'with 1,000:'],
      ['pollBytesPerFd', 'poll, bytes per entry:'],
      ['pollEventsKept', 'keeps what was asked for:'],
    ),
    epoll: seen('epoll-calls', ['calls', 'calls of a program:']),
  },
  'fixed-buffers': {
    io_uring: several(
      seen('registered-files', ['fixedBufferRead', 'a read into a registered buffer, bytes:']),
      cost('registered-buffer-64', 'saved per cached read of 64 B'),
      cost('registered-buffer-4k', 'of 4 KiB'),
      cost('registered-file-64', 'by a registered file, of 64 B'),
    ),
  },
  'kernel-polling': {
    'select/poll': seen('epoll-busy-poll', ['sysctlUs', 'net.core.busy_poll:', 'µs']),
    epoll: seen('epoll-busy-poll', ['ioctl', 'EPIOCGPARAMS:']),
    io_uring: several(
      { kind: 'per-model', models: ['io_uring-sqpoll'], figures: 'cost-sqpoll' },
      seen(
        'sqpoll-calls',
        ['operations', 'operations:'],
        ['calls', 'calls around them:'],
        ['unprivileged', 'without privileges:'],
      ),
      seen(
        'sqpoll-idle',
        ['needWakeupMs', 'the thread sleeps after', 'ms'],
        ['wakeCalls', 'calls to wake it:'],
        ['busyCpu', 'share of a CPU while it polls:'],
        ['parkedCpu', 'asleep:'],
      ),
    ),
  },
  'regular-files': {
    'select/poll': FILE_READY,
    epoll: seen(
      'epoll-fd-kinds',
      ['regularFile', 'EPOLL_CTL_ADD of a file:'],
      ['directory', 'of a directory:'],
    ),
    io_uring: several(
      seen('uring-read-kinds', ['regular', 'bytes that READ took of a file:']),
      seen(
        'uring-buffered',
        ['coldAtReturn', 'share of reads that were not cached, complete when the call returned:'],
        ['readWorkers', 'worker threads that they brought:'],
      ),
    ),
  },
  'multishot-accept': {
    io_uring: seen(
      'multishot-accept',
      ['connections', 'connections:'],
      ['plain', 'completions of a plain accept:'],
      ['multishot', 'completions of one IORING_ACCEPT_MULTISHOT:'],
      ['async', 'of one with IOSQE_ASYNC:'],
    ),
  },
  'chained-operations': {
    io_uring: several(
      seen(
        'link-order',
        ['inOrder', 'of 32 linked writes in order:'],
        ['received', 'connect, send, shutdown: bytes received'],
      ),
      seen(
        'link-short-read',
        ['first', 'a short read, bytes:'],
        ['second', 'the one linked behind it:'],
        ['hardSecond', 'by a hard link:'],
      ),
      seen('link-fd', ['opened', 'openat linked before:'], ['read', 'a read of fd −1 behind it:']),
    ),
  },
  'min-kernel': {
    io_uring: seen('uring-opcodes', ['count', 'operations here:']),
  },
};
