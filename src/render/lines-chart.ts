import stringWidth from 'string-width';
import { formatOnAxis } from '../document/axis.ts';
import type { Axis, LinesChart } from '../document/chart-schema.ts';

/** Rows of the plot; a terminal of 24 lines still shows a chart with its legend. */
const ROWS = 15;
const WIDTH_MAX = 110;
/** Of the scale on the left, such as `100µs`. */
const SCALE_WIDTH = 6;
/** From the left end to the mark of 0, which has no logarithm and a place of its own. */
const ZERO_COLUMN = 3;
/** From there to the smallest count above 0. */
const ZERO_GAP = 8;
/** Room for the last label to the right of its tick. */
const RIGHT_MARGIN = 4;
/** Up to this many decades the rows have room for steps of 1, 2, 5. */
const FINE_DECADES_MAX = 2.5;
const SEVERAL = '*';

type Point = LinesChart['series'][number]['points'][number];

interface Series {
  readonly mark: string;
  readonly label: string;
  readonly points: readonly Point[];
}

/**
 * Lines through points on two axes, drawn with characters. A letter per series, dots between its
 * points; letters that fall together stand side by side. Needs no colour. Empty if there is no point.
 */
export function renderLines(chart: LinesChart, options: { readonly width: number }): string {
  const series = seriesOf(chart);
  const points = series.flatMap((one) => one.points);
  if (points.length === 0) return '';
  const columns = Math.min(options.width, WIDTH_MAX) - SCALE_WIDTH - 2;
  const marked = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  const columnOf = horizontalScale(marked, columns, chart.x);
  const vertical = verticalScale(
    points.map((point) => point.y),
    chart.y,
  );

  const cells = Array.from({ length: ROWS }, () => new Array<string>(columns).fill(' '));
  if (chart.shape !== 'points')
    for (const one of series) drawDots(cells, one.points, { columnOf, rowOf: vertical.rowOf, axes: chart });
  for (const x of marked) drawMarks(cells, series, { x, columnOf, rowOf: vertical.rowOf });
  const lines = cells.map((row, i) => {
    const label = vertical.ticks.get(i) ?? '';
    return `${' '.repeat(Math.max(0, SCALE_WIDTH - stringWidth(label)))}${label} ${label === '' ? '│' : '┤'}${row.join('')}`;
  });
  return [
    chart.title,
    ...lines.map((line) => line.trimEnd()),
    ...horizontalAxis(marked, { columns, columnOf, axis: chart.x }),
    ...legend(cells, series, options.width),
  ].join('\n');
}

function seriesOf(chart: LinesChart): Series[] {
  const used = new Set<string>();
  return chart.series.flatMap(({ label, points }) => {
    if (points.length === 0) return [];
    const mark = markOf(label, used);
    used.add(mark);
    return [{ mark, label, points }];
  });
}

/** The scale on the left has room for six characters: `50,000`, `200k`. */
function verticalTick(value: number, axis: Axis): string {
  if (axis.unit !== 'count' || value < 100_000) return formatOnAxis(value, axis, 'tick');
  return value < 1_000_000 ? `${value / 1000}k` : `${value / 1_000_000}M`;
}

/** The first letter, else that as a capital, else any letter of the name, else one that is free. */
function markOf(label: string, used: ReadonlySet<string>): string {
  const letters = [...label].filter((char) => /[a-z0-9]/.test(char));
  const first = letters[0] ?? 'x';
  const others = 'abcdefghijklmnopqrstuvwxyz';
  const rest = [
    ...letters,
    ...letters.map((char) => char.toUpperCase()),
    ...others,
    ...others.toUpperCase(),
    ...'0123456789',
  ];
  return [first, first.toUpperCase(), ...rest].find((mark) => !used.has(mark)) ?? '?';
}

type Scale = (value: number) => number;

/** Column of a value; `values` ascend. */
function horizontalScale(values: readonly number[], columns: number, { scale }: Axis): Scale {
  const right = columns - 1 - RIGHT_MARGIN;
  if (scale === 'linear') {
    const [first, last] = [values[0] ?? 0, values.at(-1) ?? 0];
    const share = (value: number) => (last > first ? (value - first) / (last - first) : 0.5);
    return (value) => Math.round(ZERO_COLUMN + share(value) * (right - ZERO_COLUMN));
  }
  const above = values.filter((value) => value > 0);
  const from = Math.log(above[0] ?? 1);
  const to = Math.log(above.at(-1) ?? 1);
  const left = ZERO_COLUMN + (values[0] === 0 ? ZERO_GAP : 0);
  return (value) => {
    if (value === 0) return ZERO_COLUMN;
    const share = to > from ? (Math.log(value) - from) / (to - from) : 0.5;
    return Math.round(left + share * (right - left));
  };
}

/** Row of a value, 0 on top, and the labels by row. */
function verticalScale(
  values: readonly number[],
  axis: Axis,
): {
  readonly rowOf: Scale;
  readonly ticks: ReadonlyMap<number, string>;
} {
  if (axis.scale === 'linear') return linearRows(values, axis);
  const steps = stepsAround(Math.min(...values), Math.max(...values));
  const from = Math.log10(steps[0] ?? 1);
  const to = Math.log10(steps.at(-1) ?? 10);
  const rowOf: Scale = (value) => Math.round(((to - Math.log10(value)) / (to - from)) * (ROWS - 1));
  const shown =
    to - from <= FINE_DECADES_MAX ? steps : steps.filter((step) => Number.isInteger(Math.log10(step)));
  const ticks = new Map(shown.map((step) => [rowOf(step), verticalTick(step, axis)]));
  return { rowOf, ticks };
}

