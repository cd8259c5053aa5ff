import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';

const interval = z.object({ low: z.number(), high: z.number() });

const plainValues = [
  z.object({
    kind: z.literal('text'),
    text: z.string(),
    tone: z.enum(['plain', 'strong', 'faint']).optional(),
  }),
  z.object({ kind: z.literal('count'), value: z.number() }),
  z.object({ kind: z.literal('rate'), perS: z.number() }),
  z.object({
    kind: z.literal('duration'),
    ns: z.number(),
    enough: z.boolean().describe('false: too few samples to believe it'),
  }),
  z.object({ kind: z.literal('nanoseconds'), ns: z.number() }),
  z.object({ kind: z.literal('per-request'), value: z.number() }),
  z.object({ kind: z.literal('bytes'), bytes: z.number() }),
  z.object({
    kind: z.literal('ratio'),
    ratio: z.number(),
    interval: interval.nullable(),
    verdict: z.enum(['better', 'worse', 'no-difference', 'unclear', 'unknown']),
    apart: z.boolean().describe('of CPU per request, in a column of throughput'),
  }),
  z
    .object({ kind: z.literal('estimate'), value: z.number(), interval: interval.nullable() })
    .describe('in the unit that the column names; may be negative'),
  z.object({ kind: z.literal('share'), share: z.number() }),
  z
    .object({
      kind: z.literal('factor'),
      ratio: z.number(),
      interval: interval.nullable(),
      range: interval,
    })
    .describe('several times something; where there is no interval, the range over the blocks'),
  z.object({ kind: z.literal('none') }).describe('could not be measured'),
] as const;

const figureSchema = z.object({
  name: z.string(),
  value: z.discriminatedUnion('kind', plainValues),
  unit: z.string().describe('such as calls/req'),
});

/** Named numbers about one thing. */
export const figureGroupSchema = z.object({
  about: z.string().describe('such as epoll-lt, c10k; empty where the table says it'),
  figures: z.array(figureSchema),
});

export const valueSchema = z.discriminatedUnion('kind', [
  ...plainValues,
  z
    .object({ kind: z.literal('findings'), findings: z.array(figureGroupSchema) })
    .describe('what several things showed, each in a line of its own'),
]);

export type Value = ReadonlyDeep<z.infer<typeof valueSchema>>;
/** A number, or a verdict, with what stands before and behind it. */
export type Figure = ReadonlyDeep<z.infer<typeof figureSchema>>;
export type FigureGroup = ReadonlyDeep<z.infer<typeof figureGroupSchema>>;
