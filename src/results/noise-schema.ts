import { z } from 'zod';
import { environmentSchema, SCHEMA_VERSION } from './schema.ts';

const count = z.number().int().nonnegative();
const share = z.number().nonnegative();
/** Over the cells: of the middle one, and of the worst. */
const overCells = z.object({ median: share, max: share });

/** What comparing equals said. */
const alarmsSchema = z.object({
  comparisons: count.describe('of one metric of one cell'),
  falseAlarms: count.describe('of these called regressed or improved'),
  inconclusive: count,
});

/**
 * A noise certificate: what `compare` makes of differences that are none, on this machine, and the
 * smallest that it could see. Shares: 0.05 is 5 %.
 */
export const noiseCertificateSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  runId: z.string().describe('the A/A run that it was made of'),
  measuredAt: z.string(),
  tool: z.object({ name: z.string(), version: z.string() }),
  environment: environmentSchema,
  blocks: count.describe('on each side of every comparison'),
  durationMs: share,
  models: z.array(z.string()),
  workloads: z.array(z.string()),
  together: z
    .object({ splits: count, alarmed: count.describe('splits with any false alarm') })
    .describe('both sides from the same blocks: the labels are dealt anew in each split'),
  apart: z
    .object({ blocks: count, alarmed: z.boolean() })
    .nullable()
    .describe('the first half of the blocks against the second; null: too few blocks'),
  metrics: z.array(
    z.object({
      metric: z.string().describe('id of a metric'),
      threshold: share,
      together: alarmsSchema,
      apart: alarmsSchema,
      halfWidth: overCells.nullable().describe('of the 95 % interval of the change'),
      detectable: overCells
        .nullable()
        .describe('the smallest change that compare would call in 4 of 5 runs; null: none'),
    }),
  ),
  cells: z.array(
    z.object({
      label: z.string(),
      workload: z.string(),
      metric: z.string(),
      together: alarmsSchema,
      halfWidth: share.nullable(),
      detectable: share.nullable(),
    }),
  ),
});

export type NoiseCertificate = z.infer<typeof noiseCertificateSchema>;