/** Rows of values on a scale from 0, or from the lowest one below it. */
function linearRows(values: readonly number[], axis: Axis): ReturnType<typeof verticalScale> {
  const from = Math.min(0, ...values);
  const to = Math.max(0, ...values);
  const rowOf: Scale = (value) => (to > from ? Math.round(((to - value) / (to - from)) * (ROWS - 1)) : 0);
  const shown = [from, from + (to - from) / 2, to];
  return { rowOf, ticks: new Map(shown.map((step) => [rowOf(step), verticalTick(step, axis)])) };
}

/** The steps 1, 2, 5 of the decades from below `min` to above `max`; a decade at least. */
function stepsAround(min: number, max: number): number[] {
  const decades = Array.from(
    { length: Math.floor(Math.log10(max)) - Math.floor(Math.log10(min)) + 3 },
    (_, i) => Math.floor(Math.log10(min)) - 1 + i,
  );
  const steps = decades.flatMap((decade) => [1, 2, 5].map((digit) => Number(`${digit}e${decade}`)));
  let first = steps.findLastIndex((step) => step <= min);
  let last = steps.findIndex((step) => step >= max);
  // Three steps are a decade: in a narrower plot noise would look like growth.
  while (last - first < 3) {
    if ((steps[first] ?? 1) * max > min * (steps[last] ?? 1)) first--;
    else last++;
  }
  return steps.slice(first, last + 1);
}

interface Scales {
  readonly columnOf: Scale;
  readonly rowOf: Scale;
}

/** Straight lines between neighbouring points; none to 0 on a logarithmic scale, where it is not. */
function drawDots(
  cells: string[][],
  points: readonly Point[],
  { columnOf, rowOf, axes }: Scales & { readonly axes: LinesChart },
): void {
  const above = points.filter((point) => point.x > 0 || axes.x.scale === 'linear');
  above.slice(1).forEach((to, i) => {
    const from = above[i] ?? to;
    const [start, end] = [columnOf(from.x), columnOf(to.x)];
    for (let column = start + 1; column < end; column++) {
      const share = axes.shape === 'steps' ? 0 : (column - start) / (end - start);
      const y =
        axes.y.scale === 'log' ? from.y ** (1 - share) * to.y ** share : from.y * (1 - share) + to.y * share;
      const row = cells[rowOf(y)];
      if (row) row[column] = '·';
    }
  });
}

/** The marks of all series at one x. */
function drawMarks(
  cells: string[][],
  series: readonly Series[],
  { x, columnOf, rowOf }: Scales & { readonly x: number },
): void {
  const byRow = new Map<number, string>();
  for (const { mark, points } of series) {
    const point = points.find((candidate) => candidate.x === x);
    if (point) byRow.set(rowOf(point.y), (byRow.get(rowOf(point.y)) ?? '') + mark);
  }
  for (const [row, marks] of byRow) {
    const line = cells[row] ?? [];
    const start = columnOf(x) - Math.floor((marks.length - 1) / 2);
    // A blank on either side, lest they seem to belong to the neighbouring one.
    const around = line.slice(Math.max(0, start - 1), start + marks.length + 1);
    const free = start >= 0 && start + marks.length <= line.length && !around.some((cell) => /\w/.test(cell));
    if (free) line.splice(start, marks.length, ...marks);
    else line[columnOf(x)] = marks.length === 1 ? marks : SEVERAL;
  }
}

function horizontalAxis(
  values: readonly number[],
  {
    columns,
    columnOf,
    axis: scale,
  }: { readonly columns: number; readonly columnOf: Scale; readonly axis: Axis },
): string[] {
  const axis = new Array<string>(columns).fill('─');
  const labels = new Array<string>(columns + SCALE_WIDTH).fill(' ');
  if (values[0] === 0 && values.length > 1 && scale.scale === 'log')
    axis.splice(ZERO_COLUMN + 2, ZERO_GAP - 4, ...'┄┄┄┄');
  // From the right: where there is no room for all, the largest are named.
  let free = labels.length;
  for (const value of values.toReversed()) {
    const column = columnOf(value);
    axis[column] = '┬';
    const label = formatOnAxis(value, scale, 'tick');
    const start = column - Math.floor((label.length - 1) / 2);
    if (start < 0 || start + label.length > free) continue;
    labels.splice(start, label.length, ...label);
    free = start - 1;
  }
  const margin = ' '.repeat(SCALE_WIDTH + 1);
  return [`${margin}└${axis.join('')}`, `${margin} ${labels.join('')}`.trimEnd()];
}

function legend(cells: readonly string[][], series: readonly Series[], width: number): string[] {
  const several = cells.some((row) => row.includes(SEVERAL));
  const items = [
    ...series.map(({ mark, label }) => `${mark} ${label}`),
    ...(several ? [`${SEVERAL} several of them`] : []),
  ];
  const lines: string[] = [];
  for (const item of items) {
    const line = lines.at(-1);
    const longer = line === undefined ? null : `${line}   ${item}`;
    if (longer === null || stringWidth(longer) > width) lines.push(`${' '.repeat(SCALE_WIDTH + 2)}${item}`);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}
