import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { workloadSchema } from '../workloads/schema.ts';

const count = z.number().int().nonnegative();
const number = z.number();

const verdictSchema = z
  .enum(['regressed', 'improved', 'same', 'inconclusive'])
  .describe(
    'regressed and improved: larger than the threshold, and significant. same: the interval lies inside the ' +
      'threshold. inconclusive: anything else',
  );

const decidedBySchema = z
  .enum(['raw', 'normalised', 'relative', 'paired'])
  .describe('which of the changes decides. paired: both sides come from the same blocks of the same run');

const changeSchema = z
  .object({
    ratio: number,
    interval: z.object({ low: number, high: number }).nullable().describe('95 %; null with too few blocks'),
  })
  .describe('current over base: 1.1 is 10 % more, whether or not more is better');

const sideValuesSchema = z
  .object({ median: number, blocks: count })
  .describe('the blocks of one side of a cell');

const metricComparisonSchema = z
  .object({
    label: z.string(),
    model: z.string(),
    workload: z.string(),
    metric: z
      .string()
      .describe('id of a metric: its unit is in the name, a percentile is a response time in ns'),
    kind: z
      .enum(['counted', 'timed'])
      .describe('by the spread within the runs, not by name: counted hardly varies from block to block'),
    base: sideValuesSchema,
    current: sideValuesSchema,
    raw: changeSchema,
    normalised: changeSchema
      .nullable()
      .describe(
        'each block divided by the calibration of that block; null where there is none, or none applies',
      ),
    relative: changeSchema
      .nullable()
      .describe(
        'server CPU over the CPU that the load generator spent per request in the same trial, which the ' +
          'neighbours of a noisy host slow down as well; null for other metrics',
      ),
    decidedBy: decidedBySchema,
    change: changeSchema.describe(
      'what decided, its interval widened by what the host may have drifted between the runs',
    ),
    threshold: number.describe('smallest change that matters, as a share: 0.05'),
    pValue: number.nullable().describe('two-sided, of a rank test over blocks; null with too few'),
    adjustedP: number.nullable().describe('after Holm, over all cells of the family'),
    verdict: verdictSchema,
    reason: z
      .string()
      .nullable()
      .describe('why it is inconclusive, or what a confirmation found; null: nothing to say'),
    furtherBlocks: number
      .nullable()
      .describe(
        'of an inconclusive one: further blocks per side that would about decide it; null: out of reach',
      ),
    confirmed: z
      .boolean()
      .nullable()
      .describe('whether a second measurement (--confirm) was taken, and agreed; null: none was taken'),
  })
  .describe('one metric of one cell, both sides');

const comparedSideSchema = z.object({
  runs: z.array(
    z.object({
      runId: z.string(),
      startedAt: z.string(),
      status: z.string(),
      kernel: z.string(),
      blocks: count,
    }),
  ),
  blocks: count,
});

const environmentDifferenceSchema = z
  .object({
    what: z.string(),
    base: z.string(),
    current: z.string(),
    effect: z
      .enum(['subject', 'noted', 'refused'])
      .describe(
        'subject: what a comparison is made for, e.g. the kernel. refused: meaningless without --force',
      ),
  })
  .describe('something that is not the same on both sides');

const calibrationShiftSchema = z
  .object({ spin: changeSchema, syscall: changeSchema, ping: changeSchema })
  .describe(
    'how fast the machine itself was, by the calibrations: current over base, medians over the blocks',
  );

const leftOutSchema = z
  .object({
    label: z.string(),
    workload: z.string(),
    metric: z.string().nullable().describe('null: the whole cell'),
    reason: z.string(),
  })
  .describe('part of what was measured that is not compared');

const missingSchema = z
  .object({
    ...leftOutSchema.shape,
    allowed: z.boolean().describe('by --allow-missing: told of, and no finding'),
  })
  .describe('a cell, or a metric of one, that the base has and the current side lost');

export const comparisonSchema = z.object({
  base: comparedSideSchema,
  current: comparedSideSchema,
  workloads: z.array(workloadSchema),
  environment: z.array(environmentDifferenceSchema),
  unsteady: z
    .array(z.string())
    .describe('why the host was not steady over the runs, so that times cannot be compared as they are'),
  calibration: calibrationShiftSchema.nullable().describe('null where a side has no calibrations'),
  metrics: z.array(metricComparisonSchema).describe('counted ones first'),
  missing: z
    .array(missingSchema)
    .default([])
    .describe('what the base has and the current side lost: a finding unless it is allowed'),
  leftOut: z.array(leftOutSchema).describe('what is not compared for any other reason'),
  counts: z.record(verdictSchema, count),
  outcome: z
    .enum(['passed', 'regressed', 'missing', 'inconclusive'])
    .describe(
      'regressed if anything did; else missing if anything is that is not allowed to; else inconclusive if ' +
        'anything is; else passed',
    ),
  warnings: z.array(z.string()),
});

/** The id of a metric: see `metrics/registry.ts`. */
export type MetricId = string;
export type Verdict = z.infer<typeof verdictSchema>;
/** See `compare/decide.ts` for the rule, which does not look at the outcome. */
export type DecidedBy = z.infer<typeof decidedBySchema>;
export type Change = ReadonlyDeep<z.infer<typeof changeSchema>>;
export type SideValues = ReadonlyDeep<z.infer<typeof sideValuesSchema>>;
export type MetricComparison = ReadonlyDeep<z.infer<typeof metricComparisonSchema>>;
export type EnvironmentDifference = ReadonlyDeep<z.infer<typeof environmentDifferenceSchema>>;
export type CalibrationShift = ReadonlyDeep<z.infer<typeof calibrationShiftSchema>>;
export type Missing = ReadonlyDeep<z.infer<typeof missingSchema>>;
export type LeftOut = ReadonlyDeep<z.infer<typeof leftOutSchema>>;
/** Two sides compared: what `compare --json` prints under `comparison`. */
export type Comparison = ReadonlyDeep<z.infer<typeof comparisonSchema>>;
