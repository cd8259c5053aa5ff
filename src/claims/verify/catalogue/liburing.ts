import { atLeast, behaviour, equals, fact, given, probe, source } from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const LIBURING: ClaimSection = {
  title: '6. liburing',
  claims: [
    {
      id: 'uring-wait-cqe-blocks',
      kind: 'behaviour',
      text: 'io_uring_wait_cqe “blocks, calls io_uring_enter”',
      truth: 'Only if no CQE is available.',
      source: 'liburing, queue.c',
      assertions: [
        behaviour('where there is none yet', probe('liburing', 'waitEmptyCalls'), atLeast(1)),
        behaviour('where there is one already', probe('liburing', 'waitCalls'), atLeast(1)),
      ],
    },
    {
      id: 'liburing-ships-with-linux',
      kind: 'historical',
      text: 'liburing is “the userspace library that ships with Linux”',
      truth:
        'Separate project (github.com/axboe/liburing), packaged by distributions; not in the kernel tree.',
      source: 'axboe/liburing README',
      assertions: [
        source(
          'where it is from',
          'the Linux source',
          'a project of its own, packaged by distributions',
          'github.com/axboe/liburing',
        ),
      ],
    },
    {
      id: 'liburing-helper-overhead',
      kind: 'measured',
      text: 'Raw rings “eliminate the helper function call overhead”',
      truth: 'prep_*, cqe_seen, for_each are static inline; only submit/wait are calls (ns against us).',
      source: 'nm -D liburing.so',
      assertions: [
        fact('helpers that are called, not inlined', probe('liburing', 'prepExports'), atLeast(1)),
      ],
    },
    {
      id: 'uring-256-entry-rings',
      kind: 'behaviour',
      text: 'queue_init(256): “256-entry rings”',
      truth: 'SQ 256, CQ 512 unless SETUP_CQSIZE.',
      source: 'io_uring_setup(2)',
      assertions: [
        behaviour('the SQ', probe('uring-setup', 'sqEntries'), equals(256)),
        behaviour('the CQ', probe('uring-setup', 'cqEntries'), equals(256)),
      ],
    },
    {
      id: 'uring-sample-printf',
      kind: 'static-fact',
      text: 'printf("op %u returned", cqe->user_data)',
      truth: 'user_data is __u64 (unsigned long long): -Wformat warnings for %u and %lu.',
      source: 'gcc -Wall',
      assertions: [
        fact('it compiles without a warning', probe('uring-samples', 'printfWarnings'), equals(0), {
          given: [given(probe('uring-samples', 'printfControl'), equals(0))],
        }),
      ],
    },
  ],
};
