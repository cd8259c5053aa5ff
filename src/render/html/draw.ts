import type { Axis, Mark } from '../../document/chart-schema.ts';
import * as Plot from './plot.ts';
import type { Scale } from './scale.ts';
import { FONT } from './text-width.ts';

/** Of a picture, in units that are CSS pixels on the narrowest screens: text is as large there as anywhere. */
export const WIDTH = 330;
/** Right of what is drawn, for half of the last label. */
export const RIGHT = 16;

/** A picture, or one of several that are one chart. */
export interface Panel {
  readonly svg: string;
  readonly height: number;
  /** What of the chart it shows; empty: all of it. */
  readonly of: string;
}

type PlotOptions = NonNullable<Parameters<typeof Plot.plot>[0]>;
export type Marks = NonNullable<PlotOptions['marks']>;
export type Drawing = PlotOptions & { readonly height: number };

const DOCUMENT = Plot.parseHTML('<!doctype html><html><body></body></html>').document;

/** A length or a place in what is drawn. */
const PLACES = / (d|transform|points|viewBox|r|[xy][12]?|c[xy]|d[xy]|width|height)="[^"]*"/g;

/** A picture without a name: whoever puts it into a page says what it shows. */
export function drawn(options: Drawing): string {
  const svg = Plot.plot({ document: DOCUMENT as never, width: WIDTH, className: 'plot', ...options });
  for (const style of svg.querySelectorAll('style')) style.remove();
  for (const name of ['width', 'height', 'font-family']) svg.removeAttribute(name);
  svg.setAttribute('font-size', String(FONT));
  // What is drawn is told in the table: a reader that enters the picture would hear numbers without names.
  for (const inner of svg.querySelectorAll('g[aria-label]')) inner.removeAttribute('aria-label');
  return svg.outerHTML.replaceAll(PLACES, shortNumbers);
}

/** A hundredth of a unit is less than can be seen. */
function shortNumbers(places: string): string {
  return places.replaceAll(/-?\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(2))));
}

export type Symbols = 'circle' | 'triangle' | 'triangle2' | 'diamond' | 'square' | 'star' | 'times' | 'cross';

/** By which series are told apart, beside their colours. */
export const SHAPES: readonly Symbols[] = [
  'circle',
  'triangle',
  'square',
  'diamond',
  'triangle2',
  'star',
  'cross',
  'times',
];

/** A verdict by its shape first, and by its colour second. */
export const MARK_SHAPES: Readonly<
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
export const DOWN = {
  draw(context: Path, size: number) {
    const y = Math.sqrt(size / (Math.sqrt(3) * 3));
    const x = Math.sqrt(3) * y;
    context.moveTo(0, 2 * y);
    context.lineTo(-x, -y);
    context.lineTo(x, -y);
    context.closePath();
  },
};

export function colorOf(i: number): string {
  return `var(--s${i % 8})`;
}

/** What an axis shows, with its unit where neither its name nor its ticks have it. */
export function axisText({ label, unit }: Axis): string {
  const units: Partial<Record<Axis['unit'], string>> = { ratio: 'times', 'per-request': 'per request' };
  const shown = units[unit];
  return shown === undefined || label.includes(shown) ? label : `${label} (${shown})`;
}

/** Of what is below a picture: ticks, their labels, and the name of the axis. */
export function axisHeight({ upright }: Scale): number {
  return upright === 0 ? 42 : 32 + upright;
}

/** The lying axis below a picture, and the lines that go up from its ticks. */
export function lyingAxis(scale: Scale, axis: Axis, { grid }: { readonly grid: boolean }): Marks {
  return [
    ...(grid ? [Plot.gridX({ ticks: [...scale.ticks], stroke: 'var(--grid)', strokeOpacity: 1 })] : []),
    Plot.axisX([...scale.ticks], {
      text: scale.format,
      label: axisText(axis),
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: axisHeight(scale) - 6,
      ...(scale.upright === 0
        ? {}
        : { tickRotate: -90, textAnchor: 'end' as const, lineAnchor: 'middle' as const }),
    }),
  ];
}
