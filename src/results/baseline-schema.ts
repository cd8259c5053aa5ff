import { z } from 'zod';
import { environmentSchema, runRecordSchema } from './schema.ts';

const savedAt = z.string();

/** Readers that know of one run alone refuse a baseline of several, instead of taking the first for all of it. */
export const baselineFileSchema = z.discriminatedUnion('schemaVersion', [
  z.object({ schemaVersion: z.literal(1), savedAt }),
  z.object({ schemaVersion: z.literal(2), savedAt, runIds: z.array(z.string()).min(2) }),
]);

export type BaselineFile = z.infer<typeof baselineFileSchema>;

export const baselineSchema = z
  .object({
    name: z.string(),
    host: z.string(),
    kernel: z.string().describe('release, as of uname -r'),
    kernelVersion: z
      .string()
      .describe('build, as of uname -v: a kernel may be built anew under the same release'),
    runId: z.string().describe('of the first of its runs'),
    runs: z.number().int().min(1).describe('that it holds'),
    runIds: z.array(z.string()).min(1).describe('of all that it holds, the first one first'),
    status: runRecordSchema.shape.status,
    savedAt: z.string(),
    folder: z.string(),
  })
  .readonly()
  .describe('a kept run, as found: everything here is read from its place and its files');

export const placeSchema = environmentSchema.pick({ host: true, kernel: true, kernelVersion: true });

/** A kept run, as found: everything here is read from its place and its files. */
export type Baseline = z.infer<typeof baselineSchema>;

/** On which host and kernel something was measured, or is asked. */
export type Place = Pick<z.infer<typeof environmentSchema>, 'host' | 'kernel' | 'kernelVersion'>;
