import { z } from 'zod';
import { environmentSchema } from '../results/schema.ts';
import { observationSchema } from './schema.ts';

/** What probes observed in one go, and where. */
export const storedProbesSchema = z.object({
  probesId: z.string().describe('as that of a run: when, and a random end'),
  measuredAt: z.string(),
  environment: environmentSchema,
  observations: z
    .array(
      observationSchema.extend({
        texts: z
          .record(z.string(), z.string())
          .optional()
          .describe('what each value says, as the program declares it'),
      }),
    )
    .describe('in the order in which they ran'),
});
export type StoredProbes = z.infer<typeof storedProbesSchema>;
