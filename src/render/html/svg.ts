import { formatOnAxis } from '../../document/axis.ts';
import type {
  Axis,
  BarsChart,
  Chart,
  HeatChart,
  IntervalsChart,
  LinesChart,
  Mark,
} from '../../document/chart-schema.ts';
import { MARK_WORDS } from '../../document/chart-table.ts';
import { escapeHtml } from './html.ts';
import * as Plot from './plot.ts';
import { COLORS } from './style.ts';

/** In units of the picture, which is shown as wide as there is room. */
const WIDTH = 460;
const FONT = 12;
const ROW = 19;
const GROUP_GAP = 26;
const CHARACTER = 6.4;
const LABEL_MAX = 28;
const LINES_HEIGHT = 300;
const SMALL_HEIGHT = 150;
/** Between labels of lines that end at one place. */
const LABEL_STEP = 13;
/** How far right of the largest value on a logarithmic scale, and left of the smallest, there is room. */
const ROOM = 1.04;
/** Up to so many names below an axis are all written. */
const NAMES_MAX = 6;
const TICKS = 5;
/** Up to so many counts on an axis are its ticks. */
const COUNTS_MAX = 5;
/** ... if each is so many times the one before, so that both can be read. */
const COUNTS_APART = 3;

type Symbols = 'circle' | 'triangle' | 'triangle2' | 'diamond' | 'square' | 'star' | 'times' | 'cross';

const SHAPES: readonly Symbols[] = [
  'circle',
  'triangle',
  'square',
  'diamond',
  'triangle2',
  'star',
  'cross',
  'times',
];
const DASHES = ['', '6 3', '2 3', '8 3 2 3', '12 3', '1 3'] as const;

/** A verdict by its shape first, and by its colour second. */
const MARKS: Readonly<
  Record<
    Mark,
    { readonly symbol: Symbols | 'triangleDown'; readonly color: string; readonly hollow: boolean }
  >
> = {
  better: { symbol: 'triangle', color: 'var(--better)', hollow: false },
  worse: { symbol: 'triangleDown', color: 'var(--worse)', hollow: false },
  same: { symbol: 'circle', color: 'var(--same)', hollow: false },
  unclear: { symbol: 'diamond', color: 'var(--same)', hollow: true },
  none: { symbol: 'circle', color: 'var(--ink)', hollow: true },
};

interface Path {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  closePath(): void;
}

/** Points down: Plot has only one that points up. */
const DOWN = {
  draw(context: Path, size: number) {
    const y = Math.sqrt(size / (Math.sqrt(3) * 3));
    const x = Math.sqrt(3) * y;
    context.moveTo(0, 2 * y);
    context.lineTo(-x, -y);
    context.lineTo(x, -y);
    context.closePath();
  },
};

type PlotOptions = NonNullable<Parameters<typeof Plot.plot>[0]>;
type Marks = NonNullable<PlotOptions['marks']>;

const { document: DOM } = Plot.parseHTML('<!doctype html><html><body></body></html>');

/**
 * A chart as SVG, drawn without a browser: colours are variables of the page's style, every mark says its number when
 * pointed at. Empty if there is nothing to draw.
 */
export function renderSvg(chart: Chart): string {
  switch (chart.kind) {
    case 'lines':
      return linesSvg(chart);
    case 'intervals':
      return intervalsSvg(chart);
    case 'bars':
      return barsSvg(chart);
    case 'heat':
      return heatSvg(chart);
  }
}

/** A chart as a file of its own, for what shows images and no HTML. Empty if there is nothing to draw. */
export function renderSvgFile(chart: Chart): string {
  const svg = renderSvg(chart);
  if (svg === '') return '';
  const name = `<title>${escapeHtml(chart.title)}</title>`;
  const ground = '<rect width="100%" height="100%" fill="var(--page)"/>';
  return svg
    .replace('<svg ', `<svg xmlns="http://www.w3.org/2000/svg" color="var(--ink)" width="${2 * WIDTH}" `)
    .replace('>', () => `>${name}<style>${COLORS} text { white-space: pre; }</style>${ground}`);
}

