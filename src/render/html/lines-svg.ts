import { formatOnAxis } from '../../document/axis.ts';
import type { LinesChart } from '../../document/chart-schema.ts';
import { axisHeight, colorOf, drawn, lyingAxis, type Marks, type Panel, SHAPES, WIDTH } from './draw.ts';
import * as Plot from './plot.ts';
import { type Extent, pixelOf, type Scale, scaleOf, valueAt } from './scale.ts';
import { fitText, LINE, textWidth } from './text-width.ts';

/** Of the axis that stands. */
const HEIGHT = 246;
const SMALL_HEIGHT = 96;
const TOP = 12;
/** Longer names of lines leave out their middle. */
const LABEL_MAX = 128;
const MARK_MAX = 120;
const MARKS_APART = 6;
const DASHES = ['', '6 3', '2 3', '8 3 2 3', '12 3', '1 3'] as const;

type Series = LinesChart['series'][number] & { readonly i: number };
type Point = LinesChart['series'][number]['points'][number];

/** Points on two axes and lines through them, each with its name at its end. Empty if there is nothing to draw. */
export function linesPanels(chart: LinesChart): readonly Panel[] {
  const points = chart.series.flatMap((series) => series.points);
  if (points.length === 0) return [];
  const filled = chart.series.map((series, i) => ({ ...series, i })).filter((one) => one.points.length > 0);
  const ends = endsOf(filled, chart.shape);
  const small = chart.x.unit === 'place' && filled.length <= 2;
  const inner = Math.max(small ? SMALL_HEIGHT : HEIGHT, (ends.length - 1) * LINE);
  const { ticks, format } = yOf(chart, filled, standingAt(0, inner));
  const left = Math.max(...ticks.map((tick) => textWidth(format(tick))), 12) + 12;
  const right = Math.max(...ends.map(({ label }) => textWidth(label)), 0) + 18;
  const lying: Extent = { from: left, to: WIDTH - right, lying: true, bounds: [0, WIDTH] };
  const x = scaleOf(
    points.map((point) => point.x),
    chart.x,
    lying,
    chart.x.unit !== 'place',
  );
  const marks = placeMarks(chart.marks ?? [], pixelOf(x, lying));
  const top = TOP + LINE * Math.max(0, ...marks.map(({ line }) => line + 1));
  const bottom = axisHeight(x);
  const height = top + inner + bottom;
  const standing = standingAt(top, inner);
  const y = yOf(chart, filled, standing);
  const svg = drawn({
    height,
    marginLeft: left,
    marginRight: right,
    marginTop: top,
    marginBottom: bottom,
    x: { type: x.type, domain: [...x.domain] },
    y: { type: y.type, domain: [...y.domain] },
    color: { type: 'identity' },
    marks: [
      Plot.gridY({ ticks: [...y.ticks], stroke: 'var(--grid)', strokeOpacity: 1 }),
      ...lyingAxis(x, chart.x, { grid: false }),
      Plot.axisY([...y.ticks], { text: y.format, label: null }),
      ...markMarks(marks, valueAt(x, lying)),
      ...filled.flatMap((series) => [
        ...fitMarks(series, x),
        ...seriesMarks(series.points, { i: series.i, label: series.label, chart, x }),
      ]),
      ...endMarks(ends, { x, y, standing, plain: chart.shape === 'points' }),
    ],
  });
  return [{ svg, height, of: '' }];
}

function standingAt(top: number, inner: number): Extent {
  return { from: top + inner, to: top, lying: false, bounds: [top - LINE / 2, top + inner + LINE / 2] };
}

function yOf(chart: LinesChart, filled: readonly Series[], standing: Extent): Scale {
  const fits = filled
    .flatMap(({ fit }) => fit?.points ?? [])
    .filter(({ low }) => low > 0 || chart.y.scale === 'linear');
  return scaleOf(
    [
      ...filled.flatMap((series) => series.points.map((point) => point.y)),
      ...fits.flatMap(({ low, high }) => [low, high]),
    ],
    chart.y,
    standing,
    false,
  );
}

interface End {
  readonly point: Point;
  readonly i: number;
  readonly label: string;
}

/** What has its name at the right: the last point of each line, or every point that has a name of its own. */
function endsOf(filled: readonly Series[], shape: LinesChart['shape']): readonly End[] {
  const ends: readonly End[] =
    shape === 'points'
      ? filled.flatMap(({ points, i }) =>
          points.flatMap((point) => (point.name === undefined ? [] : [{ point, i, label: point.name }])),
        )
      : filled.flatMap(({ points, i, label }) => points.slice(-1).map((point) => ({ point, i, label })));
  return ends.map((end) => ({ ...end, label: fitText(end.label, LABEL_MAX) }));
}

