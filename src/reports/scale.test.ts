import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { withGuest } from '../fixtures/guest.ts';
import { fixtureSweep } from '../fixtures/scale.ts';
import { renderDocument } from '../render/terminal.ts';
import { summarizeScale } from '../summary/scale-summary.ts';
import { bootsScaleReport, scaleReport } from './scale.ts';

test('At 80 columns a sweep is its head, a table and a chart per active count, and the legend', () => {
  expect(
    renderDocument(scaleReport(fixtureSweep({ active: [10] })), { width: 80, color: false }),
  ).toMatchInlineSnapshot(`
    "Run 20250101-000000-fixture
    Linux 6.12.1 · 2 × Example CPU @ 2.50GHz · 4 GiB · in kvm, docker
    server on CPU 0 · client on CPU 1 · governor unknown · SMT off · clock tsc
    6 blocks of 300 ms trials after 80 ms warm-up · seed 42 · reference epoll-lt

    10 active: server CPU per request over idle connections
    model          0    1000    4000    9900  slope, ns per
                idle    idle    idle    idle  idle connection
    select    6.48µs  9.50µs       -       -  2.94 [2.84, 3.18]       inconclusive
    poll      6.42µs  9.49µs  18.9µs  37.5µs  3.07 [3.06, 3.17]       O(N)
    epoll-lt  6.08µs  6.12µs  6.12µs  6.09µs  -0.002 [-0.009, 0.013]  O(1)
    io_uring  5.21µs  5.18µs  5.19µs  5.21µs  0.002 [-0.004, 0.009]   O(1)
      left out at 80 columns: 10 idle, 100 idle, k of N^k, events/wakeup
      poll: one wait serves several of the 10 active connections (events/wakeup,
      with the most idle ones), which share its price: per wait the slope is as many
      times steeper. A wait that finds one ready also costs less than one that has
      to queue up at every connection and sleep.
      select: inconclusive: it grows, but by less than 50 % as far as it could be
      measured
      select: skipped at 4000 idle: holds at most 1016 connections, 4010 are needed
      select: skipped at 9900 idle: holds at most 1016 connections, 9910 are needed

    CPU per request over idle connections, 10 active (log-log)
      50µs ┤
           │
           │                                                                  ·p
           │                                                                 ·
           │                                                               ··
           │                                                             ··
      20µs ┤                                                           ·p
           │                                                        ···
           │                                                     ···
           │                                                  ···
      10µs ┤                                             ···sp
           │                                    ·········
           │   sp      sp·················sp····
           │   e       e··················e·················e···········e······e
       5µs ┤   i       i··················i·················i···········i······i
           └───┬─┄┄┄┄──┬──────────────────┬─────────────────┬───────────┬──────┬────
               0       10                100              1,000       4,000  9,900
            s select   p poll   e epoll-lt   i io_uring

    slope: server CPU in ns that one more idle connection adds to a request; least
    squares through the floor of each count (expected lowest of 5 trials), with the
    95 % interval over the blocks (6).
    k of N^k: how the cost grows between the two largest counts; 1 is in proportion.
    O(N): the interval leaves out 0 and the cost grows by 50 % or more over the
    sweep, also in the lowest trials of all. O(1): at 10000 idle connections not
    even the upper end of the interval is as much as that.
    CPU per request is compared, not throughput: of the two it moves less on a busy
    host (it can still differ by a third between two moments), and it is the
    server's own where the client is the limit.

    132 trials measured, 132 of them clean"
  `);
});

test.each([60, 80, 120, 200])('Nothing is wider than a terminal of %i columns', (width) => {
  const lines = renderDocument(scaleReport(fixtureSweep()), { width, color: false }).split('\n');
  expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
});

test('Colour changes nothing but colour', () => {
  const options = { width: 120, color: true };
  const plain = renderDocument(scaleReport(fixtureSweep()), { ...options, color: false });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with one
  expect(renderDocument(scaleReport(fixtureSweep()), options).replaceAll(/\u001b\[\d+m/g, '')).toBe(plain);
});

test('Sweeps of several boots are tables that name their guest, and charts of instructions, with one legend', () => {
  const boots = [0, 1].map((boot) => {
    const swept = fixtureSweep({ active: [1], blocks: 2 });
    const pathOf = ({ label, workload }: { readonly label: string; readonly workload: string }) =>
      33_000 + (label === 'poll' ? 250 * Number(/\d+/.exec(workload)?.[0]) : 0);
    const result = withGuest(swept, { boot, pathOf });
    return { result, summary: summarizeScale(result) };
  });
  const text = renderDocument(bootsScaleReport(boots), { width: 120, color: false });
  for (const line of [
    '6.12.1, 1 CPU, boot 1: 1 active: guest instructions per request over idle connections',
    '6.12.1, 1 CPU, boot 2: instructions per request over idle connections, 1 active (log-log)',
    ' 200k ┤',
  ])
    expect(text).toContain(line);
  expect(text.match(/^slope: guest instructions/gm)).toHaveLength(1);
  expect(Math.max(...text.split('\n').map((line) => stringWidth(line)))).toBeLessThanOrEqual(120);
});
