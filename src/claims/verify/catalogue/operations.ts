import { equals, fact, probe, source, YES } from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const OPERATIONS: ClaimSection = {
  title: '6. Operations table',
  claims: [
    {
      id: 'ops-basic-io',
      kind: 'static-fact',
      text: 'READ, WRITE, READ_FIXED, WRITE_FIXED exist',
      truth: 'READ/WRITE since 5.6; fixed since 5.1.',
      source: 'io_uring_enter(2)',
      assertions: [
        fact(
          'in this kernel',
          probe('uring-opcodes', ['READ', 'WRITE', 'READ_FIXED', 'WRITE_FIXED']),
          equals([true, true, true, true]),
        ),
      ],
    },
    {
      id: 'ops-fdatasync',
      kind: 'static-fact',
      text: 'Synchronization ops include “FDATASYNC”',
      truth: 'No such opcode: FSYNC with IORING_FSYNC_DATASYNC.',
      source: 'uapi enum io_uring_op',
      assertions: [fact('an opcode of its own', probe('uapi-header', 'hasFdatasync'), YES)],
    },
    {
      id: 'ops-setup-test',
      kind: 'static-fact',
      text: 'Special ops include “SETUP_TEST”',
      truth: 'Does not exist.',
      source: 'uapi enum io_uring_op',
      assertions: [fact('in the header', probe('uapi-header', 'hasSetupTest'), YES)],
    },
    {
      id: 'ops-waitid-timeout',
      kind: 'static-fact',
      text: 'WAITID listed under Timeout',
      truth:
        'WAITID is the waitid(2) equivalent, not a timeout (liburing man page says 6.5; from memory it merged in 6.7). Timeouts are TIMEOUT, TIMEOUT_REMOVE, LINK_TIMEOUT.',
      source: 'io_uring_enter(2)',
      assertions: [source('what it is', 'a timeout', 'waitid(2)', 'io_uring_enter(2)')],
    },
    {
      id: 'ops-fs-5-6',
      kind: 'historical',
      text: '“MKDIRAT, UNLINKAT, RENAMEAT, LINKAT (Linux 5.6+)”',
      truth: 'RENAMEAT/UNLINKAT 5.11; MKDIRAT/SYMLINKAT/LINKAT 5.15.',
      source: 'io_uring_enter(2) “Available since”',
      assertions: [
        source('MKDIRAT, LINKAT', 'Linux 5.6', 'Linux 5.15', 'io_uring_enter(2)'),
        source('UNLINKAT, RENAMEAT', 'Linux 5.6', 'Linux 5.11', 'io_uring_enter(2)'),
      ],
    },
    {
      id: 'ops-file-open',
      kind: 'static-fact',
      text: 'OPENAT, CLOSE, STATX, FADVISE, MADVISE exist',
      truth: 'All 5.6.',
      source: 'io_uring_enter(2)',
      assertions: [
        fact(
          'in this kernel',
          probe('uring-opcodes', ['OPENAT', 'CLOSE', 'STATX', 'FADVISE', 'MADVISE']),
          equals([true, true, true, true, true]),
        ),
      ],
    },
  ],
};
