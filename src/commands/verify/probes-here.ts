import { z } from 'zod';
import type { ProbeReading } from '../../claims/verify/observe.ts';

const scalar = z.union([z.number(), z.boolean(), z.string()]);

export const probesFileSchema = z.object({
  observations: z.array(
    z.object({
      probe: z.string(),
      outcome: z.enum(['observed', 'unsupported', 'failed']),
      reason: z.string().optional(),
      values: z.record(z.string(), scalar),
    }),
  ),
});

export async function probesHere(
  ids: readonly string[],
  _signal: AbortSignal,
): Promise<readonly ProbeReading[]> {
  return ids.map((probe) => ({ probe, outcome: 'unsupported', reason: 'not built yet', values: {} }));
}
