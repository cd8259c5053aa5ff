import stringWidth from 'string-width';
import { formatOnAxis } from '../document/axis.ts';
import type { Axis, BarsChart, HeatChart, IntervalsChart, Mark } from '../document/chart-schema.ts';
import { MARK_WORDS } from '../document/chart-table.ts';

const WIDTH_MAX = 110;
/** Of the names on the left; longer ones are cut. */
const LABEL_MAX = 28;
const PLOT_MIN = 12;
const INDENT = 2;

/** What stands for a verdict where there is no colour. */
export const MARK_SIGNS: Readonly<Record<Mark, string>> = {
  better: '▲',
  worse: '▼',
  same: '●',
  unclear: '◇',
  none: '○',
};
const SHADES = [...' ░▒▓█'];
const EIGHTHS = [...' ▏▎▍▌▋▊▉█'];

type Place = (value: number) => number;

/** A line per row: its values on one axis, each with its interval. */
export function renderIntervals(chart: IntervalsChart, { width }: { readonly width: number }): string {
  const rows = chart.groups.flatMap((group) => group.rows);
  const points = rows.flatMap((row) => row.points);
  if (points.length === 0) return '';
  const several = rows.some((row) => row.points.length > 1);
  const texts = rows.map((row) => row.points.map((point) => valueText(point, chart.x)).join('  '));
  const label = labelWidth(rows.map((row) => row.label));
  const columns = plotWidth(width, label, several ? [] : texts);
  const { place, low, high } = scaleOver(
    [
      ...points.flatMap(({ value, interval }) => [value, interval?.low ?? value, interval?.high ?? value]),
      ...(chart.reference === null ? [] : [chart.reference.value]),
      ...(chart.band === null ? [] : [chart.band.low, chart.band.high]),
    ],
    columns,
    chart.x,
  );
  const lines = chart.groups.flatMap((group) => [
    ...(group.label === '' ? [] : [group.label]),
    ...group.rows.flatMap((row) => {
      const drawn = new Array<string>(columns).fill(' ');
      if (chart.band !== null) drawn.fill('·', place(chart.band.low), place(chart.band.high) + 1);
      if (chart.reference !== null) drawn[place(chart.reference.value)] = '│';
      for (const { interval } of row.points)
        if (interval !== null) drawInterval(drawn, place(interval.low), place(interval.high));
      row.points.forEach((point, i) => {
        drawn[place(point.value)] = several ? letter(i) : MARK_SIGNS[point.mark];
      });
      const text = several ? '' : ` ${row.points.map((point) => valueText(point, chart.x)).join('  ')}`;
      return [`${indented(row.label, label)} ${drawn.join('')}${text}`.trimEnd()];
    }),
  ]);
  return [chart.title, ...lines, axisLine(label, columns, [low, high], chart.x), intervalsLegend(chart)]
    .filter((line) => line !== '')
    .join('\n');
}

function letter(i: number): string {
  return String.fromCharCode(97 + i);
}

function drawInterval(cells: string[], from: number, to: number): void {
  cells.fill('─', from, to + 1);
  if (to > from) {
    cells[from] = '├';
    cells[to] = '┤';
  }
}

function valueText(
  { value, interval }: IntervalsChart['groups'][number]['rows'][number]['points'][number],
  axis: Axis,
): string {
  const text = formatOnAxis(value, axis);
  if (interval === null) return text;
  return `${text} [${formatOnAxis(interval.low, axis)}, ${formatOnAxis(interval.high, axis)}]`;
}

function intervalsLegend({ groups, reference, band }: IntervalsChart): string {
  const rows = groups.flatMap((group) => group.rows);
  const points = rows.flatMap((row) => row.points);
  const several = rows.find((row) => row.points.length > 1);
  const marks = (['better', 'worse', 'same', 'unclear'] as const).filter((mark) =>
    points.some((point) => point.mark === mark),
  );
  const items = [
    ...(several === undefined
      ? marks.map((mark) => `${MARK_SIGNS[mark]} ${MARK_WORDS[mark]}`)
      : several.points.map(({ name }, i) => `${letter(i)} ${name}`)),
    ...(reference === null ? [] : [`│ ${reference.text}`]),
    ...(band === null ? [] : [`··· ${band.text}`]),
  ];
  return items.length === 0 ? '' : `${' '.repeat(INDENT)}${items.join('   ')}`;
}

