import { z } from 'zod';

/** The first line of a server's stdout, after listen. */
export const readySchema = z.object({
  event: z.literal('ready'),
  port: z.int().min(1).max(65_535),
  pid: z.int().positive(),
  countersFd: z.int().nonnegative(),
  connsMax: z.int().positive(),
  /** TCP congestion control of its connections; empty: not told. */
  congestion: z.string(),
  /** Loops, each a thread of its own. */
  workers: z.int().positive().default(1),
  /** The CPU that each worker is pinned to; empty: they share what the server may run on. */
  workerCpus: z.array(z.int().nonnegative()).default([]),
});

/**
 * The last line of a server's stdout, on SIGTERM: totals of its life. Where there are several workers, `workers` has
 * what each of them accepted, by its number.
 */
export const statsSchema = z
  .object({
    event: z.literal('stats'),
    syscalls: z.record(z.string(), z.int().nonnegative()),
  })
  .catchall(z.union([z.int().nonnegative(), z.string(), z.record(z.string(), z.int())]));

/** What a program prints with `--probe`. */
export const probeSchema = z.object({
  event: z.literal('probe'),
  supported: z.boolean(),
  reason: z.string(),
  features: z.string(),
});

/** What a file program prints with `--verify`, where all blocks are what was written there. */
export const verifiedSchema = z.object({
  event: z.literal('verified'),
  blocks: z.int().nonnegative(),
});

/** Connections that each worker accepted over the life of a server, in order; null: it has one loop. */
export function acceptedByWorkerOf(stats: z.infer<typeof statsSchema>): number[] | null {
  const { workers } = stats;
  return typeof workers === 'object' ? Object.values(workers) : null;
}

export type Ready = z.infer<typeof readySchema>;
export type ServerStats = z.infer<typeof statsSchema>;

/** A line of a server as JSON of the given shape; null if it is anything else. */
export function parseLine<T>(line: string, schema: z.ZodType<T>): T | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** Exit codes of a server program, `enum exit_code` of model.h. */
export const SERVER_EXIT = { served: 0, failed: 1, usage: 2, unsupported: 77 } as const;
