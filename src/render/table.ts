import CliTable from 'cli-table3';
import pc from 'picocolors';
import stringWidth from 'string-width';
import type { Column, Row, Table, Value } from '../tables/table.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatEstimate,
  formatPerRequest,
  formatRatio,
  formatSi,
  NOTHING,
} from './format.ts';
import { wrap } from './wrap.ts';

export interface RenderOptions {
  /** Columns of the terminal. */
  readonly width: number;
  /** The caller decides: a terminal that wants colour and no NO_COLOR. */
  readonly color: boolean;
}

type Colors = ReturnType<typeof pc.createColors>;

/** Spaces at the end of a line, also between escapes of colour. */
const TRAILING = new RegExp(`(?: |${String.fromCharCode(27)}\\[\\d+m)+$`);

/** Spaces between two columns. */
const GAP = 2;

/**
 * A table as text that fits the width: columns that do not fit are left out, the least important
 * first, and a line says which.
 */
export function renderTable(table: Table, options: RenderOptions): string {
  const colors = pc.createColors(options.color);
  const { columns, dropped } = chooseColumns(table, options.width);
  const lines = [colors.bold(table.title), ...draw(columns, table.rows, colors)];
  if (dropped.length > 0) {
    const names = dropped.map((column) => column.header.replace('\n/', '/').replace('\n', ' ')).join(', ');
    lines.push(
      ...wrap(`left out at ${options.width} columns: ${names}`, options.width, '  ').map(colors.dim),
    );
  }
  for (const note of table.notes) lines.push(...wrap(note, options.width, '  '));
  return lines.join('\n');
}

/** The text of a value, without colour. */
export function formatValue(value: Value | undefined): string {
  switch (value?.kind) {
    case undefined:
      return '';
    case 'none':
      return NOTHING;
    case 'text':
      return value.text;
    case 'count':
      return formatCount(value.value);
    case 'rate':
      return formatSi(Math.round(value.perS));
    case 'duration':
      return value.enough
        ? formatDuration(value.ns, { space: '' })
        : `~${formatDuration(value.ns, { space: '', digits: 2 })}`;
    case 'nanoseconds':
      return formatCount(value.ns);
    case 'per-request':
      return formatPerRequest(value.value);
    case 'bytes':
      return formatBytes(value.bytes, '').replace('iB', '');
    case 'ratio':
      return formatRatioValue(value);
    case 'estimate':
      return formatEstimate(value.value, value.interval);
  }
}

function formatRatioValue({ ratio, interval, apart }: Extract<Value, { kind: 'ratio' }>): string {
  const what = apart ? 'CPU ' : '';
  if (interval === null) return `${what}${formatRatio(ratio)}`;
  return `${what}${formatRatio(ratio)} [${formatRatio(interval.low)}–${formatRatio(interval.high)}]`;
}

function chooseColumns(
  table: Table,
  width: number,
): { columns: readonly Column[]; dropped: readonly Column[] } {
  const widths = new Map(table.columns.map((column) => [column.key, widthOf(column, table.rows)]));
  const total = (columns: readonly Column[]) =>
    columns.reduce((sum, column) => sum + (widths.get(column.key) ?? 0), (columns.length - 1) * GAP);
  let columns = table.columns;
  while (total(columns) > width) {
    const least = columns.reduce((a, b) => (b.priority >= a.priority ? b : a));
    if (least.priority === 0) break;
    columns = columns.filter((column) => column !== least);
  }
  return { columns, dropped: table.columns.filter((column) => !columns.includes(column)) };
}

function widthOf(column: Column, rows: readonly Row[]): number {
  const texts = [...column.header.split('\n'), ...rows.map((row) => formatValue(row[column.key]))];
  return Math.max(...texts.map((line) => stringWidth(line)));
}

function draw(columns: readonly Column[], rows: readonly Row[], colors: Colors): readonly string[] {
  const drawn = new CliTable({
    head: columns.map((column) => colors.dim(column.header)),
    colAligns: columns.map((column) => column.align),
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP, compact: true },
  });
  for (const row of rows) drawn.push(columns.map((column) => paint(row[column.key], colors)));
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.replace(TRAILING, (end) => end.replaceAll(' ', '')));
}

function paint(value: Value | undefined, colors: Colors): string {
  const plain = formatValue(value);
  switch (value?.kind) {
    case 'text':
      return { plain: String, strong: colors.bold, faint: colors.dim }[value.tone ?? 'plain'](plain);
    case 'ratio':
      return {
        better: colors.green,
        worse: colors.red,
        'no-difference': colors.dim,
        unknown: colors.dim,
      }[value.verdict](plain);
    case 'none':
      return colors.dim(plain);
    case 'duration':
      return value.enough ? plain : colors.dim(plain);
    case undefined:
    case 'count':
    case 'rate':
    case 'nanoseconds':
    case 'per-request':
    case 'bytes':
    case 'estimate':
      return plain;
  }
}

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
} as const;
