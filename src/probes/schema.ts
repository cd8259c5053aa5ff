import { z } from 'zod';

/** What a probe observed: counts, sizes and times in the unit that its name ends with, yes or no, or a name. */
export const probeValueSchema = z.union([z.number(), z.boolean(), z.string()]);

/**
 * The one line that `probes <id>` prints, and what is kept of it. `observed`: the values are there (those that are
 * declared optional may be missing). `unsupported`: this host cannot show it, for the reason. `failed`: the probe broke,
 * or did not end in time.
 */
export const observationSchema = z.object({
  probe: z.string(),
  outcome: z.enum(['observed', 'unsupported', 'failed']),
  reason: z.string().optional(),
  values: z.record(z.string(), probeValueSchema),
});

/** A value as `probes --list` declares it. `optional`: left out where the host cannot show this one. */
export const probeValueInfoSchema = z.object({
  name: z.string(),
  type: z.enum(['number', 'boolean', 'string']),
  optional: z.boolean(),
  /** What it says, with its unit where it has one. */
  text: z.string(),
});

/** A line of `probes --list`. */
export const probeInfoSchema = z.object({
  id: z.string(),
  title: z.string(),
  /** It ends itself after so long, which is longer on a slow machine. */
  deadlineMs: z.number().int().positive(),
  values: z.array(probeValueInfoSchema),
});

export type ProbeValue = z.infer<typeof probeValueSchema>;
export type Observation = z.infer<typeof observationSchema>;
export type ProbeInfo = z.infer<typeof probeInfoSchema>;
