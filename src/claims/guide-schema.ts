import { z } from 'zod';
import { figureGroupSchema } from '../document/value-schema.ts';
import type { ReadonlyDeep } from '../results/readonly.ts';

const claims = z.array(z.string()).describe('ids in the catalogue of its claims');

export const documentedSchema = z
  .object({ text: z.string(), source: z.string() })
  .describe('a fact from documentation or source; it was not measured here');

export const guideCellSchema = z
  .discriminatedUnion('status', [
    z.object({ status: z.literal('measured'), findings: z.array(figureGroupSchema) }),
    z
      .object({
        status: z.literal('documented'),
        here: z.string().nullable().describe('what the run adds, such as that it can run here'),
        ...documentedSchema.shape,
      })
      .describe('from documentation or source'),
    z.object({ status: z.literal('not-measured'), why: z.string() }),
    z
      .object({
        status: z.literal('not-here'),
        what: z.enum(['kernel', 'kernel/program', 'host']),
        why: z.string(),
      })
      .describe('this kernel or host has it not, or the program cannot hold what is asked of it'),
  ])
  .describe(
    'what this host says to a cell of the guide; never a guess, and never a measured value without a run',
  );
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
  correction: z.string().nullable(),
});

/** A fact from documentation or source. It was not measured here. */
export type Documented = ReadonlyDeep<z.infer<typeof documentedSchema>>;
/** A row of "Call Frequency by Model", once for each of our models that it speaks of. */
export type GuideFrequency = ReadonlyDeep<z.infer<typeof guideFrequencySchema>>;
export type Mechanism = z.infer<typeof mechanismSchema>;
export type GuideKeyNumber = ReadonlyDeep<z.infer<typeof guideKeyNumberSchema>>;
/** What this host says to a cell of the guide. */
export type GuideCell = ReadonlyDeep<z.infer<typeof guideCellSchema>>;
