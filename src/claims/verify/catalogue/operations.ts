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
      how: 'IORING_REGISTER_PROBE',
      assertions: [],
    },
    {
      id: 'ops-fdatasync',
      kind: 'static-fact',
      text: 'Synchronization ops include “FDATASYNC”',
      truth: 'No such opcode: FSYNC with IORING_FSYNC_DATASYNC.',
      source: 'uapi enum io_uring_op',
      how: 'grep the enum',
      assertions: [],
    },
    {
      id: 'ops-setup-test',
      kind: 'static-fact',
      text: 'Special ops include “SETUP_TEST”',
      truth: 'Does not exist.',
      source: 'uapi enum io_uring_op',
      how: 'grep the enum',
      assertions: [],
    },
    {
      id: 'ops-waitid-timeout',
      kind: 'static-fact',
      text: 'WAITID listed under Timeout',
      truth:
        'WAITID is the waitid(2) equivalent, not a timeout (liburing man page says 6.5; from memory it merged in 6.7). Timeouts are TIMEOUT, TIMEOUT_REMOVE, LINK_TIMEOUT.',
      source: 'io_uring_enter(2)',
      how: 'probe opcode 50',
      assertions: [],
    },
    {
      id: 'ops-fs-5-6',
      kind: 'historical',
      text: '“MKDIRAT, UNLINKAT, RENAMEAT, LINKAT (Linux 5.6+)”',
      truth: 'RENAMEAT/UNLINKAT 5.11; MKDIRAT/SYMLINKAT/LINKAT 5.15.',
      source: 'io_uring_enter(2) “Available since”',
      how: 'man page text; probe on old kernels',
      assertions: [],
    },
    {
      id: 'ops-file-open',
      kind: 'static-fact',
      text: 'OPENAT, CLOSE, STATX, FADVISE, MADVISE exist',
      truth: 'All 5.6.',
      source: 'io_uring_enter(2)',
      how: 'probe',
      assertions: [],
    },
  ],
};
