import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';

const claims = z.array(z.string()).describe('ids in the catalogue of its claims');

export const documentedSchema = z
  .object({ text: z.string(), source: z.string() })
  .describe('a fact from documentation or source; it was not measured here');

export const guideFrequencySchema = z
  .object({
    model: z.string(),
    name: z.string(),
    calls: z.string().describe('“Syscalls per connection per event”'),
    example: z.string().describe('“Example: 10k conns, 1% active”'),
    claims,
    limit: z
      .string()
      .optional()
      .describe('what limits the connections of a model that cannot hold the example'),
    correction: z.string().describe('where the guide is wrong or vague, and under which condition'),
  })
  .describe('a row of “Call Frequency by Model”, once for each of our models that it speaks of');

/** The columns of "io_uring vs epoll: Benchmark Context". */
export const mechanismSchema = z.enum(['select/poll', 'epoll', 'io_uring']);

export const guideKeyNumberSchema = z.object({
  id: z.string(),
  number: z.string(),
  meaning: z.string(),
  claims,
  answer: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('measure'),
      measure: z
        .enum(['fd-setsize', 'epoll-connections', 'ratio'])
        .describe('what a run can say; tables/guide-key-numbers.ts knows how'),
    }),
    z.object({ kind: z.literal('documented'), documented: documentedSchema }),
    z.object({ kind: z.literal('cost') }).describe("a micro-benchmark's: no run of servers can tell"),
  ]),
  correction: z.string().nullable(),
});

/** A fact from documentation or source. It was not measured here. */
export type Documented = ReadonlyDeep<z.infer<typeof documentedSchema>>;
/** A row of "Call Frequency by Model", once for each of our models that it speaks of. */
export type GuideFrequency = ReadonlyDeep<z.infer<typeof guideFrequencySchema>>;
export type Mechanism = z.infer<typeof mechanismSchema>;
export type GuideKeyNumber = ReadonlyDeep<z.infer<typeof guideKeyNumberSchema>>;
/** What a run can say about a key number: `tables/guide-key-numbers.ts` knows how. */
export type KeyNumberMeasure = Extract<GuideKeyNumber['answer'], { kind: 'measure' }>['measure'];
