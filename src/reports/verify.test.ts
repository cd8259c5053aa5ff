import { expect, test } from 'vitest';
import { cost, probe } from '../claims/verify/assertions.ts';
import { CLAIMS } from '../claims/verify/sections.ts';
import { verifyClaims } from '../claims/verify/verify.ts';
import { GOOD_ENVIRONMENT } from '../fixtures/facts.ts';
import { fakeObservations, keyOf, NOTHING_KNOWN } from '../fixtures/observations.ts';
import { renderMarkdown } from '../render/markdown.ts';
import { renderDocument } from '../render/terminal.ts';
import { explainReport, summaryLine, verifyReport } from './verify.ts';

const quantity = (value: number, low: number, high: number) => ({
  ...{ value, unit: 'ns', interval: { low, high } },
});
const observations = fakeObservations({
  ...NOTHING_KNOWN,
  numbers: new Map([
    [keyOf(cost('syscall-noop')), quantity(163.4, 163, 164.2)],
    [keyOf(cost('context-switch-same-cpu')), quantity(1812, 1760, 2090)],
  ]),
  observed: new Map<string, boolean | number>([
    [keyOf(probe('select-beyond', 'fdSetSize')), 1024],
    [keyOf(probe('select-beyond', 'reported')), true],
  ]),
});
const verified = verifyClaims(
  CLAIMS.filter(({ id }) =>
    [
      'select-fd-setsize',
      'syscall-cost',
      'tl-1994-poll',
      'blocking-switch-150-300ns',
      'single-syn-events',
    ].includes(id),
  ),
  observations,
);
const sources = {
  environment: GOOD_ENVIRONMENT,
  lines: ['costs · 21 rounds'],
  warnings: ['failed: probe herd: it did not end'],
};

test('A verdict stands beside the guide’s words, with its evidence', () => {
  expect(
    renderDocument(verifyReport(verified, sources), { width: 110, color: false }),
  ).toMatchInlineSnapshot(`
    "The guide's claims on this host
    Linux 6.8.0-45-generic · 16 × AMD Ryzen 9 7950X · 64 GiB
    costs · 21 rounds

    Key Numbers
    the guide                                   here       evidence
    FD_SETSIZE “1024”: select's hard cap        depends    holds: 1024 in the C library: fdSetSize 1,024
    [select-fd-setsize]                                    does not: a hard cap: the raw call does not report FD
                                                           5000: reported: yes
    ──────────────────────────────────────────  ─────────  ──────────────────────────────────────────────────────
    “~150 ns” syscall cost on modern x86_64     confirmed  holds: a system call that does nothing: getppid 163
    [syscall-cost]                                         [163, 164] ns

    1. Blocking I/O
    the guide                                 here     evidence
    “every context switch to/from the kernel  depends  holds: into the kernel and back: getppid 163 [163, 164]
    burns ~150-300 ns”                                 ns
    [blocking-switch-150-300ns]                        does not: a switch to another thread on the same CPU:
                                                       half a round trip by pipes, less write and read 1.81
                                                       [1.76, 2.09] µs

    3. Thundering Herd and SO_REUSEPORT
    the guide                  here      evidence
    “a single SYN can produce  not       not answered: a SYN alone: needs
    many-ready events”         testable  {"from":"probe","id":"listen-handshake","value":"synEvents"} (made
    [single-syn-events]        here      up)
                                         not answered: a connection without data, with TCP_DEFER_ACCEPT:
                                         needs {"from":"probe","id":"listen-handshake","value":"deferEvents"}
                                         (made up)

    Evolution Timeline
    the guide              here          evidence
    “1994”: poll(2) added  refuted       does not: when: the guide: 1994; documented: 1997,
    [tl-1994-poll]         (documented)  Linux 2.1.23

    A claim is told as the guide means it; each line of evidence says whether that part of it holds here. Numbers
    in brackets are 95 % intervals. Documented verdicts are those of the source that --explain names: nothing here
    was asked.

    warning: failed: probe herd: it did not end

    5 claims: 1 confirmed, 1 refuted, 2 depends, 1 not testable here; 1 of them from documents alone"
  `);
});

test('One claim is told in full', () => {
  const [claim] = verified.filter(({ id }) => id === 'select-fd-setsize');
  if (claim === undefined) throw new Error('it is there');
  expect(renderMarkdown(explainReport(claim, sources))).toMatchInlineSnapshot(`
    "# select-fd-setsize: depends (observed): holds: 1024 in the C library; does not: a hard cap: the raw call does not report FD 5000

    - Linux 6.8.0-45-generic · 16 × AMD Ryzen 9 7950X · 64 GiB
    - costs · 21 rounds

    - The guide, Key Numbers: FD_SETSIZE “1024”: select's hard cap
    - By the source: 1024 is glibc's fd_set type (128 bytes). The kernel's select(2) takes any nfds up to the fd table size, so a larger bitmap via the raw syscall works. FD_SET(fd\\>=1024) is an out-of-bounds write (abort under \\_FORTIFY_SOURCE). (bits/typesizes.h; fs/select.c core_sys_select(); select(2) BUGS)
    - How (what the kernel does): probes select-beyond

    ## What decides it

    | it holds where | here | from |
    | --- | --- | --- |
    | select-beyond: fdSetSize is 1,024 | holds: 1024 in the C library: fdSetSize 1,024 | {"from":"probe","id":"select-beyond","value":"fdSetSize"} |
    | select-beyond: reported is no | does not: a hard cap: the raw call does not report FD 5000: reported: yes | {"from":"probe","id":"select-beyond","value":"reported"} |

    - warning: failed: probe herd: it did not end"
  `);
});

test('What root would add is said at the end, and only where something is missing for want of it', () => {
  const missing = [{ what: 'probe listen-handshake', why: 'a SYN alone takes CAP_NET_RAW' }];
  const [first, ...others] = verified;
  if (first === undefined) throw new Error('it is there');
  const lacking = { ...first, verdict: { ...first.verdict, missing } };
  const text = (claims: typeof verified) => renderMarkdown(verifyReport(claims, sources));
  expect(text([lacking, ...others])).toContain('probe listen-handshake (a SYN alone takes CAP_NET_RAW)');
  expect(text(verified)).not.toContain('Root would add');
});

test('The summary counts the verdicts, and those of documents alone', () => {
  expect(summaryLine(verified)).toMatchInlineSnapshot(
    `"5 claims: 1 confirmed, 1 refuted, 2 depends, 1 not testable here; 1 of them from documents alone"`,
  );
});
