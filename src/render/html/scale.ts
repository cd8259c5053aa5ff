import { formatOnAxis } from '../../document/axis.ts';
import type { Axis } from '../../document/chart-schema.ts';
import { FONT, fitText, textWidth } from './text-width.ts';

/** How far right of the largest value on a logarithmic scale, and left of the smallest, there is room. */
const ROOM = 1.04;
const TICKS = 5;
/** Between labels of ticks. */
const TICKS_APART = 8;
const PLACE_MAX = 90;
/** Up to so many names below an axis are all written, upright where they have no room beside each other. */
const NAMES_MAX = 12;
/** Up to so many counts on an axis are its ticks. */
const COUNTS_MAX = 5;
/** ... if each is so many times the one before, so that both can be read. */
const COUNTS_APART = 3;

export interface Scale {
  /** To what Plot is handed: 0 on a logarithmic scale has a place of its own. */
  readonly on: (value: number) => number;
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
  readonly type: 'log' | 'linear';
  readonly format: (value: number) => string;
  /** How high the labels of ticks are where they stand upright; 0: they lie beside each other. */
  readonly upright: number;
}

/** Where an axis lies in the picture. */
export interface Extent {
  /** In units of the picture: where the domain begins and ends. */
  readonly from: number;
  readonly to: number;
  /** Labels of a lying axis stand beside each other, those of a standing one above each other. */
  readonly lying: boolean;
  /** Between what labels are to stay: all of the picture, or nearly. */
  readonly bounds: readonly [number, number];
}

type Bare = Omit<Scale, 'ticks' | 'upright'>;

/**
 * A scale over values.
 * @param from0 whether a linear one has 0 on it, and a logarithmic one only round numbers as ticks.
 */
export function scaleOf(values: readonly number[], axis: Axis, extent: Extent, from0 = true): Scale {
  const { candidates, ...bare } =
    axis.scale === 'log' ? logScale(values, axis, !from0) : linearScale(values, axis, from0);
  const fitting = candidates.find((ticks) => ticks.length > 0 && canBeRead(bare, ticks, extent));
  if (fitting !== undefined) return { ...bare, ticks: fitting, upright: 0 };
  const last = candidates.at(-1) ?? [];
  return axis.unit === 'place'
    ? { ...bare, ticks: last, upright: Math.max(...last.map((tick) => textWidth(bare.format(tick)))) }
    : { ...bare, ticks: last.slice(0, 1), upright: 0 };
}

/** Whether all labels can be read: each within the picture, and none like another or over it. */
function canBeRead(scale: Bare, ticks: readonly number[], extent: Extent): boolean {
  const pixel = pixelOf(scale, extent);
  // Two that are written alike tell nothing apart.
  if (new Set(ticks.map((tick) => scale.format(tick))).size < ticks.length) return false;
  const labels = ticks
    .map((tick) => ({ at: pixel(tick), half: extent.lying ? textWidth(scale.format(tick)) / 2 : FONT / 2 }))
    .sort((a, b) => a.at - b.at);
  const [low, high] = extent.bounds;
  const apart = extent.lying ? TICKS_APART : 4;
  return labels.every(
    ({ at, half }, i) =>
      at - half >= low &&
      at + half <= high &&
      (i === 0 || at - half - apart >= (labels[i - 1]?.at ?? 0) + (labels[i - 1]?.half ?? 0)),
  );
}

function linearScale(
  values: readonly number[],
  axis: Axis,
  from0: boolean,
): Bare & { candidates: readonly (readonly number[])[] } {
  const low = from0 ? Math.min(0, ...values) : Math.min(...values);
  const high = from0 ? Math.max(0, ...values) : Math.max(...values);
  const room = (high - low || 1) * 0.04;
  const named = axis.unit === 'place';
  return {
    on: (value) => value,
    domain: [low === 0 && !named ? 0 : low - room, high + room],
    candidates: named
      ? placesOf(axis)
      : [TICKS, 4, 3, 2, 1]
          .map((count) => evenTicks(low, high, count))
          .concat([[...new Set([low, high])], [low]]),
    type: 'linear',
    format: (value) =>
      named ? fitText(formatOnAxis(value, axis), PLACE_MAX) : formatOnAxis(value, axis, 'tick'),
  };
}

