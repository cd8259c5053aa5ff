import { z } from 'zod';
import { RUN_KINDS, runRecordSchema } from './schema.ts';

/** What `list runs --json` says of a run: everything here is read from its place and its run.json. */
export const runEntrySchema = z.object({
  runId: runRecordSchema.shape.runId,
  kind: z.enum(RUN_KINDS).describe('the command that measured it'),
  status: runRecordSchema.shape.status,
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  kernel: z.string(),
  models: z.number().int().nonnegative().describe('rows: a model that is entered twice is two'),
  workloads: z.number().int().nonnegative(),
  bytes: z.number().int().nonnegative().describe('of all of its files'),
  folder: z.string(),
});

/** A stored run, as found. */
export type RunEntry = Readonly<z.infer<typeof runEntrySchema>>;
