import { formatOnAxis } from '../../document/axis.ts';
import type { HeatChart } from '../../document/chart-schema.ts';
import { drawn, type Marks, type Panel, WIDTH } from './draw.ts';
import * as Plot from './plot.ts';
import { type Labels, labelsOf } from './rows-svg.ts';
import { FONT, fitText, LINE, textWidth } from './text-width.ts';

const ROW = 19;
const CELL_MIN = 8;
const RIGHT = 6;
const NAME_MAX = 112;
const LEFT_MAX = 124;
/** Between names of columns. */
const NAMES_APART = 4;

type Cell = HeatChart['cells'][number] & { readonly value: number };

interface Columns {
  readonly from: number;
  readonly to: number;
  readonly width: number;
  readonly names: 'lying' | 'standing';
  /** Every so manyth has its name. */
  readonly every: number;
}

/** Rows and columns, as many columns as there is room for in each picture. Empty if there is nothing to draw. */
export function heatPanels(chart: HeatChart): readonly Panel[] {
  const known = chart.cells.filter((cell): cell is Cell => cell.value !== null);
  if (known.length === 0) return [];
  const labels = labelsOf(chart.rows.names);
  const shade = shadesOf(
    known.map(({ value }) => value),
    chart,
  );
  const parts = columnsOf(chart, WIDTH - labels.left - RIGHT);
  return parts.map((columns) => {
    const own = known.filter(({ column }) => column >= columns.from && column < columns.to);
    // One picture of several has the rows that have something in it.
    const rows = chart.rows.names
      .map((name, row) => ({ name, row }))
      .filter(({ row }) => parts.length === 1 || own.some((cell) => cell.row === row));
    return panelOf(chart, { columns, rows, labels, shade, cells: own });
  });
}

interface Part {
  readonly columns: Columns;
  readonly rows: readonly { readonly name: string; readonly row: number }[];
  readonly cells: readonly Cell[];
  readonly labels: Labels;
  readonly shade: Shade;
}

function panelOf(chart: HeatChart, part: Part): Panel {
  const { columns, rows, labels } = part;
  const names = chart.columns.names.slice(columns.from, columns.to);
  const top =
    columns.names === 'lying' ? LINE + (labels.above ? 4 : 2) : Math.max(...names.map(nameWidth)) + 8;
  const height = rows.length * labels.rowHeight + top + 4;
  const svg = drawn({
    height,
    marginLeft: labels.left,
    marginRight: WIDTH - labels.left - columns.width * names.length,
    marginTop: top,
    marginBottom: 4,
    x: { type: 'linear', domain: [columns.from, columns.to], axis: null },
    y: { type: 'linear', domain: [rows.length, 0], axis: null },
    color: { type: 'identity' },
    opacity: { type: 'identity' },
    marks: [...cellMarks(chart, part), ...nameMarks(chart, part)],
  });
  return { svg, height, of: `${chart.columns.label} ${names[0] ?? ''} to ${names.at(-1) ?? ''}` };
}

function nameWidth(name: string): number {
  return textWidth(fitText(name, NAME_MAX));
}

function shownText(chart: HeatChart, { value, marked }: Pick<Cell, 'value' | 'marked'>): string {
  const short = Math.abs(value) < 1000 ? Number(value.toPrecision(value < 10 ? 2 : 3)) : value;
  return `${formatOnAxis(short, chart.value, 'tick').replace(' %', '%')}${marked ? '×' : ''}`;
}

/**
 * Which columns each picture has: cells that hold their number are as wide as it, and names of columns that count on
 * may be left out; others stand upright where they are too long.
 */
function columnsOf(chart: HeatChart, room: number): readonly Columns[] {
  const { names } = chart.columns;
  const widest = Math.max(...names.map(nameWidth)) + NAMES_APART;
  const counting = names.every((name, i) => name === String(Number(names[0]) + i));
  const content = chart.shown
    ? Math.max(
        0,
        ...chart.cells.map(({ value, marked }) =>
          value === null ? 0 : textWidth(shownText(chart, { value, marked })) + 3,
        ),
      )
    : CELL_MIN;
  const lying = counting || widest <= Math.max(content, Math.floor(room / names.length));
  const narrowest = Math.max(content, lying ? 0 : LINE, lying && !counting ? widest : 0);
  const most = Math.max(1, Math.floor(room / narrowest));
  const panels = Math.ceil(names.length / most);
  const each = Math.ceil(names.length / panels);
  const width = Math.min(room / each, 3 * ROW + widest);
  return Array.from({ length: Math.ceil(names.length / each) }, (_, i) => ({
    from: i * each,
    to: Math.min(names.length, (i + 1) * each),
    width,
    names: lying ? 'lying' : 'standing',
    every: counting ? Math.ceil(widest / width) : 1,
  }));
}

