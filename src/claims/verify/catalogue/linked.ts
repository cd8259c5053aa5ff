import { atLeast, atMost, behaviour, equals, given, NO, probe, source, YES } from '../assertions.ts';
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
      source: 'io_uring_linked_requests(7); measured on other hosts',
      assertions: [
        behaviour('read(-1) reads what was opened', probe('link-fd', 'read'), atLeast(1), {
          given: [given(probe('link-fd', 'opened'), YES)],
        }),
        behaviour('close(-1) closes it', probe('link-fd', 'leaked'), NO, {
          given: [given(probe('link-fd', 'opened'), YES)],
        }),
      ],
    },
    {
      id: 'link-atomic',
      kind: 'behaviour',
      text: '“Linked SQEs: Atomic Operation Chains”; “models pipeline parallelism”',
      truth:
        'Ordering only, no atomicity or rollback, no parallelism; an error or short transfer cancels the rest.',
      source: 'io_uring_linked_requests(7)',
      assertions: [
        behaviour(
          'what breaks does nothing: no byte of a short read',
          probe('link-short-read', 'first'),
          atMost(0),
        ),
        behaviour('the rest is done all the same', probe('link-short-read', 'third'), atLeast(0)),
        source('what links express', 'pipeline parallelism', 'an order', 'io_uring_linked_requests(7)'),
      ],
    },
    {
      id: 'link-sequential',
      kind: 'behaviour',
      text: 'IOSQE_IO_LINK: next SQE does not start until the current completes; connect->send->shutdown possible',
      truth: 'Since 5.3; SHUTDOWN since 5.11.',
      source: 'io_uring_enter(2)',
      assertions: [
        behaviour(
          'connect, send, shutdown',
          probe('link-order', ['connect', 'send', 'shutdown']),
          equals([0, 3, 0]),
        ),
        behaviour('32 writes arrive in order', probe('link-order', 'inOrder'), equals(32)),
      ],
    },
  ],
};
