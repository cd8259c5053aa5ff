import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { environmentSchema } from '../results/schema.ts';
import { CROSSCHECK_SCHEMA_VERSION } from '../results/schema-id.ts';
import { workloadSchema } from '../workloads/schema.ts';
import { SHAPES } from './fio-job.ts';

const side = z
  .object({
    cpuNs: z
      .number()
      .describe(
        'of all threads, those of the kernel included, as the kernel counts them outside of the process',
      ),
    operations: z.number(),
    operationsPerS: z.number(),
  })
  .describe('one trial');

export const fioSideSchema = side.extend({
  reportedCpuNs: z.number().describe('by its own account, which leaves out threads that are not its own'),
  startCpuNs: z
    .number()
    .describe('of the same command with one operation; taken off cpuNs when they are compared'),
});

const ratio = z
  .object({
    ratio: z.number().nullable().describe('ours divided by that of fio; null: not measured'),
    interval: z
      .object({ low: z.number(), high: z.number() })
      .nullable()
      .describe('95 %, of the trimmed mean of the logarithms over blocks'),
  })
  .describe('paired by block');

const samples = z.array(z.object({ block: z.number(), ours: side, fio: fioSideSchema }));

const cpus = z.array(z.number()).nullable().describe('null: not bound to any');

export const crosscheckCellSchema = z.object({
  model: z.string(),
  workload: z.string(),
  shape: z
    .enum(SHAPES)
    .describe(
      'batch: all that are free are handed over by one call, and all that have ended are reaped by one. single: each by its own call, as fio does where its job says nothing',
    ),
  fioOptions: z.array(z.string()).describe('the command line of fio, without its name'),
  blocks: z.number(),
  ours: z.object({ cpuNsPerOperation: z.number(), operationsPerS: z.number() }).describe('medians'),
  fio: z
    .object({
      cpuNsPerOperation: z.number(),
      reportedCpuNsPerOperation: z.number(),
      operationsPerS: z.number(),
    })
    .describe('medians'),
  cpu: ratio.describe('of CPU per operation: below 1, ours takes less'),
  rate: ratio.describe('of operations per second: above 1, ours does more'),
  samples: samples.describe('both sides of every block'),
});

export const crosscheckSchema = z.object({
  schemaVersion: z.literal(CROSSCHECK_SCHEMA_VERSION),
  crosscheckId: z.string().describe('as that of a run: when, and a random end'),
  status: z
    .enum(['running', 'complete', 'interrupted', 'broken'])
    .describe('running: of a process that measures, or that was killed; broken: an error ended it'),
  measuredAt: z.string().describe('when it began'),
  tool: z.object({ name: z.string(), version: z.string() }),
  environment: environmentSchema,
  fioVersion: z.string(),
  kernel: z.string(),
  directory: z.string(),
  fileSystem: z.string().nullable(),
  models: z.array(z.string()).describe('rows that were asked for'),
  workloads: z.array(workloadSchema).describe('under which; those that were asked for'),
  cpus: z
    .object({ one: cpus, several: cpus })
    .describe('of both sides: of rows of one thread, and of rows with threads beside their loop'),
  blocks: z.number().describe('that were asked for; each cell says how many it has'),
  durationMs: z.number(),
  seed: z.number(),
  cells: z.array(crosscheckCellSchema),
  left: z
    .array(
      z.object({
        model: z.string().nullable().describe('null: all'),
        workload: z.string(),
        reason: z.string(),
        shape: z.enum(SHAPES).optional().describe('of what failed'),
        samples: samples.optional().describe('of what failed: the blocks before'),
      }),
    )
    .describe('what fio has no job for that is the same, and what failed'),
  failed: z.number().describe('comparisons that did not end well, which are among those left out'),
  warnings: z.array(z.string()),
});

export type CrosscheckSide = ReadonlyDeep<z.infer<typeof side>>;
export type FioSide = ReadonlyDeep<z.infer<typeof fioSideSchema>>;
export type CrosscheckCellResult = ReadonlyDeep<z.infer<typeof crosscheckCellSchema>>;
export type Crosscheck = ReadonlyDeep<z.infer<typeof crosscheckSchema>>;
