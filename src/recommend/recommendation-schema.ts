import { z } from 'zod';
import { changeSchema } from '../compare/result.ts';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { workloadSchema } from '../workloads/schema.ts';

const count = z.number().int().nonnegative();

/** How a row stands beside the one that takes the least CPU. */
const standingSchema = z
  .enum(['best', 'no-difference', 'unclear', 'worse', 'unknown'])
  .describe(
    'best: the least CPU per request. no-difference: the 95 % interval of its ratio to the best covers 1. unclear: it ' +
      'does not, but it does once it is widened for the number of comparisons. worse: takes more, also then. unknown: ' +
      'too few blocks hold both',
  );

const cellSchema = z.object({ runId: z.string(), workload: z.string() });

const rateSchema = z.object({
  change: changeSchema.describe('requests per second, times those of the best by CPU'),
  standing: z.enum(['faster', 'no-difference', 'unclear', 'slower', 'unknown']),
});

const choiceRowSchema = z.object({
  label: z.string(),
  model: z.string(),
  family: z.string(),
  cpuNsPerRequest: z
    .number()
    .describe(
      'server CPU of all threads per request: trimmed geometric mean over the trials; rows of different runs differ in the weather, so compare by ratio',
    ),
  callsPerRequest: z.number().nullable().describe('system calls of the server; null: nobody counted them'),
  trials: count,
  ratio: changeSchema
    .nullable()
    .describe(
      'CPU per request, times that of the best, in pairs within the blocks; null: it is the best, or no block holds both',
    ),
  blocks: count.describe('that hold it and the best, and are used'),
  standing: standingSchema,
  rate: rateSchema
    .nullable()
    .describe('null: the rate is given, or the client was the limit of one of the two; then it says nothing'),
  furtherBlocks: count
    .nullable()
    .describe(
      'how many more blocks would tell it from the best if the difference is what it looks like; null: no advice',
    ),
});

export const choiceSchema = z
  .object({
    workload: workloadSchema.describe('one of the workloads that are this load'),
    cells: z.array(cellSchema).describe('what it rests on'),
    outcome: z
      .enum(['one', 'several', 'undecided', 'alone'])
      .describe(
        'one: all others take more. several: some show no difference. undecided: too few blocks. alone: no other row was measured',
      ),
    among: z
      .array(z.string())
      .describe(
        'rows not shown to take more than another: with 95 % the cheapest is one of them; the best first',
      ),
    plainest: z
      .string()
      .nullable()
      .describe('of several, the one that the oldest kernels have; null: there is one, or nothing is told'),
    fastest: z
      .string()
      .nullable()
      .describe(
        'a row surely faster than the best by CPU, though it takes more CPU; null: there is none, or rates say nothing',
      ),
    rates: z.string().nullable().describe('why requests per second rank nothing here; null: they do'),
    rows: z.array(choiceRowSchema).describe('the best first, then by ratio'),
    leftOut: z.array(z.object({ label: z.string(), reason: z.string() })),
  })
  .describe('which row takes the least CPU per request under one load that was measured');

const pointSchema = z.object({
  at: z.number().describe('of what varies'),
  workload: z.string(),
  change: changeSchema
    .nullable()
    .describe('CPU per request, first over second; null: not measured in pairs here'),
  cheaper: z
    .enum(['first', 'second', 'neither', 'unclear', 'unknown'])
    .describe('which surely takes less; unclear and neither: these runs show no difference'),
  why: z.string().nullable().describe('why there is nothing to tell'),
});

