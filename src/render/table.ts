import CliTable from 'cli-table3';
import pc from 'picocolors';
import type { Column, Row, Table } from '../document/document-schema.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatEstimate,
  formatPerRequest,
  formatRatio,
  formatShare,
  formatSi,
  NOTHING,
} from '../document/format.ts';
import type { Figure, FigureGroup, Value } from '../document/value-schema.ts';
import { GAP, type Layout, layOut } from './columns.ts';
import { GLUE, unglue, wrap, wrapCell } from './wrap.ts';

export interface RenderOptions {
  /** Columns of the terminal. */
  readonly width: number;
  /** The caller decides: a terminal that wants colour and no NO_COLOR. */
  readonly color: boolean;
}

type Colors = ReturnType<typeof pc.createColors>;

/** Spaces at the end of a line, also between escapes of colour. */
const TRAILING = new RegExp(`(?: |${String.fromCharCode(27)}\\[\\d+m)+$`);

/**
 * A table as text that fits the width: long texts go on in further lines of their cell, then columns
 * that do not fit are left out, the least important first, and a line says which.
 */
export function renderTable(table: Table, options: RenderOptions): string {
  const colors = pc.createColors(options.color);
  const layout = layOut(table, (row, column) => formatValue(row[column.key]), options.width);
  const { dropped } = layout;
  const title = wrap(table.title, options.width).map(colors.bold);
  const lines = [...title, ...draw(layout, table.rows, colors)];
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
    case 'share':
      return formatShare(value.share);
    case 'factor':
      return formatFactor(value);
    case 'findings':
      return value.findings.map(formatFinding).join('\n');
  }
}

function formatFactor({ ratio, interval, range }: Extract<Value, { kind: 'factor' }>): string {
  const times = `×${formatRatio(ratio)}`;
  if (interval !== null) return `${times} [${formatRatio(interval.low)}–${formatRatio(interval.high)}]`;
  if (range.low === range.high) return times;
  return `${times} (${formatRatio(range.low)}–${formatRatio(range.high)})`;
}

function formatFinding({ about, figures }: FigureGroup): string {
  const text = figures.map(formatFigure).join(', ');
  return about === '' ? text : `${about}: ${text}`;
}

function formatFigure({ name, value, unit }: Figure): string {
  return [name, formatValue(value), unit]
    .filter((part) => part !== '')
    .join(GLUE)
    .replaceAll(' ', GLUE);
}

function formatRatioValue({ ratio, interval, apart }: Extract<Value, { kind: 'ratio' }>): string {
  const what = apart ? 'CPU ' : '';
  if (interval === null) return `${what}${formatRatio(ratio)}`;
  return `${what}${formatRatio(ratio)} [${formatRatio(interval.low)}–${formatRatio(interval.high)}]`;
}

function draw({ columns, widths }: Layout, rows: readonly Row[], colors: Colors): readonly string[] {
  const widthOf = (column: Column) => widths.get(column.key) ?? 0;
  const drawn = new CliTable({
    head: columns.map((column) => colors.dim(wrapIn(column, column.header, widthOf(column)))),
    colAligns: columns.map((column) => column.align),
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP, compact: true },
  });
  const wraps = columns.some((column) => column.wrap);
  for (const [index, row] of rows.entries()) {
    if (wraps && index > 0 && opensGroup(row, columns))
      drawn.push(columns.map((column) => colors.dim('─'.repeat(widthOf(column)))));
    drawn.push(columns.map((column) => cell(row, column, { width: widthOf(column), colors })));
  }
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.replace(TRAILING, (end) => end.replaceAll(' ', '')));
}

/** Rows of several lines need a line between them, except where a row goes on about the same. */
function opensGroup(row: Row, columns: readonly Column[]): boolean {
  const [first] = columns;
  return first !== undefined && formatValue(row[first.key]) !== '';
}

function cell(
  row: Row,
  column: Column,
  { width, colors }: { readonly width: number; readonly colors: Colors },
): string {
  const value = row[column.key];
  const text = wrapIn(column, formatValue(value), width);
  // Line by line: an escape must not reach into the next column.
  return text
    .split('\n')
    .map((line) => paint(value, line, colors))
    .join('\n');
}

function wrapIn(column: Column, text: string, width: number): string {
  return column.wrap ? wrapCell(text, width).join('\n') : unglue(text);
}

function paint(value: Value | undefined, plain: string, colors: Colors): string {
  switch (value?.kind) {
    case 'text':
      return { plain: String, strong: colors.bold, faint: colors.dim }[value.tone ?? 'plain'](plain);
    case 'ratio':
      return {
        better: colors.green,
        worse: colors.red,
        'no-difference': colors.dim,
        unclear: colors.dim,
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
    case 'share':
    case 'factor':
    case 'findings':
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
