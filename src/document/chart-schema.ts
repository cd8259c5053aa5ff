import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';

const number = z.number();

const axisSchema = z.object({
  label: z.string(),
  scale: z
    .enum(['log', 'linear'])
    .describe('on a logarithmic one, 0 has a place of its own before the smallest value above it'),
  unit: z
    .enum(['count', 'ns', 'per-request', 'ratio', 'percent', 'share', 'percentile', 'place'])
    .describe(
      'percentile: 1 / (1 - p), so that 100 is p99. percent: a change in per cent. share: of one. place: which of the names ' +
        'below the axis, from 0',
    ),
  names: z.array(z.string()).optional().describe('of the places'),
});

const pointSchema = z.object({
  x: number,
  y: number,
  name: z.string().optional().describe('what it is; absent: one of its series'),
  enough: z.boolean().optional().describe('false: too few samples to believe it'),
});

const common = {
  title: z.string().describe('what it shows, with what it is measured under'),
  says: z.string().default('').describe('how to read it, in a sentence; empty: the title says it'),
};

export const linesSchema = z
  .object({
    kind: z.literal('lines'),
    ...common,
    x: axisSchema,
    y: axisSchema,
    shape: z
      .enum(['straight', 'steps', 'points'])
      .describe('how points of a series are joined; points: not at all'),
    series: z.array(
      z.object({
        label: z.string(),
        points: z.array(pointSchema).describe('with ascending x, unless they are not joined'),
        fit: z
          .object({
            says: z.string(),
            points: z.array(z.object({ x: number, y: number, low: number, high: number })),
          })
          .optional()
          .describe('a curve through them, with its 95 % band'),
      }),
    ),
    marks: z
      .array(z.object({ x: number, text: z.string() }))
      .optional()
      .describe('places on the horizontal axis where something happened'),
  })
  .describe('points on two axes, and lines through them');

export const MARKS = ['better', 'worse', 'same', 'unclear', 'none'] as const;

export const intervalsSchema = z
  .object({
    kind: z.literal('intervals'),
    ...common,
    x: axisSchema,
    reference: z
      .object({ value: number, text: z.string() })
      .nullable()
      .describe('what the values lie beside; null: nothing'),
    band: z
      .object({ low: number, high: number, text: z.string() })
      .nullable()
      .describe('in which a difference is none; null: no such band'),
    groups: z.array(
      z.object({
        label: z.string().describe('empty where there is one'),
        rows: z.array(
          z.object({
            label: z.string(),
            points: z.array(
              z.object({
                name: z.string().describe('of the point, where a row has several; else empty'),
                value: number,
                interval: z.object({ low: number, high: number }).nullable(),
                mark: z.enum(MARKS).describe('what is said of it; none: nothing is judged'),
                note: z.string().describe('in words; empty: nothing to say'),
              }),
            ),
          }),
        ),
      }),
    ),
  })
  .describe('a line for each row, with its values on one axis and how well they are known');

export const barsSchema = z
  .object({
    kind: z.literal('bars'),
    ...common,
    x: axisSchema,
    markerName: z.string().describe('what the marker of a bar is; empty: no bar has one'),
    groups: z.array(
      z.object({
        label: z.string(),
        bars: z.array(
          z.object({
            label: z.string(),
            value: number,
            marker: number.nullable(),
            note: z.string().describe('in words; empty: nothing to say'),
          }),
        ),
      }),
    ),
  })
  .describe('lengths from 0, to both sides where there are negative ones');

export const heatSchema = z
  .object({
    kind: z.literal('heat'),
    ...common,
    columns: z.object({ label: z.string(), names: z.array(z.string()) }),
    rows: z.object({ label: z.string(), names: z.array(z.string()) }),
    value: axisSchema.describe('what the cells hold; its axis is the scale of shades'),
    middle: number
      .nullable()
      .describe('the value on whose two sides there are two kinds of shades; null: there is one kind'),
    shown: z.boolean().describe('whether the cells are few enough to hold their number'),
    markName: z.string().describe('what a marked cell is; empty: none is marked'),
    cells: z.array(
      z.object({
        row: z.number().int().nonnegative(),
        column: z.number().int().nonnegative(),
        value: number.nullable().describe('null: not measured'),
        marked: z.boolean(),
        note: z.string().describe('in words; empty: nothing to say'),
      }),
    ),
  })
  .describe('rows and columns, each cell as dark as its value is large');

export const chartSchema = z.discriminatedUnion('kind', [
  linesSchema,
  intervalsSchema,
  barsSchema,
  heatSchema,
]);

export type Axis = ReadonlyDeep<z.infer<typeof axisSchema>>;
export type Mark = (typeof MARKS)[number];
export type LinesChart = ReadonlyDeep<z.infer<typeof linesSchema>>;
export type IntervalsChart = ReadonlyDeep<z.infer<typeof intervalsSchema>>;
export type IntervalRow = IntervalsChart['groups'][number]['rows'][number];
export type IntervalPoint = IntervalRow['points'][number];
export type BarsChart = ReadonlyDeep<z.infer<typeof barsSchema>>;
export type HeatChart = ReadonlyDeep<z.infer<typeof heatSchema>>;
/** A picture as data: all that is drawn, and nothing of how. */
export type Chart = ReadonlyDeep<z.infer<typeof chartSchema>>;
