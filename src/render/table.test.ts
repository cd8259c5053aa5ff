import { expect, test } from 'vitest';
import type { Table } from '../document/document-schema.ts';
import { NONE, text } from '../document/table.ts';
import { renderTable } from './table.ts';

const TABLE: Table = {
  title: 'Things',
  columns: [
    { key: 'name', header: 'name', align: 'left', priority: 0 },
    { key: 'time', header: 'time', align: 'right', priority: 1 },
    { key: 'calls', header: 'calls\n/req', align: 'right', priority: 3 },
    { key: 'ratio', header: 'ratio', align: 'left', priority: 2 },
  ],
  rows: [
    {
      name: text('größte'),
      time: { kind: 'duration', ns: 12_345, enough: true },
      calls: { kind: 'per-request', value: 2.05 },
      ratio: {
        kind: 'ratio',
        ratio: 1.25,
        interval: { low: 1.2, high: 1.3 },
        verdict: 'better',
        apart: true,
      },
    },
    { name: text('b'), time: { kind: 'duration', ns: 123_456, enough: false }, calls: NONE },
  ],
  notes: ['a sentence'],
};

test('Columns line up, also under letters of more than one byte', () => {
  expect(renderTable(TABLE, { width: 80, color: false })).toMatchInlineSnapshot(`
    "Things
    name      time  calls  ratio
                     /req
    größte  12.3µs   2.05  CPU 1.250 [1.200–1.300]
    b       ~120µs      -
      a sentence"
  `);
});

test('What does not fit is left out by priority and named', () => {
  expect(renderTable(TABLE, { width: 36, color: false })).toMatchInlineSnapshot(`
    "Things
    name      time
    größte  12.3µs
    b       ~120µs
      left out at 36 columns: calls/req,
      ratio
      a sentence"
  `);
  expect(renderTable(TABLE, { width: 16, color: false })).toMatchInlineSnapshot(`
    "Things
    name      time
    größte  12.3µs
    b       ~120µs
      left out at 16
      columns:
      calls/req,
      ratio
      a sentence"
  `);
});

test('Columns of priority 0 stay, however narrow it is', () => {
  expect(renderTable(TABLE, { width: 1, color: false })).toContain('größte');
});