function drawn(options: PlotOptions, alt: string): string {
  const svg = Plot.plot({
    document: DOM as never,
    width: WIDTH,
    className: 'plot',
    style: { fontSize: `${FONT}px` },
    ...options,
  });
  svg.querySelector('style')?.remove();
  svg.removeAttribute('width');
  svg.removeAttribute('height');
  // What is drawn is told in the table: a reader that enters the picture would hear numbers without names.
  for (const inner of svg.querySelectorAll('[aria-label]')) inner.removeAttribute('aria-label');
  for (const path of svg.querySelectorAll('path[d]'))
    path.setAttribute('d', shortPath(path.getAttribute('d') ?? ''));
  // Attributes of HTML need less escaping than those of XML, and linkedom writes the former.
  return svg.outerHTML.replace('<svg ', () => `<svg role="img" aria-label="${escapeHtml(alt)}" `);
}

/** A tenth of a unit is less than can be seen. */
function shortPath(path: string): string {
  return path.replaceAll(/-?\d+\.\d{2,}/g, (number) => String(Number(Number(number).toFixed(1))));
}

/** In words, for who cannot see it: what it shows, and where the numbers are. */
export function altOf(chart: Chart): string {
  const what = {
    lines: 'Line chart',
    intervals: 'Chart of intervals',
    bars: 'Bar chart',
    heat: 'Heat map',
  }[chart.kind];
  return `${what}: ${chart.title}. ${chart.says}${chart.says === '' ? '' : ' '}The table below it has all numbers.`;
}

function cut(text: string, max = LABEL_MAX): string {
  const characters = [...text];
  return characters.length <= max ? text : `${characters.slice(0, max - 1).join('')}…`;
}

function labelWidth(labels: readonly string[]): number {
  return Math.max(2, ...labels.map((label) => [...cut(label)].length)) * CHARACTER + 8;
}

function colorOf(i: number): string {
  return `var(--s${i % 8})`;
}

interface Scale {
  /** To what Plot is handed: 0 on a logarithmic scale has a place of its own. */
  readonly on: (value: number) => number;
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
  readonly type: 'log' | 'linear';
  readonly format: (value: number) => string;
}

function scaleOf(values: readonly number[], axis: Axis, from0 = true): Scale {
  if (axis.scale === 'log') return logScale(values, axis, !from0);
  const low = from0 ? Math.min(0, ...values) : Math.min(...values);
  const high = from0 ? Math.max(0, ...values) : Math.max(...values);
  const room = (high - low || 1) * 0.04;
  const named = axis.unit === 'place';
  return {
    on: (value) => value,
    domain: [low === 0 && !named ? 0 : low - room, high + room],
    ticks: named ? placesOf(axis) : evenTicks(low, high),
    type: 'linear',
    format: (value) => (named ? cut(formatOnAxis(value, axis), 12) : formatOnAxis(value, axis, 'tick')),
  };
}

/** The names that there is room for, the first and the last among them. */
function placesOf({ names = [] }: Axis): number[] {
  const last = names.length - 1;
  if (names.length <= NAMES_MAX) return names.map((_, i) => i);
  return [0, Math.round(last / 3), Math.round((2 * last) / 3), last];
}