/** A line per bar, from 0 to its value. */
export function renderBars(chart: BarsChart, { width }: { readonly width: number }): string {
  const bars = chart.groups.flatMap((group) => group.bars);
  if (bars.length === 0) return '';
  const texts = bars.map((bar) => formatOnAxis(bar.value, chart.x));
  const label = labelWidth(bars.map((bar) => bar.label));
  const columns = plotWidth(width, label, texts);
  const { place } = scaleOver(
    [0, ...bars.flatMap(({ value, marker }) => [value, ...(marker === null ? [] : [marker])])],
    columns,
    { ...chart.x, scale: 'linear' },
  );
  const lines = chart.groups.flatMap((group) => [
    ...(group.label === '' ? [] : [group.label]),
    ...group.bars.map((bar) => {
      const drawn = new Array<string>(columns).fill(' ');
      const [from, to] = [place(0), place(bar.value)].toSorted((a, b) => a - b);
      if (bar.value !== 0) drawn.fill(EIGHTHS[8] ?? '', from, Math.max((from ?? 0) + 1, to ?? 0));
      if (bar.marker !== null) drawn[place(bar.marker)] = '┃';
      return `${indented(bar.label, label)} ${drawn.join('')} ${formatOnAxis(bar.value, chart.x)}`.trimEnd();
    }),
  ]);
  const legend = chart.markerName === '' ? [] : [`${' '.repeat(INDENT)}┃ ${chart.markerName}`];
  return [chart.title, ...lines, ...legend].join('\n');
}

/** A line per row, a shade per column: darker is more. */
export function renderHeat(chart: HeatChart, { width }: { readonly width: number }): string {
  const values = chart.cells.flatMap(({ value }) => value ?? []);
  if (values.length === 0) return '';
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const label = labelWidth(chart.rows.names);
  const room = Math.min(width, WIDTH_MAX) - label - INDENT - 1;
  const cell = chart.shown
    ? Math.max(1, ...values.map((value) => stringWidth(formatOnAxis(value, chart.value, 'tick')))) + 1
    : 1;
  const fit = Math.max(1, Math.floor(room / cell));
  const columns = chart.columns.names.slice(0, fit);
  const lines = chart.rows.names.map((name, row) => {
    const own = columns.map((_, column) => {
      const found = chart.cells.find((one) => one.row === row && one.column === column);
      if (found === undefined || found.value === null) return ' '.repeat(cell);
      if (chart.shown) return formatOnAxis(found.value, chart.value, 'tick').padStart(cell);
      if (found.marked) return '×';
      return SHADES[shadeOf(found.value, low, high)] ?? ' ';
    });
    return `${indented(name, label)} ${own.join('')}`.trimEnd();
  });
  const left = chart.columns.names.length - columns.length;
  const legend = chart.shown
    ? []
    : [
        `░ ${formatOnAxis(low, chart.value)}   █ ${formatOnAxis(high, chart.value)} ${chart.value.label}`,
        ...(chart.cells.some(({ marked }) => marked) ? [`× ${chart.markName}`] : []),
      ];
  return [
    chart.title,
    ...(chart.shown ? [headerOf(columns, label, cell)] : []),
    ...lines,
    `${' '.repeat(INDENT)}${[...legend, ...(left > 0 ? [`${left} more columns`] : [])].join('   ')}`.trimEnd(),
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function headerOf(names: readonly string[], label: number, cell: number): string {
  return `${indented('', label)} ${names.map((name) => cut(name, cell - 1).padStart(cell)).join('')}`;
}

function shadeOf(value: number, low: number, high: number): number {
  if (high === low) return 1;
  return 1 + Math.min(SHADES.length - 2, Math.floor(((value - low) / (high - low)) * (SHADES.length - 1)));
}

function labelWidth(labels: readonly string[]): number {
  return Math.min(LABEL_MAX, Math.max(1, ...labels.map((label) => stringWidth(label))));
}

function plotWidth(width: number, label: number, texts: readonly string[]): number {
  const behind = Math.max(0, ...texts.map((text) => stringWidth(text) + 1));
  return Math.max(PLOT_MIN, Math.min(width, WIDTH_MAX) - INDENT - label - 1 - behind);
}

function indented(label: string, width: number): string {
  const shown = cut(label, width);
  return `${' '.repeat(INDENT)}${shown}${' '.repeat(Math.max(0, width - stringWidth(shown)))}`;
}

function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let shown = '';
  for (const character of text) {
    if (stringWidth(`${shown}${character}…`) > width) break;
    shown += character;
  }
  return `${shown}…`;
}

function scaleOver(
  values: readonly number[],
  columns: number,
  { scale }: Axis,
): { readonly place: Place; readonly low: number; readonly high: number } {
  const on = (value: number) => (scale === 'log' ? Math.log(value) : value);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const place: Place = (value) => {
    const share = high > low ? (on(value) - on(low)) / (on(high) - on(low)) : 0.5;
    return Math.min(columns - 1, Math.max(0, Math.round(share * (columns - 1))));
  };
  return { place, low, high };
}

function axisLine(label: number, columns: number, ends: readonly [number, number], axis: Axis): string {
  const [from, to] = ends.map((end) => formatOnAxis(end, axis));
  const middle = axis.label;
  const gap = columns - stringWidth(`${from}${to}`);
  const text = gap > stringWidth(middle) + 2 ? middle : '';
  const before = Math.floor((gap - stringWidth(text)) / 2);
  const line = `${from}${' '.repeat(Math.max(1, before))}${text}${' '.repeat(Math.max(1, gap - before - stringWidth(text)))}${to}`;
  return `${' '.repeat(INDENT + label + 1)}${line}`.trimEnd();
}
