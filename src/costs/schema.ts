import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { environmentSchema } from '../results/schema.ts';
import { COSTS_SCHEMA_VERSION } from '../results/schema-id.ts';

const count = z.number().int().nonnegative();
/** Nanoseconds; below zero only where what was subtracted is as large as what was measured. */
const ns = z.number();

const intervalSchema = z.object({
  ns: ns.describe('median over rounds'),
  lowNs: ns.describe('95 % interval of it, over rounds'),
  highNs: ns,
  cycles: z
    .number()
    .nullable()
    .describe('of the core clock, at frequency.coreHz; null: that frequency is not known'),
  tscCycles: z.number().nullable().describe('of the TSC, at frequency.tscHz; null: there is none'),
  roundNs: z
    .array(ns.nullable())
    .describe('of each round, in the same order for all costs; null: it failed in that round'),
});

const batchesSchema = z
  .object({
    count,
    turns: count.describe('of one batch: operations that are timed together (the median batch)'),
    p50Ns: ns,
    meanNs: ns,
    meanMoeNs: ns.describe('half the 95 % interval of the mean, by tinybench'),
    p99Ns: ns.describe('of batches, never of single operations: it hides what a single slow one costs'),
    minNs: ns,
    maxNs: ns,
    clockShare: z
      .number()
      .nonnegative()
      .describe("the step of the clock, as a share of the median batch: what the clock's resolution moves"),
  })
  .describe('per operation, of batches, with the cost of the loop and of reading the clock subtracted');

const aboutSchema = z.object({
  id: z.string(),
  group: z.string().describe('syscall, transfer, wait, switch, signal, io_uring, aio, connection, memory'),
  title: z.string(),
  measures: z.string().describe('what exactly is timed, and what is not'),
  unit: z.string().describe('what one operation is: call, round trip, request ...'),
});

/** One cost: a file, or a variant of one, of `c-helpers/costs`. */
export const costSchema = z.discriminatedUnion('status', [
  aboutSchema.extend({
    status: z.literal('measured'),
    ...intervalSchema.shape,
    batches: batchesSchema,
  }),
  aboutSchema.extend({
    status: z.literal('unsupported').describe('cannot run here'),
    reason: z.string(),
  }),
  aboutSchema.extend({ status: z.literal('failed').describe('should run here'), reason: z.string() }),
]);

const termSchema = z.object({ cost: z.string().describe('id of a cost'), times: z.number() });

/** A cost that is a difference of others, taken round by round. */
export const derivedCostSchema = z.discriminatedUnion('status', [
  aboutSchema.extend({
    status: z.literal('derived'),
    terms: z.array(termSchema).describe('their sum is the cost'),
    ...intervalSchema.shape,
  }),
  aboutSchema.extend({
    status: z.literal('missing'),
    terms: z.array(termSchema),
    reason: z.string(),
  }),
]);

const frequencySchema = z.object({
  coreHz: z.number().nullable().describe('cycles of the core clock per second; null: not known'),
  coreSource: z
    .enum(['chain', 'none'])
    .describe('chain: a chain of dependent instructions of a known latency, timed in every round'),
  tscHz: z.number().nullable().describe('ticks of the TSC per second, counted; null: no invariant TSC'),
});

/** What `costs --json` prints: what single operations cost here. */
export const costsResultSchema = z.object({
  schemaVersion: z.literal(COSTS_SCHEMA_VERSION),
  costsId: z
    .string()
    .describe('sorts by time; the file in the folder costs of the results is named after it'),
  tool: z.object({ name: z.string(), version: z.string() }),
  measuredAt: z.string(),
  durationMs: z.number().nonnegative(),
  environment: environmentSchema,
  settings: z.object({
    seed: count,
    rounds: count.describe('each takes every cost once, in a random order'),
    roundBudgetNs: ns.describe('of one cost in one round'),
    batchNs: ns.describe('a batch is to last so long'),
    cpu: z.number().int().nullable().describe('where operations are timed; null: not pinned'),
    otherCpu: z
      .number()
      .int()
      .nullable()
      .describe('where the other end of what takes two CPUs runs; null: there is no second one'),
  }),
  clock: z.object({
    stepNs: ns.describe('smallest step between two readings of CLOCK_MONOTONIC'),
    readNs: ns.describe('cost of reading it, subtracted from every batch'),
    loopNs: ns.describe('of one turn of the empty loop, subtracted from every turn'),
  }),
  frequency: frequencySchema,
  costs: z.array(costSchema),
  derived: z.array(derivedCostSchema),
  warnings: z.array(z.string()),
});

/** What a request of a row is made of, as far as single costs say it. */
export const compositionSchema = z.object({
  label: z.string(),
  workload: z.string(),
  connections: count,
  parts: z.array(
    z.object({
      cost: z.string().describe('id of a cost; a - b: what a takes beyond b; a..b: between two sizes'),
      timesPerRequest: z.number().nonnegative(),
      ns: ns.nullable().describe('of one; null: that cost was not measured here'),
    }),
  ),
  explainedNs: ns.describe('sum of the parts'),
  cpuNsPerRequest: ns.nullable().describe('of the server, all threads, as the run measured it'),
  explainedShare: z.number().nullable().describe('explainedNs of cpuNsPerRequest'),
});

/** What `costs --models --json` prints. */
export const costsModelsSchema = z.object({
  schemaVersion: z.literal(COSTS_SCHEMA_VERSION),
  runId: z.string().describe('the run that the rows are of'),
  compositions: z.array(compositionSchema),
  costs: costsResultSchema.describe('measured now, those that rows are made of'),
  warnings: z.array(z.string()),
});

export type Composition = ReadonlyDeep<z.infer<typeof compositionSchema>>;
export type CompositionPart = Composition['parts'][number];
export type CostAbout = z.infer<typeof aboutSchema>;
export type Cost = z.infer<typeof costSchema>;
export type DerivedCost = z.infer<typeof derivedCostSchema>;
export type CostTerm = z.infer<typeof termSchema>;
export type CostFrequency = z.infer<typeof frequencySchema>;
export type CostsResult = z.infer<typeof costsResultSchema>;
