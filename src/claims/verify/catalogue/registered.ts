import {
  atLeast,
  behaviour,
  cost,
  costs,
  equals,
  fact,
  given,
  over,
  probe,
  ratio,
  source,
} from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const REGISTERED: ClaimSection = {
  title: '6. Fixed buffers / registered files',
  claims: [
    {
      id: 'cqe-size-contradiction',
      kind: 'static-fact',
      text: '“Each SQE/CQE is 64 bytes” vs earlier “The CQE is 32 bytes”',
      truth: 'Both wrong: 16.',
      source: 'the guide itself; linux/io_uring.h',
      assertions: [
        source('what the guide says of a CQE', '64 bytes', '32 bytes, elsewhere', 'the guide itself'),
        fact('what it is', probe('uapi-header', 'cqeBytes'), equals(64)),
      ],
    },
    {
      id: 'rings-fit-l1',
      kind: 'static-fact',
      text: 'With 256 entries “the rings are tiny and fit in L1 cache”',
      truth: '16 KB SQEs + 1 KB array + 8 KB CQEs = ~25 KB of a 32 KB L1d; nothing else would fit.',
      source: 'setup offsets; lscpu',
      assertions: [
        ratio(
          '256 entries, both rings and the SQEs',
          over(probe('uring-setup', 'ringBytes'), probe('uring-setup', 'l1dBytes')),
          { high: 1 },
          { name: 'bytes of them over the L1 data cache', noise: 0.02 },
        ),
      ],
    },
    {
      id: 'fixed-buffers-pin',
      kind: 'measured',
      text: 'Registered buffers spare per-op pin/map, “without address translation overhead”',
      truth:
        'Helps O_DIRECT and zero-copy sends. For buffered files and sockets nothing is pinned, and the effect is within the noise.',
      source: 'io_uring_registered_buffers(7); measured on other hosts',
      assertions: [
        ratio(
          'cached reads of 64 bytes are cheaper',
          over(cost('uring-read-fixed-buffer-64'), cost('uring-read-64')),
          { high: 0.97 },
          { name: 'with a registered buffer over without', noise: 0.01 },
        ),
        ratio(
          'cached reads of 4 KiB are cheaper',
          over(cost('uring-read-fixed-buffer-4k'), cost('uring-read-4k')),
          { high: 0.97 },
          { name: 'with a registered buffer over without', noise: 0.01 },
        ),
      ],
    },
    {
      id: 'registered-files-lookup',
      kind: 'measured',
      text: 'Registered files skip “the file table lookup” (of “epoll_ctl-equivalent operations”)',
      truth: 'Saves fget/fput per op (about 20-30 ns); nothing to do with epoll_ctl.',
      source: 'io_uring_registered_files(7)',
      assertions: [
        costs(
          'what a registered file spares a read',
          cost('registered-file-64'),
          { low: 5, high: 100 },
          { name: 'read of a plain file less that of a registered one', noise: 0.2 },
        ),
      ],
    },
    {
      id: 'registered-fd-sample',
      kind: 'behaviour',
      text: 'Sample: io_uring_prep_read_fixed(sqe, fd1, ...) “uses registered FD index”',
      truth:
        'Needs the table index and IOSQE_FIXED_FILE; passing fd1 uses the normal fd. read_fixed is about buffers.',
      source: 'io_uring_enter(2) IOSQE_FIXED_FILE',
      assertions: [
        behaviour(
          'the form of the sample reads the registered file',
          probe('registered-files', 'sampleForm'),
          atLeast(1),
          { given: [given(probe('registered-files', 'indexForm'), atLeast(1))] },
        ),
      ],
    },
  ],
};
