import { formatOnAxis } from '../../document/axis.ts';
import type { BarsChart, IntervalPoint, IntervalRow, IntervalsChart } from '../../document/chart-schema.ts';
import { MARK_WORDS } from '../../document/chart-table.ts';
import {
  axisHeight,
  colorOf,
  DOWN,
  drawn,
  lyingAxis,
  MARK_SHAPES,
  type Marks,
  type Panel,
  RIGHT,
  SHAPES,
  WIDTH,
} from './draw.ts';
import * as Plot from './plot.ts';
import { type Scale, scaleOf } from './scale.ts';
import { fitText, LINE, textWidth } from './text-width.ts';

const ROW = 19;
const GROUP_GAP = 26;
/** Longer names stand above their rows. */
const BESIDE_MAX = 124;
/** About so many rows are one picture, in up to so many. */
const ROWS_OF_A_PANEL = 14;
const PANELS_MAX = 4;
const TOP = 4;
/** From a row to its name, where that stands above it. */
const ABOVE = -14.5;
/** Around text that lines go through. */
const HALO = { stroke: 'var(--page)', strokeWidth: 3 } as const;
/** How much wider bold text is. */
const BOLD = 1.12;
/** Between the marks of a row that has two. */
const APART = 5;

interface Labelled {
  readonly label: string;
}

interface Group<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
}

/** How names of rows stand: beside them, or above where one is long. */
export interface Labels {
  readonly above: boolean;
  /** In units of the picture: where rows begin. */
  readonly left: number;
  readonly rowHeight: number;
}

/** Beside rows of one height, or above them. */
export function labelsOf(names: readonly string[], rowHeight = ROW): Labels {
  const widest = Math.max(12, ...names.map(textWidth));
  const above = widest > BESIDE_MAX;
  return { above, left: above ? 10 : widest + 12, rowHeight: rowHeight + (above ? LINE : 0) };
}

interface Placed<Row> {
  readonly rows: readonly { readonly row: Row; readonly y: number }[];
  readonly titles: readonly { readonly label: string; readonly y: number }[];
  readonly height: number;
}

/** Rows below each other, the name of a group above its own. */
function placeRows<Row>(groups: readonly Group<Row>[], { rowHeight }: Labels): Placed<Row> {
  let y = TOP;
  const rows: { row: Row; y: number }[] = [];
  const titles: { label: string; y: number }[] = [];
  for (const group of groups) {
    if (group.label !== '') {
      titles.push({ label: group.label, y: y + GROUP_GAP / 2 });
      y += GROUP_GAP;
    }
    for (const row of group.rows) {
      rows.push({ row, y: y + rowHeight - ROW / 2 });
      y += rowHeight;
    }
  }
  return { rows, titles, height: y + TOP };
}

/** Groups as pictures of about the same height: whole ones where there are several, else parts of the one. */
function panelsOf<Row>(groups: readonly Group<Row>[]): readonly (readonly Group<Row>[])[] {
  const own = groups.filter(({ rows }) => rows.length > 0);
  const heightOf = ({ label, rows }: Group<Row>) => rows.length + (label === '' ? 0 : GROUP_GAP / ROW);
  const total = own.reduce((sum, group) => sum + heightOf(group), 0);
  const wanted = Math.min(PANELS_MAX, Math.max(1, Math.round(total / ROWS_OF_A_PANEL)));
  const [only] = own;
  if (own.length === 1 && only !== undefined) {
    const size = Math.ceil(only.rows.length / wanted);
    return Array.from({ length: Math.ceil(only.rows.length / size) }, (_, i) => [
      { label: only.label, rows: only.rows.slice(i * size, (i + 1) * size) },
    ]);
  }
  const panels: Group<Row>[][] = [];
  let before = 0;
  for (const group of own) {
    // Where the middle of it falls, if all were cut into equal parts.
    const panel = Math.floor((wanted * (before + heightOf(group) / 2)) / total);
    before += heightOf(group);
    panels[panel] = [...(panels[panel] ?? []), group];
  }
  return panels.filter((panel) => panel !== undefined);
}

