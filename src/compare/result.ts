import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { workloadSchema } from '../workloads/schema.ts';

const count = z.number().int().nonnegative();
const number = z.number();

export const verdictSchema = z
  .enum(['regressed', 'improved', 'same', 'inconclusive'])
  .describe(
    'same: the 95 % interval lies inside +-detect. regressed: it lies wholly on the worse side of no change, and not ' +
      'inside. improved: mirrored. inconclusive: anything else',
  );

const decidedBySchema = z
  .enum(['counts', 'pairs', 'best', 'middle', 'exact'])
  .describe(
    'counts: hardly varies, judged over blocks. pairs: both sides come from the same blocks of one run. best and ' +
      'middle: what each run is stood for by, the floor (of a rate the ceiling) of its clean trials, or their median. exact: ' +
      'the median of a boot, by a clock that counts instructions',
  );

export const changeSchema = z
  .object({
    ratio: number,
    interval: z.object({ low: number, high: number }).nullable().describe('95 %; null: nothing says'),
  })
  .describe('current over base: 1.1 is 10 % more, whether or not more is better');

const sideValuesSchema = z
  .object({
    value: number.describe('what is compared: of pairs and counts the median over trials'),
    runs: count,
    trials: count.describe('measured'),
    clean: count.describe('of these, undisturbed'),
  })
  .describe('one side of a cell');

const spreadSchema = z
  .object({
    share: number.describe('standard deviation of the levels of equal runs, as a share'),
    degrees: count.describe('of freedom: what it is known from'),
  })
  .describe('how far runs lie apart that differ in nothing');

const batchingSchema = z
  .object({
    base: number.describe('system calls per request'),
    current: number,
    eventsPerWakeup: z.object({ base: number, current: number }).nullable(),
    moved: z.boolean().describe('by more than its resolution: CPU alone does not decide'),
    says: z.string().describe('which way the work went, in words'),
  })
  .describe('how many requests one system call serves, of a cell where it varies');

const againSchema = z
  .object({ change: changeSchema, verdict: verdictSchema })
  .describe('what a second measurement of the current side says');

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
    decidedBy: decidedBySchema,
    change: changeSchema.describe('what decides'),
    medians: number.describe(
      'the median of all trials, current over base: what it looks like at first sight',
    ),
    detect: number.describe('the change that is to be found, as a share: 0.05'),
    spread: spreadSchema.nullable().describe('between runs; null: of pairs and counts, or nothing says it'),
    batching: batchingSchema.nullable().describe('null: it does not vary there'),
    pValue: number.nullable().describe('two-sided, that there is no change; null: nothing says'),
    adjustedP: number.nullable().describe('after Holm, over all cells of the family'),
    verdict: verdictSchema,
    reason: z
      .string()
      .nullable()
      .describe('why it is inconclusive, or what a confirmation found; null: nothing to say'),
    furtherBlocks: number
      .nullable()
      .describe('of an inconclusive one: further blocks that would about decide it; null: none would'),
    runsNeeded: number
      .nullable()
      .describe('of an inconclusive one: runs a side that would about decide it; null: none would'),
    confirmed: z
      .boolean()
      .nullable()
      .describe('whether a second measurement (--confirm) was taken, and agreed; null: none was taken'),
    again: againSchema
      .optional()
      .describe('of one that regressed at first; absent: none was taken, or it could not be judged'),
  })
  .describe('one metric of one cell, both sides');

const overallSchema = z
  .object({
    metric: z.string(),
    gate: z.boolean().describe('whether the outcome needs it'),
    change: changeSchema.describe('geometric mean over the cells that can be judged'),
    cells: count.describe('that it is made of'),
    of: count.describe('cells of the metric'),
    left: z.array(z.string()).describe('cells that it is not made of, and why'),
    decidedBy: decidedBySchema,
    pValue: number.nullable(),
    adjustedP: number.nullable().describe('after Holm over the metrics of the gate'),
    detect: number,
    verdict: verdictSchema,
    reason: z.string().nullable(),
    furtherBlocks: number.nullable(),
    runsNeeded: number.nullable(),
    again: againSchema
      .optional()
      .describe(
        'of one that regressed at first, over all cells that were measured again; absent: as of a cell',
      ),
  })
  .describe('one metric over all cells');

const comparedSideSchema = z.object({
  runs: z.array(
    z.object({
      runId: z.string(),
      startedAt: z.string(),
      status: z.string(),
      kernel: z.string(),
      blocks: count,
      trials: count.describe('measured'),
      clean: count.describe('of these, undisturbed'),
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
  .object({ spin: number, syscall: number, ping: number })
  .describe(
    'how fast the machine itself was, by the calibrations: current over base, medians over the blocks',
  );

const kernelFindingSchema = z
  .object({
    reading: z.string().describe('of the calibration'),
    ratio: number.describe('current over base'),
    runs: count.describe('of the current side, each of which shows it'),
    verdict: verdictSchema,
  })
  .describe('a machine that is slower or faster by itself under a new kernel, without any I/O model');

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
  again: comparedSideSchema
    .optional()
    .describe('the second measurement (--confirm) of what seemed to have regressed; absent: none was taken'),
  workloads: z.array(workloadSchema),
  environment: z.array(environmentDifferenceSchema),
  design: z
    .enum(['pairs', 'runs'])
    .describe('pairs: both sides come from the same blocks. runs: each run is one value'),
  history: z
    .object({ runs: count, kernels: count })
    .describe(
      'stored runs of this host beside the compared ones that the spread between runs is learned from',
    ),
  unlike: z
    .array(z.string())
    .describe(
      'why the machine itself was another on one side, so that no time can be compared; empty: it was not',
    ),
  finding: kernelFindingSchema.nullable().describe('null: none'),
  calibration: calibrationShiftSchema.nullable().describe('null where a side has no calibrations'),
  overall: z.array(overallSchema).describe('the metrics of the gate first'),
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
      'regressed if a metric did over all cells or in any of them, or the machine itself under a new kernel; else ' +
        'missing if anything is that is not allowed to; else passed if every metric of the gate is the same or ' +
        'improved over all cells; else inconclusive',
    ),
  warnings: z.array(z.string()),
});

/** The id of a metric: see `metrics/registry.ts`. */
export type MetricId = string;
export type Verdict = z.infer<typeof verdictSchema>;
export type DecidedBy = z.infer<typeof decidedBySchema>;
export type Change = ReadonlyDeep<z.infer<typeof changeSchema>>;
export type SideValues = ReadonlyDeep<z.infer<typeof sideValuesSchema>>;
export type MetricComparison = ReadonlyDeep<z.infer<typeof metricComparisonSchema>>;
export type EnvironmentDifference = ReadonlyDeep<z.infer<typeof environmentDifferenceSchema>>;
export type Spread = ReadonlyDeep<z.infer<typeof spreadSchema>>;
export type Batching = ReadonlyDeep<z.infer<typeof batchingSchema>>;
export type Overall = ReadonlyDeep<z.infer<typeof overallSchema>>;
export type KernelFinding = ReadonlyDeep<z.infer<typeof kernelFindingSchema>>;
export type CalibrationShift = ReadonlyDeep<z.infer<typeof calibrationShiftSchema>>;
export type Missing = ReadonlyDeep<z.infer<typeof missingSchema>>;
export type LeftOut = ReadonlyDeep<z.infer<typeof leftOutSchema>>;
/** Two sides compared: what `compare --json` prints under `comparison`. */
export type Comparison = ReadonlyDeep<z.infer<typeof comparisonSchema>>;