export const crossingSchema = z
  .object({
    axis: z.string().describe('id of the axis'),
    first: z.string(),
    second: z.string(),
    outcome: z
      .enum(['crosses', 'begins', 'ends', 'always', 'none', 'mixed', 'unknown'])
      .describe(
        'crosses: one is cheaper at the low end, the other at the high end. begins: no difference at the low end, and one is cheaper from some value on. ' +
          'ends: one is cheaper at the low end, and no difference is shown at the high end. always: one is cheaper at every value measured. none: no difference that ' +
          'these runs can show at any. mixed: none of these. unknown: fewer than two values have both',
      ),
    cheaper: z
      .string()
      .nullable()
      .describe('the cheaper one: at the high end, or of ends at the low end; null: no one'),
    between: z
      .object({ low: z.number(), high: z.number() })
      .nullable()
      .describe('the measured values between which it changes'),
    meets: z
      .object({ at: z.number(), interval: z.object({ low: z.number(), high: z.number() }).nullable() })
      .nullable()
      .describe(
        'where both cost the same, by straight lines between the measured values, with the 95 % interval over blocks; null: they do not cross',
      ),
    points: z.array(pointSchema),
    limits: z.array(z.string()).describe('where one of them ends: values that it cannot hold'),
  })
  .describe('two models over one number of the load');

export const axisSchema = z.object({
  id: z.string(),
  title: z.string(),
  varies: z.enum(['connections', 'messageBytes', 'depth', 'ratePerSecond']),
  values: z.array(z.number()),
});

export const changeOfAnswerSchema = z
  .object({
    kind: z.enum(['load', 'call-cost', 'precision', 'rate', 'limit', 'range', 'support']),
    text: z.string(),
  })
  .describe('something that would change the answer, or that the answer does not hold for');

export const answerSchema = z
  .object({
    asked: workloadSchema,
    basis: z
      .enum(['measured', 'between', 'beyond', 'nothing'])
      .describe(
        'measured: a cell with these numbers. between: a cell on either side in every number. beyond: only the nearest cell, which says nothing surely. nothing: no cell of this kind of load',
      ),
    outcome: z
      .enum(['one', 'several', 'changes', 'undecided', 'beyond', 'nothing'])
      .describe('changes: the two cells have no row in common that is not surely worse'),
    choices: z.array(choiceSchema).describe('of the cells it rests on: one, or the lower and the upper one'),
    among: z.array(z.string()).describe('rows that are surely worse in none of them; the best first'),
    plainest: z.string().nullable(),
    ruledOut: z.array(z.object({ label: z.string(), reason: z.string() })),
    beyond: z
      .array(z.string())
      .describe('in what the cells differ from the case, where they do not enclose it'),
    measure: z.string().nullable().describe('the command that would measure the case itself; null: it was'),
    changes: z.array(changeOfAnswerSchema),
  })
  .describe('one case');

export const recommendationSchema = z.object({
  runs: z.array(
    z.object({ runId: z.string(), kind: z.string().nullable(), startedAt: z.string(), kernel: z.string() }),
  ),
  costsId: z.string().nullable().describe('the stored costs that were used; null: none'),
  comparisons: count.describe('ratios that are compared with 1: what the standings are guarded against'),
  choices: z.array(choiceSchema).describe('of every load that was measured'),
  axes: z.array(axisSchema),
  crossings: z.array(crossingSchema),
  changes: z.array(changeOfAnswerSchema),
  answer: answerSchema.nullable().describe('to --for; null: nothing was asked for'),
});

export type Standing = z.infer<typeof standingSchema>;
export type ChoiceRow = ReadonlyDeep<z.infer<typeof choiceRowSchema>>;
export type Choice = ReadonlyDeep<z.infer<typeof choiceSchema>>;
export type CrossingPoint = ReadonlyDeep<z.infer<typeof pointSchema>>;
export type Crossing = ReadonlyDeep<z.infer<typeof crossingSchema>>;
export type Axis = ReadonlyDeep<z.infer<typeof axisSchema>>;
export type ChangeOfAnswer = ReadonlyDeep<z.infer<typeof changeOfAnswerSchema>>;
export type Answer = ReadonlyDeep<z.infer<typeof answerSchema>>;
/** Which model for which load, from stored runs. */
export type Recommendation = ReadonlyDeep<z.infer<typeof recommendationSchema>>;
