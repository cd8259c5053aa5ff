import { atLeast, behaviour, given, probe } from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const MULTISHOT_ACCEPT: ClaimSection = {
  title: '6. Multi-shot accept',
  claims: [
    {
      id: 'multishot-ioasync',
      kind: 'behaviour',
      text: '“With IOSQE_ASYNC flag on an accept SQE, one SQE can produce multiple CQEs”',
      truth:
        'IOSQE_ASYNC only forces an io-wq worker. Multishot is IORING_ACCEPT_MULTISHOT in ioprio (io_uring_prep_multishot_accept), 5.19; check IORING_CQE_F_MORE and re-arm.',
      source: 'io_uring_prep_accept(3); commit 390ed29b5e42',
      assertions: [
        behaviour(
          'IOSQE_ASYNC: several completions of one request',
          probe('multishot-accept', 'async'),
          atLeast(2),
          {
            requires: [{ kernel: '5.19' }],
            given: [given(probe('multishot-accept', 'multishot'), atLeast(2))],
          },
        ),
      ],
    },
  ],
};