/** Whole multiples of 1, 2 or 5 times a power of ten. */
function evenTicks(low: number, high: number): number[] {
  const rough = (high - low || 1) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((one) => one >= rough) ?? 10 * power;
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first;
  return Array.from({ length: count + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function logScale(values: readonly number[], axis: Axis, dense: boolean): Scale {
  const above = values.filter((value) => value > 0);
  const low = above.length === 0 ? 1 : Math.min(...above);
  const high = above.length === 0 ? 10 : Math.max(...above);
  const zero = values.includes(0);
  const zeroAt = low / (high / low) ** 0.12;
  const room = Math.max(ROOM, (high / low) ** 0.03);
  const own = [...new Set(above)].sort((a, b) => a - b);
  const apart = own.slice(1).every((value, i) => value >= COUNTS_APART * (own[i] ?? 0));
  // A few counts are what was asked for: they are the ticks.
  const few = axis.unit === 'count' && !dense && own.length <= COUNTS_MAX && apart;
  const ticks = few ? own : logTicks(low, high, axis);
  return {
    on: (value) => (value > 0 ? value : zeroAt),
    domain: [(zero ? zeroAt : low) / room, high * room],
    ticks: zero ? [zeroAt, ...ticks] : ticks,
    type: 'log',
    format: (value) => formatOnAxis(zero && value === zeroAt ? 0 : value, axis, 'tick'),
  };
}

/** Steps of 1, 2, 5, or decades where those are many; both ends where there are none. */
function logTicks(low: number, high: number, { unit }: Axis): number[] {
  if (unit === 'percentile') return [2, 10, 100, 1000, 10_000, 100_000].filter((tick) => tick <= high * ROOM);
  const decades = Array.from(
    { length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 },
    (_, i) => Math.floor(Math.log10(low)) + i,
  );
  const inside = (ticks: readonly number[]) =>
    ticks.filter((tick) => tick >= low / ROOM && tick <= high * ROOM);
  const steps = [[1], [1, 2, 5], range(1, 9.5, 0.5)].map((digits) =>
    inside(decades.flatMap((decade) => digits.map((digit) => Number((digit * 10 ** decade).toPrecision(3))))),
  );
  const enough = steps.find((ticks) => ticks.length >= 3) ?? steps.at(-1) ?? [];
  return enough.filter((_, i) => i % Math.ceil(enough.length / (TICKS + 2)) === 0);
}

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);
}

function axisText({ label, unit }: Axis): string {
  const units: Partial<Record<Axis['unit'], string>> = {
    ns: 'time',
    percent: '%',
    ratio: 'times',
    share: 'share',
    'per-request': 'per request',
  };
  const shown = units[unit];
  return shown === undefined || label.includes(shown) ? label : `${label} (${shown})`;
}

/** Where in the picture a value lies, as Plot will put it. */
function pixelOf(scale: Scale, [start, end]: readonly [number, number]): (value: number) => number {
  const of = (value: number) => (scale.type === 'log' ? Math.log(value) : value);
  const [low, high] = [of(scale.domain[0]), of(scale.domain[1])];
  return (value) => start + ((of(scale.on(value)) - low) / (high - low || 1)) * (end - start);
}

function valueAt(scale: Scale, [start, end]: readonly [number, number]): (pixel: number) => number {
  const of = (value: number) => (scale.type === 'log' ? Math.log(value) : value);
  const [low, high] = [of(scale.domain[0]), of(scale.domain[1])];
  return (pixel) => {
    const value = low + ((pixel - start) / (end - start)) * (high - low);
    return scale.type === 'log' ? Math.exp(value) : value;
  };
}

/** Places for labels near where they belong, none over another, all between `top` and `bottom`. */
function spreadOut(wanted: readonly number[], [top, bottom]: readonly [number, number]): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const step = Math.min(LABEL_STEP, (bottom - top) / Math.max(1, wanted.length - 1));
  const places = new Array<number>(wanted.length).fill(0);
  let free = top;
  for (const i of order) {
    const place = Math.max(free, wanted[i] ?? 0);
    places[i] = place;
    free = place + step;
  }
  let limit = bottom;
  for (const i of order.toReversed()) {
    places[i] = Math.min(limit, places[i] ?? 0);
    limit = (places[i] ?? 0) - step;
  }
  return places;
}

