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
  /** Of one operation on a file; as in `c-helpers/job/job.h`. */
  blockBytes: 1024 * 1024,
  fileBytes: 64 * 1024 ** 3,
} as const;

/** Blocks of a file carry their own proof each, and operations are of whole ones. */
export const BLOCK_BYTES = 4096;

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
};

const overSockets = {
  ...common,
  domain: z.literal('socket').optional(),
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

const wholeBlocks = z.int().min(BLOCK_BYTES).multipleOf(BLOCK_BYTES, `must be a multiple of ${BLOCK_BYTES}`);

const shapes = z.discriminatedUnion('mode', [
  z.strictObject({ ...overSockets, ...active, mode: z.literal('closed') }),
  z.strictObject({
    ...overSockets,
    ...active,
    mode: z.literal('open'),
    /** Offered rate over all active connections, requests per second. */
    ratePerSecond: z.number().positive().max(WORKLOAD_LIMITS.ratePerSecond),
    arrivals: z.enum(['fixed', 'poisson']).default('fixed'),
  }),
  z.strictObject({ ...overSockets, mode: z.literal('churn') }),
  z.strictObject({
    ...common,
    domain: z.literal('file'),
    /** Operations on one file, a new one as soon as one has ended. */
    mode: z.literal('job'),
    /** `append`: behind the last one, and fsync; `synced`: a write in place, and fsync; one operation each. */
    action: z.enum(['read', 'write', 'append', 'synced']),
    order: z.enum(['random', 'sequential']).default('random'),
    /** The whole file lies in the page cache; none of it does when a trial begins; or O_DIRECT. */
    cache: z.enum(['warm', 'cold', 'direct']),
    /** Of one operation. */
    blockBytes: wholeBlocks.max(WORKLOAD_LIMITS.blockBytes),
    /** Operations in flight. */
    depth: z.int().min(1).max(WORKLOAD_LIMITS.depth).default(1),
    fileBytes: wholeBlocks.max(WORKLOAD_LIMITS.fileBytes),
  }),
]);

type Shape = z.infer<typeof shapes>;
type ActiveShape = Exclude<Shape, { mode: 'churn' | 'job' }>;
type JobShape = Extract<Shape, { mode: 'job' }>;

/** Whether the counts can be compared with each other, however wrong the other members are. */
function hasCounts(value: unknown): boolean {
  const { connections, active, depth } = (value ?? {}) as Record<string, unknown>;
  return [connections, active, depth].every(Number.isSafeInteger);
}

function fits(workload: Shape): boolean {
  return !('active' in workload) || workload.active <= workload.connections;
}

function inFlightFits(workload: Shape): boolean {
  return !('active' in workload) || workload.active * workload.depth <= WORKLOAD_LIMITS.inFlight;
}

function hasSizes(value: unknown): boolean {
  const { fileBytes, blockBytes, depth } = (value ?? {}) as Record<string, unknown>;
  return [fileBytes, blockBytes, depth].every(Number.isSafeInteger);
}

function fileHolds(workload: Shape): boolean {
  if (workload.mode !== 'job') return true;
  const { fileBytes, blockBytes, depth } = workload;
  return fileBytes % blockBytes === 0 && fileBytes / blockBytes >= depth;
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
  })
  .refine(fileHolds, {
    path: ['fileBytes'],
    when: ({ value }) => hasSizes(value),
    error: ({ input }) => {
      const { fileBytes, blockBytes, depth } = input as JobShape;
      return `${fileBytes} is not a multiple of blockBytes ${blockBytes} that holds depth ${depth} of them`;
    },
  });

export type Workload = z.infer<typeof workloadSchema>;
/** A load of connections. */
export type SocketWorkload = Exclude<Workload, { mode: 'job' }>;
/** Operations on one file. */
export type FileWorkload = Extract<Workload, { mode: 'job' }>;

/** What I/O is done on: each has rows and workloads of its own, and no row does both. */
export const DOMAINS = ['socket', 'file'] as const;
export type Domain = (typeof DOMAINS)[number];

export function domainOf({ domain }: Pick<Workload, 'domain'>): Domain {
  return domain ?? 'socket';
}

/** Those of connections, with their type. */
export function socketWorkloads(workloads: readonly Workload[]): SocketWorkload[] {
  return workloads.filter((workload) => workload.mode !== 'job');
}

/** Connections of a load; a file has none. */
export function connectionsOf(workload: Workload): number {
  return workload.mode === 'job' ? 0 : workload.connections;
}
