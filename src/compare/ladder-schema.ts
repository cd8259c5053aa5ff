import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { changeSchema } from './result.ts';

const count = z.number().int().nonnegative();

const stepChangeSchema = z
  .object({
    metric: z.string().describe('id of a metric'),
    change: changeSchema.describe(
      'this rung over the one that it is compared with, in pairs within the blocks',
    ),
    better: z
      .boolean()
      .nullable()
      .describe('which way the interval lies; null: it covers no change, or there is none'),
  })
  .describe('what a rung adds to one metric');

const ladderStepSchema = z.object({
  label: z.string(),
  status: z.enum(['measured', 'skipped', 'failed', 'not-run']),
  reason: z.string().nullable().describe('why it was not measured; null: it was'),
  against: z
    .string()
    .nullable()
    .describe(
      'the rung that it is compared with: the nearest one below it that was measured; null: it is the first, or was not measured',
    ),
  values: z
    .record(z.string(), z.number().nullable())
    .describe('by metric, over the trials of this rung; null: could not be measured'),
  changes: z.array(stepChangeSchema),
  leftOut: z
    .array(z.object({ metric: z.string(), reason: z.string() }))
    .describe('metrics that are not compared'),
});

const lossSchema = z
  .object({ workload: z.string(), metric: z.string(), change: changeSchema })
  .describe(
    'what gets worse, by more than 1 % and with p < 0.01 among all that was judged of these two rungs',
  );

const ladderStopSchema = z
  .object({
    workload: z.string().nullable().describe('null: over all of them'),
    label: z
      .string()
      .nullable()
      .describe('where to stop; null: no rung was measured, or over all none was in every workload'),
    outcome: z
      .enum(['gain', 'no-difference', 'first', 'undecided', 'nothing'])
      .describe(
        'gain: that rung takes less than the one that one stands on before, by more than the interval, and nothing is lost elsewhere. ' +
          'no-difference: the first rung, from which this run cannot tell the others. first: the first rung, and some ' +
          'other is worse, or better at a loss. undecided: too few blocks. nothing: not measured',
      ),
    first: z.string().nullable().describe('the first rung that was measured'),
    change: changeSchema
      .nullable()
      .describe('of CPU per request, over the first rung; null: it is the first'),
    passedOver: z
      .array(z.object({ label: z.string(), change: changeSchema, losses: z.array(lossSchema) }))
      .describe('rungs that take less than the stop, and lose elsewhere beside the rung that one stood on'),
  })
  .describe('at which rung to stop, by CPU per request');

export const ladderSchema = z.object({
  metrics: z.array(z.string()).describe('that are told of each rung, in their order'),
  workloads: z.array(z.object({ id: z.string(), title: z.string(), connections: count })),
  families: z.array(
    z.object({
      family: z.string(),
      rungs: z
        .array(
          z.object({
            label: z.string(),
            model: z.string(),
            title: z.string(),
            after: z.string().nullable().describe('the rung that it adds a step to; null: it is a first one'),
            level: count.describe('of how many of the rungs below it more than one way goes on'),
          }),
        )
        .describe('in the order in which they are climbed'),
      steps: z
        .array(z.object({ workload: z.string(), rungs: z.array(ladderStepSchema) }))
        .describe('what each rung adds, by workload'),
      stops: z.array(ladderStopSchema).describe('by workload, and over all of them where there are several'),
    }),
  ),
});

/** What each rung of the ladders of a run adds to the one before it, and where to stop. */
export type Ladder = ReadonlyDeep<z.infer<typeof ladderSchema>>;
export type LadderFamily = Ladder['families'][number];
export type LadderStep = LadderFamily['steps'][number]['rungs'][number];
export type StepChange = LadderStep['changes'][number];
export type LadderStop = LadderFamily['stops'][number];
export type Loss = LadderStop['passedOver'][number]['losses'][number];
