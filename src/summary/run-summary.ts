import { z } from 'zod';
import { rowValueSchema } from '../metrics/metric.ts';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { auditInstrumentSchema, auditSchema, cellSchema, saturationSchema } from '../results/schema.ts';
import { workloadSchema } from '../workloads/schema.ts';

const count = z.number().int().nonnegative();
const number = z.number();
const maybe = z.number().nullable();
const byName = z.record(z.string(), z.number());

export const intervalSchema = z.object({ low: number, high: number });

const spreadSchema = z
  .object({
    value: number.describe('geometric mean over the trials without the fifth at each end in CPU per request'),
    median: number,
    q1: number,
    q3: number,
    min: number,
    max: number,
  })
  .describe('over one value per block');

const percentileSchema = z.object({
  valueNs: maybe.describe('null: nothing was recorded'),
  interval: intervalSchema.nullable().describe('95 %, over blocks; null with fewer than two'),
  blocksBeyond: count.describe('blocks that hold values beyond it'),
  enough: z
    .boolean()
    .describe(
      'to be relied on: at least samplesNeeded values (ten beyond it), in five blocks or more, and an interval below a factor of two',
    ),
  samplesNeeded: count,
});

const latencySummarySchema = z
  .object({
    count,
    meanNs: maybe,
    minNs: maybe,
    maxNs: maybe,
    p50: percentileSchema,
    p99: percentileSchema,
    p999: percentileSchema,
  })
  .describe('of all trials as one distribution');

const serverSummarySchema = z
  .object({
    cpuNsPerRequest: maybe,
    requestsPerCpuS: maybe,
    utilisation: spreadSchema,
    syscallsPerRequest: maybe,
    syscallsPerRequestByName: byName,
    contextSwitchesPerRequest: maybe,
    threads: maybe,
    rssMaxBytes: maybe,
    counters: byName.describe('added up over all trials, e.g. CQ overflows and short sends'),
  })
  .describe('of the trials that are used; null without a request');

const kernelWorkSchema = z
  .object({
    setupPerConnection: byName
      .nullable()
      .describe('what one connection costs before its first request in the window; calls by name'),
    sqpCpuNsPerRequest: maybe.describe("CPU of io_uring's SQ thread, part of the server's"),
    workerCpuNsPerRequest: maybe.describe("CPU of io_uring's workers, part of the server's"),
    voluntarySwitchesPerRequest: maybe.describe('the task waited for something'),
    involuntarySwitchesPerRequest: maybe.describe('the task was taken off its CPU'),
    softirqShare: maybe.describe(
      "of the time of the CPUs in use, in softirq context: median over trials. Not the server's alone",
    ),
    wakeupsPerRequest: maybe.describe('returns from the wait call'),
    eventsPerWakeup: maybe,
    cqOverflows: count.describe('over all trials'),
  })
  .describe(
    'What the kernel did beside the system calls that were made, over all trials of a row. Sums divided by ' +
      'the requests of the trials that have the reading; null where none has',
  );

const saturationSummarySchema = z.object({
  verdict: saturationSchema.describe('of more than half of the trials; neither without such a majority'),
  trials: z.record(saturationSchema, count),
});

const openLoopSummarySchema = z.object({
  offeredPerS: number,
  achievedShare: number,
  dueUnsent: count.describe('requests that were due and never sent, over all trials'),
});

const rowNumbersSchema = z.object({
  metrics: z.record(z.string(), rowValueSchema).describe('every metric, by id'),
  throughputPerS: spreadSchema,
  timed: z.boolean().describe('false: in a guest whose clock counts instructions, no time is one'),
  response: latencySummarySchema,
  service: latencySummarySchema
    .nullable()
    .describe('null where it is the response time: in a closed loop requests are due when they are sent'),
  submit: latencySummarySchema
    .nullable()
    .default(null)
    .describe('of operations on a file, in the call that issues them; null: of connections'),
  server: serverSummarySchema,
  kernel: kernelWorkSchema,
  client: z.object({ cpuNsPerRequest: maybe, utilisation: spreadSchema }),
  saturation: saturationSummarySchema,
  openLoop: openLoopSummarySchema.nullable(),
  errors: count.describe('requests that ended in an error, over all trials'),
  marks: z.array(z.string()).describe('what disturbed the contaminated trials, one line per mark'),
  warnings: z.array(z.string()),
});

const rankedBySchema = z
  .enum(['throughput', 'cpu', 'path'])
  .describe('cpu: requests per CPU time of the server. path: requests per instruction of the guest');

const rowRatioSchema = z
  .object({
    rankedBy: rankedBySchema,
    ratio: maybe.describe(
      'times the reference; above 1 is better, also where it is CPU per request (then turned over)',
    ),
    interval: intervalSchema.nullable(),
    simultaneous: intervalSchema.nullable(),
    halfWidth: maybe,
    blocks: count.describe('in which both were measured'),
    verdict: z
      .enum(['better', 'worse', 'no-difference', 'unclear', 'unknown'])
      .describe(
        'no-difference: the interval covers 1. unclear: it does not, but does once it is widened for the ' +
          'number of comparisons of the run. Neither is ranked',
      ),
    reason: z.string().nullable().describe('why there is no ratio, or no interval'),
  })
  .describe('a cell against the reference of its workload');

