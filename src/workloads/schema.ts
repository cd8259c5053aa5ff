import { z } from 'zod';

/** Upper bounds that keep a mistyped workload from exhausting the machine. */
export const WORKLOAD_LIMITS = {
  connections: 60_000,
  depth: 1024,
  messageBytes: 64 * 1024 * 1024,
  ratePerSecond: 10_000_000,
} as const;

const text = (max: number) => z.string().trim().min(1).max(max);

const common = {
  /** Stable name: it is the key in results, comparisons and exports. */
  id: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9-]{0,39}$/,
      'must be lower-case letters, digits and dashes, at most 40 characters',
    ),
  title: text(80),
  description: text(400),
  /** `default` workloads are part of a plain run, `full` ones only of `--profile full`. */
  profile: z.enum(['default', 'full']).default('full'),
  /** N: connections that are open during the trial. */
  connections: z.int().min(1).max(WORKLOAD_LIMITS.connections),
  /** S: bytes of one request, and of its echo. */
  messageBytes: z.int().min(1).max(WORKLOAD_LIMITS.messageBytes),
};

const active = {
  /** M: connections that carry requests, spread evenly over the N; the others stay idle. */
  active: z.int().min(1).max(WORKLOAD_LIMITS.connections),
  /** D: requests in flight on each active connection. */
  depth: z.int().min(1).max(WORKLOAD_LIMITS.depth).default(1),
};

const shapes = z.discriminatedUnion('mode', [
  z.strictObject({ ...common, ...active, mode: z.literal('closed') }),
  z.strictObject({
    ...common,
    ...active,
    mode: z.literal('open'),
    /** Offered rate over all active connections, requests per second. */
    ratePerSecond: z.number().positive().max(WORKLOAD_LIMITS.ratePerSecond),
    arrivals: z.enum(['fixed', 'poisson']).default('fixed'),
  }),
  z.strictObject({ ...common, mode: z.literal('churn') }),
]);

/** A load shape: what one file of `workloads/` holds. */
export const workloadSchema = shapes.superRefine((workload, ctx) => {
  if (workload.mode !== 'churn' && workload.active > workload.connections) {
    ctx.addIssue({
      code: 'custom',
      path: ['active'],
      message: `${workload.active} active connections do not fit in ${workload.connections} connections`,
    });
  }
});

export type Workload = z.infer<typeof workloadSchema>;
