import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { changeSchema, verdictSchema } from './result.ts';

const count = z.number().int().nonnegative();
const value = z.number().nullable();

const pastRunSchema = z
  .object({
    runId: z.string(),
    startedAt: z.string(),
    kernel: z.string(),
    kernelVersion: z.string(),
    handicapNs: count
      .nullable()
      .describe('busy work per read that its servers were given as a test; null: none'),
    trials: count.describe('measured'),
    clean: count.describe('of these, undisturbed'),
    level: value.describe(
      'what compare takes the run for, in the unit of the metric: its floor (of a rate the ceiling), or the median of ' +
        'its clean trials; null: too little of it was seen',
    ),
    middle: value.describe('median of all trials; null: none has a value'),
    unseen: z.string().nullable().describe('why there is no level; null: there is one'),
    before: z
      .object({ verdict: verdictSchema, change: changeSchema, reason: z.string().nullable() })
      .nullable()
      .describe('beside the run before it, the others being the history; null: not compared'),
    notCompared: z.string().nullable().describe('why not; null: it was, or it is the first'),
  })
  .describe('a cell in one run');

export const runHistorySchema = z.object({
  metric: z.string().describe('id of a metric: its unit is in the name'),
  detect: z.number().describe('what the verdicts had to find, as a share'),
  runs: count,
  cells: z.array(
    z.object({
      label: z.string(),
      model: z.string(),
      workload: z.string(),
      runs: z.array(pastRunSchema).describe('the oldest first'),
      spread: z
        .object({
          share: z.number().describe('standard deviation of the levels of equal runs, as a share'),
          degrees: count.describe('of freedom: what it is known from'),
          runs: count.describe('with a level of as many trials as compare takes'),
        })
        .nullable()
        .describe('how far runs lie apart that differ in nothing; null: no two of them are equal'),
      changes: z
        .array(
          z.object({
            runId: z.string().describe('the first run after it'),
            ratio: z
              .number()
              .describe('of the medians of the levels after it and before it, up to the next ones'),
            pValue: z.number().describe('that levels in any order part as well somewhere'),
          }),
        )
        .default([])
        .describe('where the level changed and stayed, the oldest first'),
    }),
  ),
});

export type PastRun = ReadonlyDeep<z.infer<typeof pastRunSchema>>;
/** One metric in the stored runs of a host: what `history --json` prints under `history`. */
export type RunHistory = ReadonlyDeep<z.infer<typeof runHistorySchema>>;