function rowLabels<Row extends Labelled>({ rows, titles }: Placed<Row>, { above, left }: Labels): Marks {
  return [
    Plot.text(rows, {
      text: ({ row }: { row: Row }) => fitText(row.label, above ? WIDTH - left : BESIDE_MAX),
      y: 'y',
      frameAnchor: 'left',
      textAnchor: above ? 'start' : 'end',
      dx: above ? 0 : -8,
      dy: above ? ABOVE : 0,
      fill: 'var(--ink)',
      ...HALO,
    }),
    ...(titles.length === 0
      ? []
      : [
          Plot.text(titles, {
            text: ({ label }: { label: string }) => fitText(label, (WIDTH - 2 * TOP) / BOLD),
            y: 'y',
            frameAnchor: 'left',
            textAnchor: 'start',
            dx: TOP - left,
            fontWeight: 'bold',
            fill: 'var(--ink)',
            ...HALO,
          }),
        ]),
  ];
}

interface Rows<Row> {
  readonly groups: readonly Group<Row>[];
  readonly x: Scale;
  readonly labels: Labels;
  readonly marksOf: (placed: Placed<Row>) => Marks;
}

function panelOf<Row extends Labelled>({ groups, x, labels, marksOf }: Rows<Row>): Panel {
  const placed = placeRows(groups, labels);
  const height = placed.height + axisHeight(x) + TOP;
  const svg = drawn({
    height,
    marginLeft: labels.left,
    marginRight: RIGHT,
    marginTop: TOP,
    marginBottom: axisHeight(x),
    x: { type: x.type, domain: [...x.domain] },
    y: { type: 'linear', domain: [placed.height, 0], axis: null },
    marks: [...marksOf(placed), ...rowLabels(placed, labels)],
  });
  const named = groups.map(({ label }) => label).filter((label) => label !== '');
  const [first] = placed.rows;
  const last = placed.rows.at(-1);
  return {
    svg,
    height,
    of: named.length > 0 ? named.join(', ') : `${first?.row.label ?? ''} to ${last?.row.label ?? ''}`,
  };
}

/** Names stand above the rows of a picture that has a long one. */
function labelledPanels<Row extends Labelled>(groups: readonly Group<Row>[]) {
  return panelsOf(groups).map((own) => ({
    groups: own,
    labels: labelsOf(own.flatMap(({ rows }) => rows.map(({ label }) => label))),
  }));
}

/** Of the picture that has the least room. */
function extentOf(panels: readonly { readonly labels: Labels }[]) {
  const from = Math.max(...panels.map(({ labels }) => labels.left));
  return { from, to: WIDTH - RIGHT, lying: true, bounds: [0, WIDTH] } as const;
}

/** A row for each value, with its interval; pictures with one scale. Empty if there is nothing to draw. */
export function intervalsPanels(chart: IntervalsChart): readonly Panel[] {
  const rows = chart.groups.flatMap((group) => group.rows);
  const points = rows.flatMap((row) => row.points);
  if (points.length === 0) return [];
  const panels = labelledPanels(chart.groups);
  const x = scaleOf(
    [
      ...points.flatMap(({ value, interval }) => [value, interval?.low ?? value, interval?.high ?? value]),
      ...(chart.reference === null ? [] : [chart.reference.value]),
      ...(chart.band === null ? [] : [chart.band.low, chart.band.high]),
    ].filter((value) => value > 0 || chart.x.scale === 'linear'),
    chart.x,
    extentOf(panels),
    chart.x.unit === 'share',
  );
  const names = rows.find((row) => row.points.length > 1)?.points.map(({ name }) => name) ?? [];
  return panels.map((panel) =>
    panelOf({ ...panel, x, marksOf: (placed) => intervalMarks(chart, placed, { x, names }) }),
  );
}

function intervalMarks(
  chart: IntervalsChart,
  placed: Placed<IntervalRow>,
  { x, names }: { readonly x: Scale; readonly names: readonly string[] },
): Marks {
  const several = names.length > 1;
  const laid = placed.rows.flatMap(({ row, y }) =>
    row.points.map((point, i) => ({ row, point, i, y: several ? y + APART * (i - 0.5) : y })),
  );
  const known = laid.filter(({ point }) => point.interval !== null);
  const low = (value: number) => (chart.x.scale === 'log' && value <= 0 ? x.domain[0] : value);
  return [
    ...(chart.band === null
      ? []
      : [Plot.rect([chart.band], { x1: 'low', x2: 'high', y1: 0, y2: placed.height, fill: 'var(--band)' })]),
    ...lyingAxis(x, chart.x, { grid: true }),
    ...(chart.reference === null ? [] : [Plot.ruleX([chart.reference.value], { stroke: 'var(--ink)' })]),
    ...(known.length === 0
      ? []
      : [
          Plot.ruleY(known, {
            y: 'y',
            x1: ({ point }) => low(point.interval?.low ?? 0),
            x2: ({ point }) => low(point.interval?.high ?? 0),
            stroke: ({ point, i }: (typeof laid)[number]) =>
              several ? colorOf(i) : MARK_SHAPES[point.mark].color,
            strokeWidth: 1.6,
          }),
        ]),
    ...dotMarks(chart, laid, names),
  ];
}

