import { expect, test } from 'vitest';
import { featureMatrix } from '../compare/feature-matrix.ts';
import { PROBE_GUEST, PROBED } from '../fixtures/features.ts';
import { renderMarkdown } from '../render/markdown.ts';
import { renderDocument } from '../render/terminal.ts';
import { featuresReport } from './features.ts';

const matrix = featureMatrix(PROBED, PROBE_GUEST);
const rendered = (all: boolean) =>
  renderDocument(featuresReport(matrix, { all }), { width: 100, color: false });

test('shows where kernels differ, and the rest in a few lines', () => {
  expect(rendered(false)).toMatchInlineSnapshot(`
    "Features of the kernels 5.10.1, 7.2.3, 6.6.1
    guests · clock tcg: no number of it means anything · QEMU 10.0.13 · -cpu max
    5.10.1  Linux 5.10.1 #1 SMP 2020
    7.2.3  Linux 7.2.3 #1 SMP 2026
    6.6.1  Linux 6.6.1 (broke)
    io_uring operations that they know: 5.10.1 2, 7.2.3 66

    What not all of them have
    group                  feature             5.10.1      7.2.3               6.6.1
    models                 io_uring            yes         yes: DEFER_TASKRUN  -
                           io_uring-multishot  no          yes                 -
    ─────────────────────  ──────────────────  ──────────  ──────────────────  ─────
    io_uring operations    SOCKET              no          yes                 -
                           opcode 65           no          yes                 -
    ─────────────────────  ──────────────────  ──────────  ──────────────────  ─────
    io_uring feature bits  NO_IOWAIT           no          yes                 -
    ─────────────────────  ──────────────────  ──────────  ──────────────────  ─────
    epoll                  EPIOCSPARAMS        no: EINVAL  yes                 -
      io_uring-multishot under 5.10.1: no multishot accept: it came with Linux 5.19

    The same under all of them
    group                  there   how  features
                                  many
    models                 yes       1  epoll-lt
    ─────────────────────  ─────  ────  ─────────────────────
    io_uring operations    yes       2  NOP, RECV
    ─────────────────────  ─────  ────  ─────────────────────
    io_uring feature bits  yes       1  NODROP
    ─────────────────────  ─────  ────  ─────────────────────
    epoll                  yes       1  EPOLLET
    ─────────────────────  ─────  ────  ─────────────────────
    epoll                  no        1  EPOLLWAKEUP (ignored)

    warning: 6.6.1 broke: the kernel panicked: VFS. Its console: /x/console.log"
  `);
});
test('shows a line for every feature where it is asked for, those that differ first in their group', () => {
  expect(rendered(true)).toMatchInlineSnapshot(`
    "Features of the kernels 5.10.1, 7.2.3, 6.6.1
    guests · clock tcg: no number of it means anything · QEMU 10.0.13 · -cpu max
    5.10.1  Linux 5.10.1 #1 SMP 2020
    7.2.3  Linux 7.2.3 #1 SMP 2026
    6.6.1  Linux 6.6.1 (broke)
    io_uring operations that they know: 5.10.1 2, 7.2.3 66

    Every feature
    group                  feature             5.10.1           7.2.3                           6.6.1
    models                 io_uring            yes: SUBMIT_ALL  yes: SUBMIT_ALL, DEFER_TASKRUN  -
                           io_uring-multishot  no               yes                             -
                           epoll-lt            yes              yes                             -
    ─────────────────────  ──────────────────  ───────────────  ──────────────────────────────  ─────
    io_uring operations    SOCKET              no               yes                             -
                           opcode 65           no               yes                             -
                           NOP                 yes              yes                             -
                           RECV                yes              yes                             -
    ─────────────────────  ──────────────────  ───────────────  ──────────────────────────────  ─────
    io_uring feature bits  NO_IOWAIT           no               yes                             -
                           NODROP              yes              yes                             -
    ─────────────────────  ──────────────────  ───────────────  ──────────────────────────────  ─────
    epoll                  EPIOCSPARAMS        no: EINVAL       yes                             -
                           EPOLLET             yes              yes                             -
                           EPOLLWAKEUP         no: ignored      no: ignored                     -
      io_uring-multishot under 5.10.1: no multishot accept: it came with Linux 5.19

    warning: 6.6.1 broke: the kernel panicked: VFS. Its console: /x/console.log"
  `);
});
test('is markdown as well', () => {
  expect(renderMarkdown(featuresReport(matrix))).toMatchInlineSnapshot(`
    "# Features of the kernels 5.10.1, 7.2.3, 6.6.1

    - guests · clock tcg: no number of it means anything · QEMU 10.0.13 · -cpu max
    - 5.10.1  Linux 5.10.1 \\#1 SMP 2020
    - 7.2.3  Linux 7.2.3 \\#1 SMP 2026
    - 6.6.1  Linux 6.6.1 (broke)
    - io_uring operations that they know: 5.10.1 2, 7.2.3 66

    ## What not all of them have

    | group | feature | 5.10.1 | 7.2.3 | 6.6.1 |
    | --- | --- | --- | --- | --- |
    | models | io_uring | yes | yes: DEFER_TASKRUN | - |
    |  | io_uring-multishot | no | yes | - |
    | io_uring operations | SOCKET | no | yes | - |
    |  | opcode 65 | no | yes | - |
    | io_uring feature bits | NO_IOWAIT | no | yes | - |
    | epoll | EPIOCSPARAMS | no: EINVAL | yes | - |

    - io_uring-multishot under 5.10.1: no multishot accept: it came with Linux 5.19

    ## The same under all of them

    | group | there | features | how many |
    | --- | --- | --- | ---: |
    | models | yes | epoll-lt | 1 |
    | io_uring operations | yes | NOP, RECV | 2 |
    | io_uring feature bits | yes | NODROP | 1 |
    | epoll | yes | EPOLLET | 1 |
    | epoll | no | EPOLLWAKEUP (ignored) | 1 |

    - warning: 6.6.1 broke: the kernel panicked: VFS. Its console: /x/console.log"
  `);
});
test('has no table of differences for one kernel', () => {
  const { parts } = featuresReport(featureMatrix(PROBED.slice(0, 1), PROBE_GUEST));
  expect(parts.map((part) => (part.kind === 'table' ? part.table.title : part.kind))).toEqual([
    'What it has',
  ]);
});