function linesSvg(chart: LinesChart): string {
  const points = chart.series.flatMap((series) => series.points);
  if (points.length === 0) return '';
  const filled = chart.series.map((series, i) => ({ ...series, i })).filter((one) => one.points.length > 0);
  const isPoints = chart.shape === 'points';
  const small = chart.x.unit === 'place' && filled.length <= 2;
  const x = scaleOf(
    points.map((point) => point.x),
    chart.x,
    chart.x.unit !== 'place',
  );
  const fits = filled
    .flatMap(({ fit }) => fit?.points ?? [])
    .filter(({ low }) => low > 0 || chart.y.scale === 'linear');
  const y = scaleOf(
    [...points.map((point) => point.y), ...fits.flatMap(({ low, high }) => [low, high])],
    chart.y,
    false,
  );
  const named = isPoints
    ? points.flatMap((point) => (point.name === undefined ? [] : [point.name]))
    : filled.map(({ label }) => label);
  const right = labelWidth(named) + 14;
  const needed = named.length * LABEL_STEP;
  const top = chart.marks === undefined ? 12 : 26;
  const bottom = 44;
  const height = Math.max(small ? SMALL_HEIGHT : LINES_HEIGHT, needed + top + bottom);
  const rows = [height - bottom, top] as const;
  const ends = isPoints
    ? filled.flatMap(({ points: own, i }) => own.map((point) => ({ point, i, label: point.name ?? '' })))
    : filled.flatMap(({ points: own, i, label }) => own.slice(-1).map((point) => ({ point, i, label })));
  const pixel = pixelOf(y, rows);
  const back = valueAt(y, rows);
  const places = spreadOut(
    ends.map(({ point }) => pixel(point.y)),
    [top, height - bottom],
  );
  const labels = ends.map((end, i) => ({ ...end, at: back(places[i] ?? 0) }));
  const marks: Marks = [
    Plot.gridY({ ticks: [...y.ticks], stroke: 'var(--grid)', strokeOpacity: 1 }),
    Plot.axisX([...x.ticks], {
      text: x.format,
      label: axisText(chart.x),
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 36,
    }),
    Plot.axisY([...y.ticks], { text: y.format, label: null }),
    ...(chart.marks ?? []).flatMap((mark) => [
      Plot.ruleX([mark.x], { stroke: 'var(--ink)', strokeDasharray: '3 2' }),
      Plot.text([mark], {
        x: 'x',
        text: ({ text }: { text: string }) => cut(text, 18),
        frameAnchor: 'top',
        dy: -14,
        fill: 'var(--ink)',
      }),
    ]),
    ...filled.flatMap(({ fit, i }) =>
      fit === undefined
        ? []
        : [
            Plot.areaY(
              fit.points.filter(({ low }) => low > 0),
              {
                x: (point: { x: number }) => x.on(point.x),
                y1: 'low',
                y2: 'high',
                fill: colorOf(i),
                fillOpacity: 0.18,
              },
            ),
          ],
    ),
    ...filled.flatMap(({ points: own, i, label }) => seriesMarks(own, { i, label, chart, x })),
    Plot.link(labels, {
      x1: ({ point }: (typeof labels)[number]) => x.on(point.x),
      x2: x.domain[1],
      y1: ({ point }: (typeof labels)[number]) => point.y,
      y2: 'at',
      stroke: 'var(--faint)',
      strokeWidth: 0.6,
    }),
    ...labels.map((label) =>
      Plot.text([label], {
        text: () => cut(label.label),
        y: 'at',
        frameAnchor: 'right',
        textAnchor: 'start',
        dx: 5,
        fill: isPoints ? 'var(--ink)' : colorOf(label.i),
      }),
    ),
  ];
  const tickWidth = Math.max(...y.ticks.map((tick) => y.format(tick).length), 2) * CHARACTER + 12;
  const svg = drawn(
    {
      height,
      marginLeft: tickWidth,
      marginRight: right,
      marginTop: top,
      marginBottom: bottom,
      x: { type: x.type, domain: [...x.domain] },
      y: { type: y.type, domain: [...y.domain] },
      marks,
    },
    altOf(chart),
  );
  return svg;
}

interface SeriesStyle {
  readonly i: number;
  readonly label: string;
  readonly chart: LinesChart;
  readonly x: Scale;
}

type Point = LinesChart['series'][number]['points'][number];

/** A line with a dash of its own, and points with a shape of their own: hollow where there are too few samples. */
function seriesMarks(points: readonly Point[], { i, label, chart, x }: SeriesStyle): Marks {
  const at = { x: (point: Point) => x.on(point.x), y: 'y' };
  const title = (point: Point) =>
    [
      `${label}${point.name === undefined ? '' : `, ${point.name}`}`,
      `${chart.x.label}: ${formatOnAxis(point.x, chart.x)}`,
      `${chart.y.label}: ${point.enough === false ? '~' : ''}${formatOnAxis(point.y, chart.y)}`,
    ].join('\n');
  const [believed, doubted] = [points.filter(isEnough), points.filter((point) => !isEnough(point))];
  const lastBelieved = points.findLastIndex(isEnough);
  const tail = points.slice(Math.max(0, lastBelieved));
  const line = {
    ...at,
    stroke: colorOf(i),
    curve: chart.shape === 'steps' ? 'step-after' : 'linear',
  } as const;
  const dots = { ...at, symbol: SHAPES[i % SHAPES.length] ?? 'circle', r: 3, stroke: colorOf(i), title };
  return [
    ...(chart.shape === 'points'
      ? []
      : [
          Plot.line(points.slice(0, lastBelieved + 1), {
            ...line,
            strokeWidth: 1.6,
            strokeDasharray: DASHES[Math.floor(i / 8) % DASHES.length] ?? '',
          }),
          Plot.line(doubted.length === 0 ? [] : tail, { ...line, strokeWidth: 1, strokeDasharray: '1 3' }),
        ]),
    Plot.dot(believed, { ...dots, fill: colorOf(i) }),
    Plot.dot(doubted, { ...dots, fill: 'var(--page)' }),
  ];
}

