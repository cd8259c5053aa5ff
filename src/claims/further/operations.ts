import { documented, type GuideTable, type GuideTableRow, HERE, seen, several } from './table.ts';

const MAN = 'io_uring_enter(2), linux/io_uring.h';

interface Operation {
  readonly name: string;
  /** The kernel that brought it. */
  readonly since: string;
}

const op = (name: string, since: string): Operation => ({ name, since });

interface Category {
  readonly id: string;
  readonly category: string;
  readonly says: string;
  readonly claims: readonly string[];
  readonly operations: readonly Operation[];
  readonly correction: string | null;
}

const CATEGORIES: readonly Category[] = [
  {
    id: 'basic',
    category: 'Basic I/O',
    says: 'IORING_OP_READ, WRITE, READ_FIXED, WRITE_FIXED',
    claims: ['ops-basic-io'],
    operations: [op('READ', '5.6'), op('WRITE', '5.6'), op('READ_FIXED', '5.1'), op('WRITE_FIXED', '5.1')],
    correction: null,
  },
  {
    id: 'socket',
    category: 'Socket I/O',
    says: 'IORING_OP_RECV, SEND, RECVMSG, SENDMSG',
    claims: [],
    operations: [op('RECV', '5.6'), op('SEND', '5.6'), op('RECVMSG', '5.3'), op('SENDMSG', '5.3')],
    correction: null,
  },
  {
    id: 'connect',
    category: 'Accept/Connect',
    says: 'IORING_OP_ACCEPT, CONNECT',
    claims: ['tl-2019-uring-accept'],
    operations: [op('ACCEPT', '5.5'), op('CONNECT', '5.5')],
    correction: null,
  },
  {
    id: 'file',
    category: 'File operations',
    says: 'IORING_OP_OPENAT, CLOSE, STATX, FADVISE, MADVISE',
    claims: ['ops-file-open'],
    operations: ['OPENAT', 'CLOSE', 'STATX', 'FADVISE', 'MADVISE'].map((name) => op(name, '5.6')),
    correction: null,
  },
  {
    id: 'synchronization',
    category: 'Synchronization',
    says: 'IORING_OP_FSYNC, SYNC_FILE_RANGE, FDATASYNC',
    claims: ['ops-fdatasync'],
    operations: [op('FSYNC', '5.1'), op('SYNC_FILE_RANGE', '5.2')],
    correction: 'there is no FDATASYNC: it is FSYNC with IORING_FSYNC_DATASYNC.',
  },
  {
    id: 'timeout',
    category: 'Timeout',
    says: 'IORING_OP_TIMEOUT, TIMEOUT_REMOVE, WAITID',
    claims: ['ops-waitid-timeout'],
    operations: [
      op('TIMEOUT', '5.4'),
      op('TIMEOUT_REMOVE', '5.5'),
      op('LINK_TIMEOUT', '5.5'),
      op('WAITID', '6.7'),
    ],
    correction: 'WAITID is waitid(2), no timeout; the third one is LINK_TIMEOUT.',
  },
  {
    id: 'filesystem',
    category: 'Filesystem',
    says: 'IORING_OP_MKDIRAT, UNLINKAT, RENAMEAT, LINKAT (Linux 5.6+)',
    claims: ['ops-fs-5-6'],
    operations: [op('MKDIRAT', '5.15'), op('UNLINKAT', '5.11'), op('RENAMEAT', '5.11'), op('LINKAT', '5.15')],
    correction: 'UNLINKAT and RENAMEAT came with 5.11, MKDIRAT and LINKAT with 5.15.',
  },
  {
    id: 'special',
    category: 'Special',
    says: 'IORING_OP_NOP, ASYNC_CANCEL, SETUP_TEST',
    claims: ['ops-setup-test'],
    operations: [op('NOP', '5.1'), op('ASYNC_CANCEL', '5.5')],
    correction: 'there is no SETUP_TEST, and never was.',
  },
];

/** "io_uring Operations (IORING_OP_*)": asked of the kernel by IORING_REGISTER_PROBE. */
export const OPERATIONS: GuideTable = {
  id: 'operations',
  title: 'io_uring operations',
  guide: [
    { key: 'category', header: 'the guide' },
    { key: 'says', header: '' },
  ],
  here: [...HERE, { key: 'since', header: 'since Linux' }],
  rows: CATEGORIES.map(
    ({ id, category, says, claims, operations, correction }): GuideTableRow => ({
      id,
      claims,
      guide: { category, says },
      here: {
        since: documented(sinceText(operations), MAN),
        here: several(
          seen('uring-opcodes', ...operations.map(({ name }) => [name, `${name}:`] as const)),
          ...(id === 'synchronization'
            ? [seen('uapi-header', ['hasFdatasync', 'FDATASYNC in the header:'])]
            : []),
          ...(id === 'special' ? [seen('uapi-header', ['hasSetupTest', 'SETUP_TEST in the header:'])] : []),
        ),
      },
      correction,
    }),
  ),
  notes: [
    'yes and no are what the kernel answers to IORING_REGISTER_PROBE: that it has the operation, not that it succeeds.',
    'kernels probe prints all operations and flags, of this and of other kernels.',
  ],
};

function sinceText(operations: readonly Operation[]): string {
  const kernels = [...new Set(operations.map(({ since }) => since))];
  return kernels
    .map(
      (kernel) =>
        `${kernel}: ${operations
          .filter(({ since }) => since === kernel)
          .map(({ name }) => name)
          .join(', ')}`,
    )
    .join('; ');
}