function endMarks(
  ends: readonly End[],
  {
    x,
    y,
    standing,
    plain,
  }: { readonly x: Scale; readonly y: Scale; readonly standing: Extent; readonly plain: boolean },
): Marks {
  const pixel = pixelOf(y, standing);
  const back = valueAt(y, standing);
  const places = spreadOut(
    ends.map(({ point }) => pixel(point.y)),
    [standing.to, standing.from],
  );
  const labels = ends.map((end, i) => ({ ...end, at: back(places[i] ?? 0) }));
  return [
    Plot.link(labels, {
      x1: ({ point }: (typeof labels)[number]) => x.on(point.x),
      x2: x.domain[1],
      y1: ({ point }: (typeof labels)[number]) => point.y,
      y2: 'at',
      stroke: 'var(--faint)',
      strokeWidth: 0.6,
    }),
    Plot.text(labels, {
      text: 'label',
      y: 'at',
      frameAnchor: 'right',
      textAnchor: 'start',
      dx: 5,
      fill: ({ i }: (typeof labels)[number]) => (plain ? 'var(--ink)' : colorOf(i)),
    }),
  ];
}

/**
 * Places for labels as near to where they belong as they can all be, none over another, all between `top` and `bottom`:
 * those that would overlap form a block that lies around the mean of where its labels belong.
 */
function spreadOut(wanted: readonly number[], [top, bottom]: readonly [number, number]): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const step = Math.min(LINE, (bottom - top) / Math.max(1, wanted.length - 1));
  const blocks: { readonly members: number[]; start: number }[] = [];
  const settle = (block: (typeof blocks)[number]) => {
    const sum = block.members.reduce((total, i, k) => total + (wanted[i] ?? 0) - k * step, 0);
    const last = bottom - step * (block.members.length - 1);
    block.start = Math.max(top, Math.min(last, sum / block.members.length));
  };
  for (const i of order) {
    let block = { members: [i], start: 0 };
    settle(block);
    for (let above = blocks.at(-1); above !== undefined; above = blocks.at(-1)) {
      if (above.start + step * above.members.length <= block.start + 1e-9) break;
      blocks.pop();
      block = { members: [...above.members, ...block.members], start: 0 };
      settle(block);
    }
    blocks.push(block);
  }
  const places = new Array<number>(wanted.length).fill(0);
  for (const { members, start } of blocks)
    members.forEach((i, k) => {
      places[i] = start + k * step;
    });
  return places;
}

interface PlacedMark {
  readonly x: number;
  readonly text: string;
  /** In units of the picture: the middle of the text. */
  readonly at: number;
  /** 0: just above what is drawn. */
  readonly line: number;
}

/** What is written above the picture, within it, in as many lines as it takes. */
function placeMarks(
  marks: NonNullable<LinesChart['marks']>,
  pixel: (value: number) => number,
): readonly PlacedMark[] {
  const ends: number[] = [];
  return marks
    .toSorted((a, b) => a.x - b.x)
    .map(({ x, text: whole }) => {
      const text = fitText(whole, MARK_MAX);
      const half = textWidth(text) / 2;
      const at = Math.min(WIDTH - half, Math.max(half, pixel(x)));
      const free = ends.findIndex((end) => end + MARKS_APART <= at - half);
      const line = free < 0 ? ends.length : free;
      ends[line] = at + half;
      return { x, text, at, line };
    });
}

function markMarks(marks: readonly PlacedMark[], back: (pixel: number) => number): Marks {
  if (marks.length === 0) return [];
  const lines = [...new Set(marks.map(({ line }) => line))];
  return [
    Plot.ruleX(marks, { x: 'x', stroke: 'var(--ink)', strokeDasharray: '3 2' }),
    ...lines.map((line) =>
      Plot.text(
        marks.filter((mark) => mark.line === line),
        {
          x: ({ at }: PlacedMark) => back(at),
          text: 'text',
          frameAnchor: 'top',
          dy: -14 - line * LINE,
          fill: 'var(--ink)',
        },
      ),
    ),
  ];
}

function fitMarks({ fit, i }: Series, x: Scale): Marks {
  if (fit === undefined) return [];
  return [
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
  ];
}

interface SeriesStyle {
  readonly i: number;
  readonly label: string;
  readonly chart: LinesChart;
  readonly x: Scale;
}

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
  const line = {
    ...at,
    stroke: colorOf(i),
    curve: chart.shape === 'steps' ? 'step-after' : 'linear',
  } as const;
  const dots = { ...at, symbol: SHAPES[i % SHAPES.length] ?? 'circle', r: 3, stroke: colorOf(i), title };
  const joined = chart.shape !== 'points';
  return [
    ...(joined && lastBelieved > 0
      ? [
          Plot.line(points.slice(0, lastBelieved + 1), {
            ...line,
            strokeWidth: 1.6,
            strokeDasharray: DASHES[Math.floor(i / 8) % DASHES.length] ?? '',
          }),
        ]
      : []),
    ...(joined && doubted.length > 0
      ? [
          Plot.line(points.slice(Math.max(0, lastBelieved)), {
            ...line,
            strokeWidth: 1,
            strokeDasharray: '1 3',
          }),
        ]
      : []),
    ...(believed.length > 0 ? [Plot.dot(believed, { ...dots, fill: colorOf(i) })] : []),
    ...(doubted.length > 0 ? [Plot.dot(doubted, { ...dots, fill: 'var(--page)' })] : []),
  ];
}

function isEnough({ enough }: Point): boolean {
  return enough !== false;
}
