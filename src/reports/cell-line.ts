import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { saturationSchema } from '../results/schema.ts';

const text = z.string().nullable();
const number = z.number().nullable();

/** A line of the `cells` export: flat, and with the same members whatever it is about. */
export const cellLineSchema = z
  .object({
    $schema: z.string().optional(),
    kind: z
      .enum(['measured', 'reference', 'compared', 'scaled'])
      .describe(
        'measured: a metric of a model under a workload. reference: that beside the reference row of the run, as ' +
          'a ratio above 1 where it is better. compared: current over base of a comparison. scaled: what one more ' +
          'idle connection adds to a request',
      ),
    run: z.string(),
    finishedAt: text,
    host: text,
    kernel: z.string(),
    arch: z.string(),
    cpu: text,
    version: z.string().describe('of iomodels-bench'),
    clock: z
      .string()
      .nullable()
      .default(null)
      .describe('of the guest that it was measured in; null: of a host'),
    guest: z.string().nullable().default(null).describe('QEMU, -cpu and CPUs of that guest'),
    model: z.string().describe('label of the row: epoll-lt#2 where a model is entered again'),
    workload: text.describe('its id, with its parameters beside it; null: the workloads of a sweep'),
    mode: text,
    connections: number,
    active: number,
    depth: number,
    messageBytes: number,
    ratePerS: number,
    arrivals: text,
    metric: z
      .string()
      .describe(
        'id of a metric; of reference what the row is ranked by, throughput or cpu; of scaled slopeNsPerIdle, or in a guest that counts them slopeInstructionsPerIdle',
      ),
    unit: z.string(),
    better: z.enum(['higher', 'lower']),
    value: number.describe('null: from too few samples to believe it'),
    low: number.describe('measured: first quartile over the trials; else the lower end of the 95 % interval'),
    high: number,
    samples: number.describe('requests that a percentile is of, trials or blocks that anything else is of'),
    enough: z.boolean().describe('whether the samples suffice'),
    limit: saturationSchema
      .nullable()
      .describe('who limited most trials; the client: a rate is not that of the server'),
    contaminated: number.describe('share of the trials that were disturbed from outside'),
    verdict: text,
    base: text.describe('what value is a ratio to: the reference row, or the runs of the base'),
  })
  .describe('A line of export --format cells: run x model x workload x metric');

export type CellLine = ReadonlyDeep<z.infer<typeof cellLineSchema>>;