function isEnough({ enough }: Point): boolean {
  return enough !== false;
}

function intervalsSvg(chart: IntervalsChart): string {
  const groups = chart.groups.filter(({ rows }) => rows.length > 0);
  const rows = groups.flatMap((group) => group.rows);
  const points = rows.flatMap((row) => row.points);
  if (points.length === 0) return '';
  const several = rows.find((row) => row.points.length > 1);
  const x = scaleOf(
    [
      ...points.flatMap(({ value, interval }) => [value, interval?.low ?? value, interval?.high ?? value]),
      ...(chart.reference === null ? [] : [chart.reference.value]),
      ...(chart.band === null ? [] : [chart.band.low, chart.band.high]),
    ].filter((value) => value > 0 || chart.x.scale === 'linear'),
    chart.x,
    chart.x.unit === 'share',
  );
  const placed = placeRows(groups);
  const height = placed.height + 46;
  const laid = placed.rows.flatMap(({ row, y }) => row.points.map((point, i) => ({ row, point, i, y })));
  const title = ({ row, point }: (typeof laid)[number]) =>
    [
      `${row.label}${point.name === '' ? '' : `, ${point.name}`}`,
      `${formatOnAxis(point.value, chart.x)}${point.interval === null ? '' : ` [${formatOnAxis(point.interval.low, chart.x)}, ${formatOnAxis(point.interval.high, chart.x)}]`}`,
      ...(point.mark === 'none' ? [] : [MARK_WORDS[point.mark]]),
      ...(point.note === '' ? [] : [point.note]),
    ].join('\n');
  const low = (value: number) => (chart.x.scale === 'log' && value <= 0 ? x.domain[0] : value);
  const marks: Marks = [
    ...(chart.band === null
      ? []
      : [Plot.rect([chart.band], { x1: 'low', x2: 'high', y1: 0, y2: placed.height, fill: 'var(--band)' })]),
    Plot.gridX({ ticks: [...x.ticks], stroke: 'var(--grid)', strokeOpacity: 1 }),
    Plot.axisX([...x.ticks], {
      text: x.format,
      label: axisText(chart.x),
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 36,
    }),
    ...(chart.reference === null ? [] : [Plot.ruleX([chart.reference.value], { stroke: 'var(--ink)' })]),
    Plot.ruleY(
      laid.filter(({ point }) => point.interval !== null),
      {
        y: ({ y, i }) => y + (several === undefined ? 0 : 5 * (i - 0.5)),
        x1: ({ point }) => low(point.interval?.low ?? 0),
        x2: ({ point }) => low(point.interval?.high ?? 0),
        stroke: ({ point }: (typeof laid)[number]) => MARKS[point.mark].color,
        strokeWidth: 1.6,
      },
    ),
    ...(['better', 'worse', 'same', 'unclear', 'none'] as const).flatMap((mark) =>
      (several === undefined ? [0] : several.points.map((_, i) => i)).map((which) => {
        const own = laid.filter(
          ({ point, i }) => point.mark === mark && (several === undefined || i === which),
        );
        const { symbol, color, hollow } = MARKS[mark];
        const shape = several === undefined ? symbol : (SHAPES[which] ?? 'circle');
        return Plot.dot(own, {
          x: ({ point }) => point.value,
          y: 'y',
          symbol: shape === 'triangleDown' ? DOWN : shape,
          r: 4.2,
          stroke: several === undefined ? color : colorOf(which),
          fill:
            several === undefined
              ? hollow
                ? 'var(--page)'
                : color
              : which === 0
                ? colorOf(0)
                : 'var(--page)',
          title,
        });
      }),
    ),
    ...rowLabels(placed),
  ];
  return drawn(
    {
      height,
      marginLeft: labelWidth(rows.map((row) => row.label)) + 4,
      marginRight: 16,
      marginTop: 4,
      marginBottom: 42,
      x: { type: x.type, domain: [...x.domain] },
      y: { type: 'linear', domain: [placed.height, 0], axis: null },
      marks,
    },
    altOf(chart),
  );
}

interface Placed<Row> {
  readonly rows: readonly { readonly row: Row; readonly y: number }[];
  readonly titles: readonly { readonly label: string; readonly y: number }[];
  readonly height: number;
}

