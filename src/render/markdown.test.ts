import { describe, expect, test } from 'vitest';
import type { Table } from '../document/document-schema.ts';
import { text } from '../document/table.ts';
import { fixtureGuideRun } from '../fixtures/guide.ts';
import { withAudits } from '../fixtures/run.ts';
import { guideReport } from '../reports/guide.ts';
import { escapeMarkdown, renderMarkdown, renderMarkdownTable } from './markdown.ts';

test('What a terminal always shows stands left of what it may leave out', () => {
  const column = (key: string, priority: number) => ({ key, header: key, align: 'left' as const, priority });
  const columns = [column('name', 0), column('p50', 4), column('p99', 1), column('ratio', 0)];
  const table = { title: '', columns, rows: [{ ratio: text('2'), p50: text('1') }], notes: [] };
  expect(renderMarkdownTable(table).split('\n')).toEqual([
    '| name | ratio | p50 | p99 |',
    '| --- | --- | --- | --- |',
    '|  | 2 | 1 |  |',
  ]);
});

describe('Markup in texts is text', () => {
  const cases: [string, string][] = [
    ['a | b', 'a \\| b'],
    ['back\\slash', 'back\\\\slash'],
    ['<script>', '\\<script\\>'],
    ['~120 µs and ~3 ms', '\\~120 µs and \\~3 ms'],
    ['[x](y) *z* `c`', '\\[x\\](y) \\*z\\* \\`c\\`'],
    ['io_uring_enter', 'io_uring_enter'],
    ['_emphasis_', '\\_emphasis\\_'],
  ];
  test.each(cases)('%s', (plain, escaped) => {
    expect(escapeMarkdown(plain)).toBe(escaped);
  });
});

test('A table has all its columns, one line per row, and its notes as a list', () => {
  const table: Table = {
    title: 'Things | more',
    columns: [
      { key: 'name', header: 'name', align: 'left', priority: 0, wrap: true },
      { key: 'calls', header: 'calls\n/req', align: 'right', priority: 9 },
    ],
    rows: [
      { name: text('a|b\nsecond'), calls: { kind: 'per-request', value: 2 } },
      {
        name: {
          kind: 'findings',
          findings: [
            { about: 'x', figures: [{ name: 'CPU', value: { kind: 'nanoseconds', ns: 1234 }, unit: 'ns' }] },
            { about: 'y', figures: [] },
          ],
        },
      },
    ],
    notes: ['a * b'],
  };
  expect(renderMarkdownTable(table)).toMatchInlineSnapshot(`
    "## Things \\| more

    | name | calls /req |
    | --- | ---: |
    | a\\|b<br>second | 2.00 |
    | x: CPU 1,234 ns<br>y:  |  |

    - a \\* b"
  `);
});

test('The document has every table of the guide, and every row the cells of its head', () => {
  const lines = renderMarkdown(guideReport(withAudits(fixtureGuideRun()))).split('\n');
  expect(lines.filter((line) => line.startsWith('#'))).toMatchInlineSnapshot(`
    [
      "# Run 20250101-000000-fixture",
      "## The models at a glance: what the guide says, and this host",
      "## Key numbers: what the guide says, and this host",
      "## What \\~150 ns actually buys you on x86_64: what the guide says, and this host",
      "## Call frequency by model: what the guide says, and system calls per request on this host (ping-pong, c10k, many-connections)",
      "## When to use level vs edge: what the guide says, and this host",
      "## kqueue filter flags: what the guide says, and this host",
      "## epoll vs kqueue: what the guide says, and this host",
      "## io_uring operations: what the guide says, and this host",
      "## io_uring vs epoll, benchmark context: what the guide says, and this host",
      "## Evolution timeline: what the guide says, and this host",
      "## Tradeoffs: what the guide says, and this host",
      "## What tracing costs; the guide: “running strace -c ./my_server while your server handles 500k req/s adds 2–5% CPU overhead”",
    ]
  `);
  const cellsOf = (line: string) => line.split(/(?<!\\)\|/).length;
  let head: number | null = null;
  for (const line of lines) {
    if (!line.startsWith('|')) head = null;
    else if (head === null) head = cellsOf(line);
    else expect(cellsOf(line), line).toBe(head);
  }
});