function cellMarks(chart: HeatChart, { cells, rows, shade, labels }: Part): Marks {
  const places = new Map(rows.map(({ row }, place) => [row, place]));
  const place = ({ row }: Cell) => places.get(row) ?? 0;
  // Above its cells stands the name of a row where it is long.
  const above = 1 - ROW / labels.rowHeight;
  const middle = {
    x: ({ column }: Cell) => column + 0.5,
    y: (cell: Cell) => place(cell) + (1 + above) / 2,
    fill: 'var(--ink)',
    pointerEvents: 'none' as const,
  };
  const title = (cell: Cell) =>
    [
      `${chart.rows.names[cell.row] ?? ''}, ${chart.columns.label} ${chart.columns.names[cell.column] ?? ''}`,
      `${chart.value.label}: ${formatOnAxis(cell.value, chart.value)}`,
      ...(cell.marked ? [chart.markName] : []),
      ...(cell.note === '' ? [] : [cell.note]),
    ].join('\n');
  const marked = cells.filter((cell) => cell.marked && !chart.shown);
  return [
    Plot.rect(cells, {
      x1: ({ column }: Cell) => column,
      x2: ({ column }: Cell) => column + 1,
      y1: (cell: Cell) => place(cell) + above,
      y2: (cell: Cell) => place(cell) + 1,
      inset: 0.5,
      fill: ({ value }: Cell) => shade(value).color,
      fillOpacity: ({ value }: Cell) => shade(value).opacity,
      title,
    }),
    ...(marked.length === 0 ? [] : [Plot.text(marked, { ...middle, text: () => '×' })]),
    ...(chart.shown ? [Plot.text(cells, { ...middle, text: (cell: Cell) => shownText(chart, cell) })] : []),
  ];
}

function nameMarks(chart: HeatChart, { columns, rows, labels: { above, left, rowHeight } }: Part): Marks {
  const names = chart.columns.names
    .map((name, column) => ({ name: fitText(name, NAME_MAX), column }))
    .slice(columns.from, columns.to)
    .filter((_, i) => i % columns.every === 0);
  return [
    Plot.text(rows, {
      text: ({ name }: { name: string }) => fitText(name, above ? WIDTH - left : LEFT_MAX),
      y: (_: unknown, i: number) => i + (above ? (rowHeight - ROW + 4) / 2 / rowHeight : 0.5),
      frameAnchor: 'left',
      textAnchor: above ? 'start' : 'end',
      dx: above ? 0 : -6,
      fill: 'var(--ink)',
    }),
    Plot.text(names, {
      text: 'name',
      x: ({ column }: { column: number }) => column + 0.5,
      frameAnchor: 'top',
      ...(columns.names === 'lying'
        ? { dy: -4, lineAnchor: 'bottom' as const }
        : { dy: -4, rotate: -90, textAnchor: 'start' as const, lineAnchor: 'middle' as const }),
      fontSize: FONT,
      fill: 'var(--ink)',
    }),
  ];
}

type Shade = (value: number) => { readonly color: string; readonly opacity: number };

/** How dark a value is, from a tenth to all of it; of two kinds of shades on either side of the middle. */
function shadesOf(values: readonly number[], { middle, value: { scale } }: HeatChart): Shade {
  const of = (value: number) => (scale === 'log' ? Math.log(Math.max(value, Number.MIN_VALUE)) : value);
  // From 0, where that can be: cells that hold nearly the same are to look alike.
  const low = Math.min(...(scale === 'log' ? [] : [0]), ...values.map(of));
  const high = Math.max(...values.map(of));
  const between = (share: number) => Number((0.08 + 0.62 * Math.min(1, Math.max(0, share))).toFixed(3));
  if (middle === null)
    return (value) => ({
      color: 'var(--cell)',
      opacity: between(high > low ? (of(value) - low) / (high - low) : 0),
    });
  const farthest = Math.max(high - of(middle), of(middle) - low) || 1;
  return (value) => ({
    color: value > middle ? 'var(--cell-more)' : 'var(--cell-less)',
    opacity: between(Math.abs(of(value) - of(middle)) / farthest),
  });
}
