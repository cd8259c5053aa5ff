import { z } from 'zod';
import { counted } from '../util/units.ts';

/** Upper bounds that keep a mistyped workload from exhausting the machine. */
export const WORKLOAD_LIMITS = {
  /** 100,000 idle ones, which a guest of 3 GiB holds, and room for the active ones beside them. */
  connections: 120_000,
  depth: 1024,
  messageBytes: 64 * 1024 * 1024,
  ratePerSecond: 10_000_000,
  /** active x depth: the generator keeps two times for each request in flight. */
  inFlight: 1_000_000,
} as const;

/** What a run takes of which nothing else is said: each takes what the ones before it take, and more. */
export const PROFILES = ['quick', 'default', 'full'] as const;
export type Profile = (typeof PROFILES)[number];

/** One line without control or direction characters: it is printed to terminals. */
const text = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u, 'must be one line of printable characters');

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
  /** The least that takes it: a plain run takes what is `quick` or `default`, `--profile full` all. */
  profile: z.enum(PROFILES).default('full'),
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

type Shape = z.infer<typeof shapes>;
type ActiveShape = Exclude<Shape, { mode: 'churn' }>;

/** Whether the counts can be compared with each other, however wrong the other members are. */
function hasCounts(value: unknown): boolean {
  const { connections, active, depth } = (value ?? {}) as Record<string, unknown>;
  return [connections, active, depth].every(Number.isSafeInteger);
}

function fits(workload: Shape): boolean {
  return workload.mode === 'churn' || workload.active <= workload.connections;
}

function inFlightFits(workload: Shape): boolean {
  return workload.mode === 'churn' || workload.active * workload.depth <= WORKLOAD_LIMITS.inFlight;
}

/** A load shape: what one file of `workloads/` holds. */
export const workloadSchema = shapes
  .refine(fits, {
    path: ['active'],
    when: ({ value }) => hasCounts(value),
    error: ({ input }) => {
      const { active, connections } = input as ActiveShape;
      return `${active} active connections do not fit in ${counted(connections, 'connection')}`;
    },
  })
  .refine(inFlightFits, {
    path: ['depth'],
    when: ({ value }) => hasCounts(value),
    error: ({ input }) => {
      const { active, depth } = input as ActiveShape;
      return `${active} active connections x ${depth} is over ${WORKLOAD_LIMITS.inFlight} requests in flight`;
    },
  });

export type Workload = z.infer<typeof workloadSchema>;
