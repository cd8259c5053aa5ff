import { z } from 'zod';
import { LOADGEN_STATUS } from '../../load/abi.ts';
import { readySchema, statsSchema } from '../../server/protocol.ts';

/**
 * The lines between this tool and the agent, one JSON object each; their twin is `c-helpers/agent/agent.c`. An
 * ask has an id, and every answer repeats it. The agent does one thing at a time: what is asked meanwhile is
 * refused, but for `stop`, which ends what is under way.
 */
export const AGENT_PROTOCOL = 2;
/** Of an ask, in bytes, without the end of its line. */
export const ASK_BYTES_MAX = 65_536;

const count = z.int().nonnegative();
const counts = z.record(z.string(), count);

/** The first line of all. */
export const helloSchema = z.object({
  event: z.literal('hello'),
  protocol: z.int(),
  /** Of the tool that it was built from. */
  version: z.string(),
  abi: z.int(),
  /** The kernel's release, and the machine, as uname(2) has them. */
  kernel: z.string(),
  arch: z.string(),
  /** Whether it is the init of a guest. */
  init: z.boolean(),
  /** On which it may run. */
  cpus: count,
  /** The server programs beside it. */
  programs: z.array(z.string()),
  /** RLIMIT_NOFILE. */
  nofile: count,
  /** What a guest's init could not prepare. */
  problems: z.array(z.string()),
});

export const filesSchema = z.object({
  event: z.literal('files'),
  id: count,
  /** By path; null: it cannot be read. Each is cut at 64 KiB. */
  texts: z.record(z.string(), z.string().nullable()),
});

export const probeAnswerSchema = z.object({
  event: z.literal('probe'),
  id: count,
  /** Null where a signal ended it. */
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  stdout: z.string(),
  stderr: z.string(),
});

const edgeSchema = z.object({
  timeNs: count,
  serverCpuNs: count,
  clientCpuNs: count,
  clientSyscalls: count,
  clientWakeups: count,
  sample: z.object({ voluntarySwitches: count, involuntarySwitches: count }).nullable(),
  counters: counts,
  countersAfter: counts,
  traces: z.array(count),
  rested: z.boolean(),
  kernelThreads: z.object({ threads: count, sqpCpuNs: count, wrkCpuNs: count }).nullable(),
  hardware: z.array(z.object({ value: count, enabledNs: count, runningNs: count })),
  filesNs: count,
  files: z.record(z.string(), z.string()),
});

const latencySchema = z.object({
  sumNs: count,
  minNs: count,
  maxNs: count,
  /** A bucket and what it counts; buckets that count nothing are left out. */
  counts: z.array(z.tuple([count, count])),
});

/** `LoadReport` with sparse histograms. */
export const reportSchema = z.object({
  status: z.enum(LOADGEN_STATUS),
  message: z.string(),
  congestion: z.string().nullable(),
  hardwareErrnos: z.array(z.int()),
  connectionsOpened: count,
  connectNs: count,
  warmupCompleted: count,
  windowNs: count,
  sent: count,
  completed: count,
  errors: count,
  inFlightAtDeadline: count,
  drained: count,
  dueUnsent: count,
  bytesVerified: count,
  connectionErrors: count,
  connectionsChurned: count,
  clientThreads: z.array(
    z.object({
      cpu: count.nullable(),
      connections: count,
      active: count,
      completed: count,
      drained: count,
      cpuNs: count,
      syscalls: count,
      wakeups: count,
      runDelayNs: count.nullable(),
    }),
  ),
  response: latencySchema,
  /** Null: the same as the response. */
  service: latencySchema.nullable(),
  setup: z.record(z.string(), z.int()),
  start: edgeSchema,
  end: edgeSchema,
});

export const progressSchema = z.object({
  event: z.literal('progress'),
  id: count,
  phase: z.enum(['connecting', 'warm-up', 'measuring', 'draining', 'ended']),
  connectionsOpened: count,
  completed: count,
});

export const resultSchema = z.object({
  event: z.literal('result'),
  id: count,
  /** Where it broke; null: it did not. */
  stage: z.enum(['launch', 'preflight', 'load']).nullable(),
  message: z.string(),
  ready: readySchema.nullable(),
  stats: statsSchema.nullable(),
  /** Of the server, its last 4 KiB. */
  stderr: z.string(),
  /** Null where no load began. */
  report: reportSchema.nullable(),
});

/**
 * Kernel text symbols in the order of /proc/kallsyms, a line each: by how much the address is above the one
 * before it (hexadecimal, of the first above 0; with a `-` where it is below), a space, the name. Padding before
 * functions (`__pfx_`, `__cfi_`) is left out. A line may be cut by the end of a part.
 */
export const symbolsSchema = z.object({
  event: z.literal('symbols'),
  id: count,
  part: count,
  text: z.string(),
  last: z.boolean(),
});

export const featureGroupSchema = z.object({
  group: z.string(),
  features: z.array(
    z.object({
      name: z.string(),
      available: z.boolean(),
      /** Such as `EINVAL`; null: it is available, or nothing tells why it is not. */
      reason: z.string().nullable(),
    }),
  ),
  /** How many of the kind the kernel says that it knows; null: it says nothing about that. */
  count: count.nullable(),
});

/** What a kernel has of what models of I/O use, each of it tried. */
export const featuresSchema = z.object({
  event: z.literal('features'),
  id: count,
  groups: z.array(featureGroupSchema),
});

export const settledSchema = z.object({ event: z.literal('settled'), id: count });

export const stoppedSchema = z.object({ event: z.literal('stopped'), id: count });

export const refusedSchema = z.object({
  event: z.literal('refused'),
  /** Null where the line does not tell. */
  id: count.nullable(),
  message: z.string(),
});

/** Every line that answers an ask. */
export const answerSchema = z.discriminatedUnion('event', [
  filesSchema,
  probeAnswerSchema,
  progressSchema,
  resultSchema,
  symbolsSchema,
  featuresSchema,
  settledSchema,
  stoppedSchema,
  refusedSchema,
]);

export type Hello = z.infer<typeof helloSchema>;
export type ProbeAnswer = Omit<z.infer<typeof probeAnswerSchema>, 'event' | 'id'>;
export type FeatureGroup = z.infer<typeof featureGroupSchema>;
export type AgentReport = z.infer<typeof reportSchema>;
export type AgentResult = z.infer<typeof resultSchema>;
export type AgentAnswer = z.infer<typeof answerSchema>;