interface LaidPoint {
  readonly row: IntervalRow;
  readonly point: IntervalPoint;
  readonly i: number;
  readonly y: number;
}

/** Shapes tell verdicts apart, or which of the values of a row it is where there are several. */
function dotMarks(chart: IntervalsChart, laid: readonly LaidPoint[], names: readonly string[]): Marks {
  const title = ({ row, point }: LaidPoint) =>
    [
      `${row.label}${point.name === '' ? '' : `, ${point.name}`}`,
      `${formatOnAxis(point.value, chart.x)}${point.interval === null ? '' : ` [${formatOnAxis(point.interval.low, chart.x)}, ${formatOnAxis(point.interval.high, chart.x)}]`}`,
      ...(point.mark === 'none' ? [] : [MARK_WORDS[point.mark]]),
      ...(point.note === '' ? [] : [point.note]),
    ].join('\n');
  const styles =
    names.length > 1
      ? names.map((_, which) => ({
          own: laid.filter(({ i }) => i === which),
          symbol: SHAPES[which % SHAPES.length] ?? 'circle',
          color: colorOf(which),
          hollow: which > 0,
        }))
      : (['better', 'worse', 'same', 'unclear', 'none'] as const).map((mark) => ({
          own: laid.filter(({ point }) => point.mark === mark),
          ...MARK_SHAPES[mark],
        }));
  return styles
    .filter(({ own }) => own.length > 0)
    .map(({ own, symbol, color, hollow }) =>
      Plot.dot(own, {
        x: ({ point }) => point.value,
        y: 'y',
        symbol: symbol === 'triangleDown' ? DOWN : symbol,
        r: 4.2,
        stroke: color,
        fill: hollow ? 'var(--page)' : color,
        title,
      }),
    );
}

/** A bar for each row; pictures with one scale. Empty if there is nothing to draw. */
export function barsPanels(chart: BarsChart): readonly Panel[] {
  const groups = chart.groups.map(({ label, bars }) => ({ label, rows: bars }));
  const bars = groups.flatMap((group) => group.rows);
  if (bars.length === 0) return [];
  const panels = labelledPanels(groups);
  const x = scaleOf(
    bars.flatMap(({ value, marker }) => [value, ...(marker === null ? [] : [marker])]),
    { ...chart.x, scale: 'linear' },
    extentOf(panels),
  );
  return panels.map((panel) => panelOf({ ...panel, x, marksOf: (placed) => barMarks(chart, placed, x) }));
}

type Bar = BarsChart['groups'][number]['bars'][number];

function barMarks(chart: BarsChart, placed: Placed<Bar>, x: Scale): Marks {
  const title = ({ row }: { readonly row: Bar }) =>
    [
      `${row.label}: ${formatOnAxis(row.value, chart.x)}`,
      ...(row.marker === null ? [] : [`${chart.markerName}: ${formatOnAxis(row.marker, chart.x)}`]),
      ...(row.note === '' ? [] : [row.note]),
    ].join('\n');
  const marked = placed.rows.filter(({ row }) => row.marker !== null);
  return [
    ...lyingAxis(x, chart.x, { grid: true }),
    Plot.rect(placed.rows, {
      x1: 0,
      x2: ({ row }) => row.value,
      y1: ({ y }) => y - ROW / 2 + 3,
      y2: ({ y }) => y + ROW / 2 - 3,
      fill: 'var(--s0)',
      title,
    }),
    Plot.ruleX([0], { stroke: 'var(--ink)' }),
    ...(marked.length === 0
      ? []
      : [
          Plot.ruleX(marked, {
            x: ({ row }) => row.marker,
            y1: ({ y }) => y - ROW / 2 + 1,
            y2: ({ y }) => y + ROW / 2 - 1,
            stroke: 'var(--ink)',
            strokeWidth: 2.5,
            title,
          }),
        ]),
  ];
}