/** Rows below each other, the name of a group above its own. */
function placeRows<Row>(
  groups: readonly { readonly label: string; readonly rows: readonly Row[] }[],
): Placed<Row> {
  let y = 4;
  const rows: { row: Row; y: number }[] = [];
  const titles: { label: string; y: number }[] = [];
  for (const group of groups) {
    if (group.label !== '') {
      titles.push({ label: group.label, y: y + GROUP_GAP / 2 });
      y += GROUP_GAP;
    }
    for (const row of group.rows) {
      rows.push({ row, y: y + ROW / 2 });
      y += ROW;
    }
  }
  return { rows, titles, height: y + 4 };
}

function rowLabels<Row extends { readonly label: string }>({ rows, titles }: Placed<Row>): Marks {
  return [
    Plot.text(rows, {
      text: ({ row }: { row: Row }) => cut(row.label),
      y: 'y',
      frameAnchor: 'left',
      textAnchor: 'end',
      dx: -8,
      fill: 'var(--ink)',
    }),
    Plot.text(titles, {
      text: ({ label }: { label: string }) => cut(label, 56),
      y: 'y',
      frameAnchor: 'left',
      textAnchor: 'start',
      dx: 2,
      fontWeight: 'bold',
      fill: 'var(--ink)',
    }),
  ];
}

function barsSvg(chart: BarsChart): string {
  const groups = chart.groups
    .filter(({ bars }) => bars.length > 0)
    .map(({ label, bars }) => ({ label, rows: bars }));
  const bars = groups.flatMap((group) => group.rows);
  if (bars.length === 0) return '';
  const x = scaleOf(
    bars.flatMap(({ value, marker }) => [value, ...(marker === null ? [] : [marker])]),
    { ...chart.x, scale: 'linear' },
  );
  const placed = placeRows(groups);
  const title = ({ row }: (typeof placed.rows)[number]) =>
    [
      `${row.label}: ${formatOnAxis(row.value, chart.x)}`,
      ...(row.marker === null ? [] : [`${chart.markerName}: ${formatOnAxis(row.marker, chart.x)}`]),
      ...(row.note === '' ? [] : [row.note]),
    ].join('\n');
  const marks: Marks = [
    Plot.gridX({ ticks: [...x.ticks], stroke: 'var(--grid)', strokeOpacity: 1 }),
    Plot.axisX([...x.ticks], {
      text: x.format,
      label: axisText(chart.x),
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 36,
    }),
    Plot.rect(placed.rows, {
      x1: 0,
      x2: ({ row }) => row.value,
      y1: ({ y }) => y - ROW / 2 + 3,
      y2: ({ y }) => y + ROW / 2 - 3,
      fill: 'var(--s0)',
      title,
    }),
    Plot.ruleX([0], { stroke: 'var(--ink)' }),
    Plot.ruleX(
      placed.rows.filter(({ row }) => row.marker !== null),
      {
        x: ({ row }) => row.marker,
        y1: ({ y }) => y - ROW / 2 + 1,
        y2: ({ y }) => y + ROW / 2 - 1,
        stroke: 'var(--ink)',
        strokeWidth: 2.5,
        title,
      },
    ),
    ...rowLabels(placed),
  ];
  return drawn(
    {
      height: placed.height + 46,
      marginLeft: labelWidth(bars.map((bar) => bar.label)) + 4,
      marginRight: 16,
      marginTop: 4,
      marginBottom: 42,
      x: { type: 'linear', domain: [...x.domain] },
      y: { type: 'linear', domain: [placed.height, 0], axis: null },
      marks,
    },
    altOf(chart),
  );
}

