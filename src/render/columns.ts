import stringWidth from 'string-width';
import type { Column, Table } from '../document/document-schema.ts';
import { leastWidth } from './wrap.ts';

/** Spaces between two columns. */
export const GAP = 2;

export interface Layout {
  readonly columns: readonly Column[];
  /** Those that did not fit. */
  readonly dropped: readonly Column[];
  /** Width of each column that stays, by key. */
  readonly widths: ReadonlyMap<string, number>;
}

/** The texts of a table, as they will be printed. */
export type TextOf = (row: Table['rows'][number], column: Column) => string;

/**
 * Which columns fit, and how wide each is. Columns that may wrap give way first, down to their longest
 * word; then columns are left out, the least important first.
 */
export function layOut(table: Table, textOf: TextOf, width: number): Layout {
  const extents = new Map(table.columns.map((column) => [column.key, extentOf(table, column, textOf)]));
  const extent = (column: Column) => extents.get(column.key) ?? { least: 0, natural: 0 };
  const least = (columns: readonly Column[]) =>
    columns.reduce((sum, column) => sum + extent(column).least, (columns.length - 1) * GAP);
  let columns = table.columns;
  while (least(columns) > width) {
    const lowest = columns.reduce((a, b) => (b.priority >= a.priority ? b : a));
    if (lowest.priority === 0) break;
    columns = columns.filter((column) => column !== lowest);
  }
  const wanted = columns.reduce((sum, column) => sum + extent(column).natural - extent(column).least, 0);
  const spare = Math.max(0, width - least(columns));
  // A share of what each column lacks: the longest cells end up about equally high.
  const share = wanted > spare ? spare / wanted : 1;
  const widths = columns.map((column) => {
    const { least: low, natural } = extent(column);
    return [column.key, low + Math.floor((natural - low) * share)] as const;
  });
  return {
    columns,
    dropped: table.columns.filter((column) => !columns.includes(column)),
    widths: new Map(widths),
  };
}

interface Extent {
  readonly least: number;
  readonly natural: number;
}

function extentOf(table: Table, column: Column, textOf: TextOf): Extent {
  const texts = [column.header, ...table.rows.map((row) => textOf(row, column))];
  const natural = widest(texts.flatMap((text) => text.split('\n')));
  return { natural, least: column.wrap ? Math.max(0, ...texts.map(leastWidth)) : natural };
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => stringWidth(text)));
}