/** Every name, or where they are many fewer and fewer, the first and the last among them. */
function placesOf({ names = [] }: Axis): number[][] {
  const last = names.length - 1;
  const spread = [4, 3, 2].map((count) => [
    ...new Set(Array.from({ length: count }, (_, i) => Math.round((i * last) / (count - 1)))),
  ]);
  const all = names.map((_, i) => i);
  return names.length <= NAMES_MAX ? [all] : [all, ...spread, [0]];
}

/** Whole multiples of 1, 2 or 5 times a power of ten. */
function evenTicks(low: number, high: number, wanted: number): number[] {
  const rough = (high - low || 1) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((one) => one >= rough) ?? 10 * power;
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first;
  return Array.from({ length: count + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function logScale(
  values: readonly number[],
  axis: Axis,
  dense: boolean,
): Bare & { candidates: readonly (readonly number[])[] } {
  const above = values.filter((value) => value > 0);
  const low = above.length === 0 ? 1 : Math.min(...above);
  const high = above.length === 0 ? 10 : Math.max(...above);
  const zero = values.includes(0);
  const zeroAt = low / (high / low) ** 0.18;
  const room = Math.max(ROOM, (high / low) ** 0.03);
  const own = [...new Set(above)].sort((a, b) => a - b);
  const apart = own.slice(1).every((value, i) => value >= COUNTS_APART * (own[i] ?? 0));
  // A few counts are what was asked for: they are the ticks.
  const few = axis.unit === 'count' && !dense && own.length <= COUNTS_MAX && apart;
  const candidates = [...(few ? [own] : []), ...logTicks(low, high, axis)];
  return {
    on: (value) => (value > 0 ? value : zeroAt),
    domain: [(zero ? zeroAt : low) / room, high * room],
    candidates: zero
      ? candidates.flatMap((ticks) => [
          [zeroAt, ...ticks],
          [zeroAt, ...ticks.slice(1)],
        ])
      : candidates,
    type: 'log',
    format: (value) => formatOnAxis(zero && value === zeroAt ? 0 : value, axis, 'tick'),
  };
}

/** Decades, or steps of 1, 2, 5 where those are few, or even steps; then fewer of them. */
function logTicks(low: number, high: number, { unit }: Axis): number[][] {
  if (unit === 'percentile')
    return thinner([2, 10, 100, 1000, 10_000, 100_000].filter((tick) => tick <= high * ROOM));
  const decades = Array.from(
    { length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 },
    (_, i) => Math.floor(Math.log10(low)) + i,
  );
  const [tens, some] = [[1], [1, 2, 5]].map((digits) =>
    decades
      .flatMap((decade) => digits.map((digit) => Number((digit * 10 ** decade).toPrecision(3))))
      .filter((tick) => tick >= low / ROOM && tick <= high * ROOM),
  ) as [number[], number[]];
  if (tens.length >= 3) return thinner(tens);
  const even = [TICKS, 4, 3, 2, 1].map((count) =>
    evenTicks(low, high, count).filter((tick) => tick >= low / ROOM),
  );
  return some.length >= 3
    ? [some, ...(tens.length > 0 ? thinner(tens) : even)]
    : [...even, [...new Set([low, high])], [low]];
}

/** All of them, every second, every third ... */
function thinner(ticks: readonly number[]): number[][] {
  return Array.from({ length: Math.max(1, ticks.length - 1) }, (_, by) =>
    ticks.filter((_, i) => i % (by + 1) === 0),
  );
}

/** Where in the picture a value lies, as Plot will put it. */
export function pixelOf(
  scale: Pick<Scale, 'type' | 'domain' | 'on'>,
  { from, to }: Pick<Extent, 'from' | 'to'>,
): (value: number) => number {
  const of = (value: number) => (scale.type === 'log' ? Math.log(value) : value);
  const [low, high] = [of(scale.domain[0]), of(scale.domain[1])];
  return (value) => from + ((of(scale.on(value)) - low) / (high - low || 1)) * (to - from);
}

/** What value lies at a place of the picture. */
export function valueAt(
  scale: Pick<Scale, 'type' | 'domain'>,
  { from, to }: Pick<Extent, 'from' | 'to'>,
): (pixel: number) => number {
  const of = (value: number) => (scale.type === 'log' ? Math.log(value) : value);
  const [low, high] = [of(scale.domain[0]), of(scale.domain[1])];
  return (pixel) => {
    const value = low + ((pixel - from) / (to - from)) * (high - low);
    return scale.type === 'log' ? Math.exp(value) : value;
  };
}