function heatSvg(chart: HeatChart): string {
  const known = chart.cells.filter((cell): cell is typeof cell & { value: number } => cell.value !== null);
  if (known.length === 0) return '';
  const left = labelWidth(chart.rows.names) + 4;
  const width = (WIDTH - left - 10) / Math.max(1, chart.columns.names.length);
  const shade = shadesOf(
    known.map(({ value }) => value),
    chart,
  );
  const title = (cell: (typeof known)[number]) =>
    [
      `${chart.rows.names[cell.row] ?? ''}, ${chart.columns.label} ${chart.columns.names[cell.column] ?? ''}`,
      `${chart.value.label}: ${formatOnAxis(cell.value, chart.value)}`,
      ...(cell.marked ? [chart.markName] : []),
      ...(cell.note === '' ? [] : [cell.note]),
    ].join('\n');
  const rows = chart.rows.names.length;
  const top = 44;
  const slanted = width < Math.max(...chart.columns.names.map((name) => cut(name, 12).length)) * CHARACTER;
  const shown =
    slanted && chart.columns.names.length > NAMES_MAX * 3 ? everyNth(chart.columns.names.length) : null;
  const at = {
    x1: (cell: { column: number }) => cell.column,
    x2: (cell: { column: number }) => cell.column + 1,
    y1: (cell: { row: number }) => cell.row,
    y2: (cell: { row: number }) => cell.row + 1,
  };
  const middle = {
    x: (cell: { column: number }) => cell.column + 0.5,
    y: (cell: { row: number }) => cell.row + 0.5,
  };
  const names = chart.columns.names
    .map((name, column) => ({ name: cut(name, 12), column }))
    .filter(({ column }) => shown === null || shown(column));
  const marks: Marks = [
    Plot.rect(known, {
      ...at,
      inset: 0.5,
      fill: (cell: (typeof known)[number]) => shade(cell.value).color,
      fillOpacity: (cell: (typeof known)[number]) => shade(cell.value).opacity,
      title,
    }),
    Plot.text(
      known.filter(({ marked }) => marked && !chart.shown),
      {
        ...middle,
        text: () => '×',
        fontSize: Math.min(14, width + 3),
        fill: 'var(--ink)',
        pointerEvents: 'none',
      },
    ),
    ...(chart.shown
      ? [
          Plot.text(known, {
            ...middle,
            text: (cell: (typeof known)[number]) =>
              `${formatOnAxis(cell.value, chart.value, 'tick')}${cell.marked ? '×' : ''}`,
            fill: 'var(--ink)',
            fontSize: width < 42 ? 9 : 11,
            pointerEvents: 'none',
          }),
        ]
      : []),
    Plot.text(chart.rows.names, {
      text: (name: string) => cut(name),
      y: (_: string, i: number) => i + 0.5,
      frameAnchor: 'left',
      textAnchor: 'end',
      dx: -6,
      fill: 'var(--ink)',
    }),
    Plot.text(names, {
      text: 'name',
      x: ({ column }: { column: number }) => column + 0.5,
      frameAnchor: 'top',
      dy: -6,
      rotate: slanted && shown === null ? -35 : 0,
      textAnchor: slanted && shown === null ? 'start' : 'middle',
      lineAnchor: 'bottom',
      fontSize: 10,
      fill: 'var(--ink)',
    }),
  ];
  return drawn(
    {
      height: rows * ROW + (slanted && shown === null ? 74 : top) - 18,
      marginLeft: left,
      marginRight: slanted && shown === null ? 34 : 10,
      marginTop: (slanted && shown === null ? 74 : top) - 22,
      marginBottom: 4,
      x: { type: 'linear', domain: [0, chart.columns.names.length], axis: null },
      y: { type: 'linear', domain: [rows, 0], axis: null },
      color: { type: 'identity' },
      opacity: { type: 'identity' },
      marks,
    },
    altOf(chart),
  );
}

function everyNth(count: number): (i: number) => boolean {
  const step = Math.ceil(count / (2 * NAMES_MAX));
  return (i) => i % step === 0;
}

/** How dark a value is, from a tenth to all of it; of two kinds of shades on either side of the middle. */
function shadesOf(
  values: readonly number[],
  { middle, value: { scale } }: HeatChart,
): (value: number) => { readonly color: string; readonly opacity: number } {
  const of = (value: number) => (scale === 'log' ? Math.log(Math.max(value, Number.MIN_VALUE)) : value);
  const low = Math.min(...values.map(of));
  const high = Math.max(...values.map(of));
  const between = (share: number) => Number((0.08 + 0.62 * Math.min(1, Math.max(0, share))).toFixed(3));
  if (middle === null)
    return (value) => ({
      color: 'var(--s0)',
      opacity: between(high > low ? (of(value) - low) / (high - low) : 0),
    });
  const farthest = Math.max(high - of(middle), of(middle) - low) || 1;
  return (value) => ({
    color: value > middle ? 'var(--worse)' : 'var(--better)',
    opacity: between(Math.abs(of(value) - of(middle)) / farthest),
  });
}