const rankSchema = z
  .union([z.number(), z.literal('='), z.literal('?')])
  .nullable()
  .describe(
    'the place among those that are ranked by the same: a number, = for no difference shown to the ' +
      'reference, ? for one that may be chance, null where there is no comparison',
  );

const rowCommon = {
  label: z.string(),
  model: z.string(),
  baseline: z.boolean().describe('whether it is the reference: the row that the others are compared with'),
};
const trialCounts = z.object({
  measured: count,
  failed: count,
  contaminated: count,
  clean: count.describe('neither contaminated nor measured while the machine was slow by itself'),
});
const failures = z.array(z.string()).describe('messages of the trials that failed, each once');

const measuredRowSchema = z.object({
  ...rowCommon,
  ...rowNumbersSchema.shape,
  status: z.literal('measured'),
  trials: z.object({
    ...trialCounts.shape,
    used: z
      .enum(['clean', 'all'])
      .describe('which of them its numbers are of: clean ones where they are enough'),
  }),
  failures,
  comparison: rowRatioSchema.nullable().describe('null for the reference itself'),
  rank: rankSchema,
});
const skippedRowSchema = z.object({ ...rowCommon, status: z.literal('skipped'), reason: z.string() });
const failedRowSchema = z
  .object({
    ...rowCommon,
    status: z.enum(['failed', 'not-run']),
    trials: z.object({ failed: count }),
    failures,
  })
  .describe('no trial was measured: all failed, or (no failure) the run ended before the first');

export const rowSummarySchema = z.union([measuredRowSchema, failedRowSchema, skippedRowSchema]);

const workloadSummarySchema = z.object({
  workload: workloadSchema,
  baseline: z.string().describe('label of the row that the others are compared with'),
  rows: z.array(rowSummarySchema).describe('best first'),
});

const cellNameSchema = cellSchema.pick({ label: true, workload: true });

const auditTotalSchema = z
  .object({
    counter: auditInstrumentSchema,
    available: z.boolean(),
    reason: z.string().nullable().describe('why it could not be used, and what would allow it'),
    trials: count,
    agreeing: count,
    failed: count,
    disagreements: z.array(
      z.object({ ...cellNameSchema.shape, ...auditSchema.shape.disagreements.element.shape }),
    ),
  })
  .describe('what one instrument said of a whole run');

export const runSummarySchema = z.object({
  comparisons: count.describe('ratios that the run compares with 1: what the verdicts are guarded against'),
  trials: z.object({
    ...trialCounts.shape,
    counted: count.describe("in which the CPU's own counters counted, beside those measured"),
  }),
  workloads: z.array(workloadSummarySchema),
  audits: z
    .array(auditTotalSchema)
    .describe(
      "what other instruments said of the servers' own counts of system calls; empty without an audit",
    ),
});

/** One value per block. */
export type Spread = ReadonlyDeep<z.infer<typeof spreadSchema>>;
/** A percentile, and whether the samples suffice to believe it. */
export type Percentile = ReadonlyDeep<z.infer<typeof percentileSchema>>;
/** Of all trials as one distribution; see `stats/histogram.ts` for what a percentile is. */
export type LatencySummary = ReadonlyDeep<z.infer<typeof latencySummarySchema>>;
export type ServerSummary = ReadonlyDeep<z.infer<typeof serverSummarySchema>>;
export type KernelWork = ReadonlyDeep<z.infer<typeof kernelWorkSchema>>;
export type SaturationSummary = ReadonlyDeep<z.infer<typeof saturationSummarySchema>>;
/** What an open loop asked for and what came of it. */
export type OpenLoopSummary = ReadonlyDeep<z.infer<typeof openLoopSummarySchema>>;
/** What the trials of a model under a workload say by themselves, without a comparison. */
export type RowNumbers = ReadonlyDeep<z.infer<typeof rowNumbersSchema>>;
export type Rank = z.infer<typeof rankSchema>;
/** What a row is ranked by: requests per second, or requests per second of server CPU. */
export type RankedBy = z.infer<typeof rankedBySchema>;
export type RowRatio = ReadonlyDeep<z.infer<typeof rowRatioSchema>>;
export type MeasuredRow = ReadonlyDeep<z.infer<typeof measuredRowSchema>>;
export type SkippedRow = ReadonlyDeep<z.infer<typeof skippedRowSchema>>;
export type FailedRow = ReadonlyDeep<z.infer<typeof failedRowSchema>>;
export type RowSummary = MeasuredRow | FailedRow | SkippedRow;
export type WorkloadSummary = ReadonlyDeep<z.infer<typeof workloadSummarySchema>>;
export type AuditTotal = ReadonlyDeep<z.infer<typeof auditTotalSchema>>;
export type RunSummary = ReadonlyDeep<z.infer<typeof runSummarySchema>>;
