import { expect, test } from 'vitest';
import { fakeLadder } from '../fixtures/ladder.ts';
import { renderMarkdown } from '../render/markdown.ts';
import { renderDocument } from '../render/terminal.ts';
import { ladderReport } from './ladder.ts';

const RUN = fakeLadder({
  connections: [1, 64, 1000],
  rungs: [
    { label: 'plain', after: null, cells: {} },
    { label: 'multi', after: 'plain', cells: { cpu: 0.95 } },
    { label: 'ring', after: 'multi', cells: { skip: 'io_uring_register: EINVAL' } },
    {
      label: 'minwait',
      after: 'ring',
      cells: [{ throughput: 0.66, cpu: 1.3 }, { cpu: 0.87 }, { cpu: 0.85 }],
    },
    { label: 'poll', after: 'multi', cells: [{}, {}, { skip: 'holds at most 100 connections' }] },
  ],
});
const REPORT = ladderReport(RUN);

test('The report of a ladder says what each rung adds, and where to stop', () => {
  const shown = { ...REPORT, facts: [], parts: [...REPORT.parts.slice(0, 1), ...REPORT.parts.slice(5, 7)] };
  expect(renderDocument(shown, { width: 120, color: false })).toMatchInlineSnapshot(`
    "Run fake-5

    plain: CPU/request, and what each rung makes of that of the one before it
    rung       after      1  times that              64  times that           1,000  times that
                      conn.  before               conn.  before               conn.  before
    plain             5,010  first                5,018  first                5,039  first
    multi      plain  4,760  0.949 [0.944–0.954]  4,802  0.953 [0.945–0.961]  4,756  0.939 [0.921–0.958]
    · ring     multi         skipped                     skipped                     skipped
    · minwait  ring   6,505  1.368 [1.364–1.372]  4,371  0.912 [0.883–0.943]  4,307  0.915 [0.872–0.961]
    · poll     multi  5,124  1.078 [1.030–1.128]  5,004  1.042 [1.017–1.068]         skipped
      ring: skipped: io_uring_register: EINVAL
      poll: under c1000-d1-m64: skipped: holds at most 100 connections
      minwait: beside multi: ring was not measured

    plain: where to stop
    connections  stop at  CPU/request, times   because
                          that of the first
              1  multi    0.949 [0.944–0.954]  the last that takes less CPU than what is below it, and loses nothing
                                               elsewhere
    ───────────  ───────  ───────────────────  ─────────────────────────────────────────────────────────────────────────────
             64  multi    0.953 [0.945–0.961]  the last that takes less CPU than what is below it, and loses nothing
                                               elsewhere; minwait: CPU −8.8 % beside it, but CPU/request +36.8 % at 1,
                                               throughput −33.9 % at 1
    ───────────  ───────  ───────────────────  ─────────────────────────────────────────────────────────────────────────────
          1,000  multi    0.939 [0.921–0.958]  the last that takes less CPU than what is below it, and loses nothing
                                               elsewhere; minwait: CPU −8.5 % beside it, but CPU/request +36.8 % at 1,
                                               throughput −33.9 % at 1
    ───────────  ───────  ───────────────────  ─────────────────────────────────────────────────────────────────────────────
            all  multi    0.947 [0.940–0.954]  the last that takes less CPU than what is below it, and loses nothing
                                               elsewhere

    times that before: this rung over the one that it adds a step to, in pairs within the blocks, with the 95 % interval;
    one that holds 1 is no difference that this run can show.
    Where to stop: from the first rung on, step to one whose CPU per request is less than that of the rung one stands on by
    more than the interval (p < 0.05 for all rungs together), than which none before it takes less, and of which nothing got
    worse elsewhere: CPU with other connections, throughput or p99 with any, by more than 1 % and with p < 0.01 among all
    that is judged of the two.
    ·: a way of its own, where more than one rung comes after another; a rung that does not run here is passed over, with
    the reason.

    plain: stop at multi (CPU/request ×0.947 of plain)"
  `);
});

test('It has a table for every metric and fits into a terminal', () => {
  expect(
    REPORT.parts.flatMap((part) => (part.kind === 'table' ? [part.table.title] : [])),
  ).toMatchInlineSnapshot(`
    [
      "plain: CPU/request, and what each rung makes of that of the one before it",
      "plain: syscalls/request, and what each rung makes of that of the one before it",
      "plain: switches/request, and what each rung makes of that of the one before it",
      "plain: throughput, and what each rung makes of that of the one before it",
      "plain: p99, and what each rung makes of that of the one before it",
      "plain: where to stop",
    ]
  `);
  const lines = renderDocument(REPORT, { width: 80, color: false }).split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(renderMarkdown(REPORT)).toContain('| · minwait | ring |');
});
