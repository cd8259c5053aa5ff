import { z } from 'zod';
import { environmentSchema } from './schema.ts';
import { NOISE_SCHEMA_VERSION } from './schema-id.ts';

const count = z.number().int().nonnegative();
const share = z.number().nonnegative();

const rateSchema = z
  .object({
    times: count,
    of: count,
    worth: share.describe('independent comparisons that it is worth: what the interval is of'),
    low: share,
    high: share,
  })
  .describe('how often, with the 95 % interval of the share');

const designSchema = z
  .object({
    comparisons: count,
    independent: count.describe('of the comparisons: blocks that were drawn again are no new ones'),
    sideRuns: count.describe('runs on each side; 0: rows of one run, in pairs'),
    equal: z
      .object({ falseAlarms: rateSchema, passed: rateSchema, inconclusive: rateSchema })
      .describe('of equals: called regressed, or improved over all cells; passed; left open'),
    found: z
      .array(z.object({ change: share, regressed: rateSchema }))
      .describe('of the same with one side slower by a known share: called regressed'),
    halfWidths: z
      .array(z.object({ metric: z.string(), halfWidth: share }))
      .describe('of the 95 % interval over all cells, the middle one'),
  })
  .describe('what compare says in one way of judging');

/** A noise certificate: what `compare` makes of differences that are none, and of known ones, on this machine. */
export const noiseCertificateSchema = z.object({
  schemaVersion: z.literal(NOISE_SCHEMA_VERSION),
  runId: z.string().describe('the A/A run that it was made of, or the newest run of the history'),
  source: z.enum(['run', 'history']),
  measuredAt: z.string(),
  tool: z.object({ name: z.string(), version: z.string() }),
  environment: environmentSchema,
  detect: share.describe('what was to be found'),
  blocks: count.describe('of each run'),
  durationMs: share,
  models: z.array(z.string()),
  workloads: z.array(z.string()),
  pairs: designSchema.nullable().describe('rows of one run; null: not measured'),
  runs: designSchema.nullable().describe('single runs, the others as history; null: too few are stored'),
  threes: designSchema
    .nullable()
    .describe('three runs a side, the others as history; null: too few are stored'),
});

export type NoiseRate = z.infer<typeof rateSchema>;
export type NoiseDesign = z.infer<typeof designSchema>;
export type NoiseCertificate = z.infer<typeof noiseCertificateSchema>;
