import type { ClaimSection } from '../claim.ts';

export const LINKED: ClaimSection = {
  title: '6. Linked SQEs',
  claims: [
    {
      id: 'link-fd-minus1',
      kind: 'behaviour',
      text: 'Linked openat -> read(-1) -> close(-1): “-1 = use fd from linked op”',
      truth:
        'No fd passing. read gets EBADF, close is cancelled (ECANCELED), the opened fd leaks. Use direct descriptors: openat_direct slot + IOSQE_FIXED_FILE.',
      source: 'io_uring_linked_requests(7); own measurement',
      how: 'run verbatim; run the direct-descriptor chain; print the three CQEs',
      assertions: [],
    },
    {
      id: 'link-atomic',
      kind: 'behaviour',
      text: '“Linked SQEs: Atomic Operation Chains”; “models pipeline parallelism”',
      truth:
        'Ordering only, no atomicity or rollback, no parallelism; an error or short transfer cancels the rest.',
      source: 'io_uring_linked_requests(7)',
      how: 'short-read chain as above',
      assertions: [],
    },
    {
      id: 'link-sequential',
      kind: 'behaviour',
      text: 'IOSQE_IO_LINK: next SQE does not start until the current completes; connect->send->shutdown possible',
      truth: 'Since 5.3; SHUTDOWN since 5.11.',
      source: 'io_uring_enter(2)',
      how: 'run connect->send->shutdown',
      assertions: [],
    },
  ],
};
