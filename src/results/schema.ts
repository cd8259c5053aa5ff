import { z } from 'zod';
import { PROFILES, workloadSchema } from '../workloads/schema.ts';

/**
 * The version of everything below. It grows when a reader of the old shape would misread the new
 * one; members that are only added do not change it.
 */
export const SCHEMA_VERSION = 1;

const count = z.number().int().nonnegative();
const amount = z.number().nonnegative();

/*
 * Most of what a run stores are counts in lists and by name. One check for all of them takes a tenth of the time of a schema for
 * each.
 */
const COUNT = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/**
 * A histogram as stored: `[gap, count, gap, count, ...]`, where gap is the distance of the bucket's
 * index from the one before (from 0 for the first). See `stats/histogram.ts` for the buckets.
 */
export const sparseHistogramSchema = z
  .unknown()
  .refine((value) => Array.isArray(value) && value.every(isCount), 'expected a list of counts')
  .meta({ type: 'array', items: COUNT }) as z.ZodType<number[]>;

const countsByNameSchema = z
  .unknown()
  .refine(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      Object.values(value).every(isCount),
    'expected counts by name',
  )
  .meta({
    type: 'object',
    propertyNames: { type: 'string' },
    additionalProperties: COUNT,
  }) as z.ZodType<Record<string, number>>;

const latencySchema = z.object({
  count,
  sumNs: amount,
  minNs: amount,
  maxNs: amount,
  histogram: sparseHistogramSchema,
});

/** Who was the limit of a trial: docs/reading-the-tables.md, "limit". */
export const saturationSchema = z.enum(['server', 'client', 'both', 'neither']);

/** What one trial measured. Values are over the measured window unless the name says otherwise. */
export const observationSchema = z.object({
  windowNs: amount.describe('from the first to the last moment in which requests were issued'),
  accountedNs: amount.describe('between the two edges at which counters and CPU clocks were read'),
  connectNs: amount.describe('first connect() to last established connection'),
  requests: z.object({
    warmup: count,
    sent: count,
    completed: count.describe('by the deadline; throughput divides these'),
    errors: count,
    inFlightAtDeadline: count,
    drained: count.describe('of those in flight, answered before the end edge'),
    dueUnsent: count.describe(
      'open loop: due by the deadline and never sent; in the response times with what they had waited',
    ),
    accounted: count.describe('completed + drained: what per-request costs divide by'),
    bytesVerified: count,
    connectionErrors: count,
    connectionsChurned: count,
  }),
  throughputPerS: amount,
  response: latencySchema.describe('reply minus due time'),
  service: latencySchema.nullable().describe('reply minus actual send; null where it equals response'),
  server: z.object({
    cpuNs: amount.describe('all tasks, ended ones and kernel threads of io_uring included'),
    cpuNsPerRequest: amount,
    utilisation: amount.describe('CPU time over the time of the CPUs it could use'),
    voluntarySwitches: count.nullable(),
    involuntarySwitches: count.nullable(),
    contextSwitchesPerRequest: amount.nullable(),
    syscallsPerRequest: amount
      .nullable()
      .describe('null: a server that does not count them, in a trial in which nothing else did'),
    syscalls: countsByNameSchema.describe('by name'),
    counters: countsByNameSchema,
    setup: countsByNameSchema.describe('system calls by name from start to the first edge'),
    setupPerConnection: z
      .record(z.string(), amount)
      .nullable()
      .describe('system calls by name per connection that is opened before the load; null in churn'),
    kernelThreads: z
      .object({ sqpCpuNs: amount, workerCpuNs: amount })
      .nullable()
      .describe("CPU of io_uring's iou-sqp and iou-wrk threads, part of cpuNs; null: it has none"),
    hardware: z
      .object({
        instructionsUser: count.nullable(),
        instructionsKernel: count.nullable(),
        cycles: count.nullable().describe('in user space and in the kernel'),
        cacheMisses: count.nullable().describe('likewise'),
        uncounted: z
          .record(z.string(), z.string())
          .describe('why a member is null: the errno of perf_event_open(2), or shared'),
      })
      .nullable()
      .default(null)
      .describe("the CPU's own counters, over all tasks, in trials that count with them; null: not asked"),
    softirqShare: amount.nullable().describe('of the time of the CPUs in use, in softirq context'),
    processes: count
      .nullable()
      .default(null)
      .describe('of a server that was not built for this: those of its session at the end; null: it is ours'),
    threads: count.nullable().describe('tasks of it: threads, or processes where connections have their own'),
    rssMaxBytes: count
      .nullable()
      .describe(
        'peak since the server started; null: not known, as where a model serves by several processes',
      ),
    runDelayNs: amount.nullable().describe('main thread, ready but not running'),
    wakeupsPerConnection: amount
      .nullable()
      .default(null)
      .describe(
        'returns from the wait call per accepted connection: while the connections of the load opened, or in churn over the window; null: not known',
      ),
    acceptedByWorker: z
      .array(count)
      .nullable()
      .default(null)
      .describe(
        'connections of its life that each worker accepted, the echo check among them; null: it has none',
      ),
  }),
  client: z.object({
    cpuNs: amount.describe('of all its threads'),
    cpuNsPerRequest: amount,
    utilisation: amount.describe('of its busiest thread'),
    syscalls: count,
    wakeups: count,
    runDelayNs: amount.nullable().describe('of the thread that waited longest'),
    threads: z
      .array(
        z.object({
          cpu: count.nullable().describe('that it was pinned to; null: it was not'),
          connections: count.describe('dealt to it'),
          active: count,
          accounted: count.describe('requests, as those of all are accounted'),
          cpuNs: amount,
          utilisation: amount,
          runDelayNs: amount.nullable(),
        }),
      )
      .default([])
      .describe('those that ran; empty in runs of versions that had one'),
  }),
  saturation: saturationSchema,
  contamination: z.object({
    stealShare: amount.nullable(),
    cpuPressureShare: amount.nullable(),
    othersShare: amount
      .nullable()
      .default(null)
      .describe('of the CPU time of the server or of the client, whoever lost more to other tasks'),
    throttledShare: amount
      .nullable()
      .default(null)
      .describe('of the periods of a CPU quota, those in which it stopped the run; null: no quota'),
    marks: z.array(z.string()).describe('why this trial is contaminated; empty: it is not'),
  }),
  pathLength: z
    .object({
      total: amount
        .nullable()
        .describe('of both ends and the kernel; null: the row spins, or the clock is no count'),
      server: amount.nullable().describe('null where several CPUs share the clock'),
      client: amount.nullable(),
    })
    .nullable()
    .default(null)
    .describe(
      'guest instructions between the edges, in a guest whose clock counts them; null: times are times',
    ),
  file: z
    .object({
      submit: latencySchema.describe('time in the call that issues, shared evenly by what it issued'),
      bytes: count.describe('of completed operations'),
      helperCpuNs: amount.describe(
        'CPU of threads other than those that issue: a pool of libc, iou-wrk, iou-sqp; part of cpuNs',
      ),
      blocksChecked: count.describe('whole, before and after the window'),
      blocksSeen: count.describe('by header or tail, on every read'),
      pages: count.describe('of the file'),
      pagesCachedStart: count.nullable().describe('in the page cache; null: the kernel does not tell'),
      pagesCachedEnd: count.nullable(),
      device: z
        .object({ reads: count, readBytes: count, writes: count, writeBytes: count })
        .nullable()
        .describe('what the block device did between the edges, for everybody; null: not known'),
    })
    .nullable()
    .default(null)
    .describe('of a job on a file; null: a load of connections'),
  congestion: z
    .object({ server: z.string().nullable(), client: z.string().nullable() })
    .nullable()
    .default(null)
    .describe('TCP congestion control of either side; null: that of the host, in runs that did not pin it'),
  warnings: z.array(z.string()),
});

/**
 * What counts in a trial beside the clocks: the servers themselves, as in every trial, and nothing else; the kernel's
 * tracepoints or strace, which audit them; or the CPU's own counters. Whatever else counts costs time, so that the speed
 * of its trials is never used.
 */
export const instrumentSchema = z.enum(['own', 'tracepoint', 'strace', 'cpu']);
export const auditInstrumentSchema = instrumentSchema.exclude(['own', 'cpu']);

/** model x workload x repetition, as planned. */
export const trialSchema = z.object({
  index: count,
  block: count,
  /** The instrument; the key is of the first version, and an event is a counter of the server. */
  counter: instrumentSchema.default('own'),
  /** The row of the table: the model's id, with `#2` and so on where a model is entered again. */
  label: z.string(),
  model: z.string(),
  workload: z.string(),
  seed: count,
});

const trialCommon = { ...trialSchema.shape, startedAt: z.string(), wallMs: amount };

/** The servers' own counts beside another counter's, over the same period. */
export const auditSchema = z.object({
  period: z
    .enum(['window', 'lifetime'])
    .describe(
      'the measured window; or start to end of the server, less those of one that only passed the echo check',
    ),
  own: countsByNameSchema,
  counted: countsByNameSchema,
  unclaimed: countsByNameSchema.describe('calls that the server does not count: set-up, or made by libc'),
  disagreements: z.array(z.object({ syscall: z.string(), own: count, counted: count, why: z.string() })),
});

/** One line of trials.ndjson. */
export const trialResultSchema = z.discriminatedUnion('status', [
  z.object({ ...trialCommon, status: z.literal('measured'), observation: observationSchema }),
  z.object({
    ...trialCommon,
    status: z.literal('audited'),
    observation: observationSchema,
    audit: auditSchema,
  }),
  z.object({ ...trialCommon, status: z.literal('counted'), observation: observationSchema }),
  z.object({
    ...trialCommon,
    status: z.literal('failed'),
    stage: z.enum(['launch', 'preflight', 'load', 'measure', 'audit']),
    message: z.string(),
  }),
]);

/**
 * One line of calibrations.ndjson: how fast this machine was at the beginning of a block, measured
 * without any I/O model (`c-helpers/calibration`). Medians, which a disturbance of some samples does not move.
 * The one after the last block has the number that a further block would have.
 */
export const calibrationSchema = z.object({
  block: count,
  startedAt: z.string(),
  wallMs: amount,
  cpu: count.nullable().describe('that the loops ran on, the first of the servers; null: not pinned'),
  spinNs: z.number().positive().describe('one turn of a fixed user-space loop and a trivial system call'),
  syscallNs: z.number().positive().describe('the trivial system call alone'),
  pingNs: z
    .number()
    .positive()
    .describe('round trip over a socket pair between two threads, on the CPUs of client and server'),
});

/** How a server is started. */
export const variantSchema = z.object({
  name: z.string(),
  prefix: z.array(z.string()).describe('command and arguments before the server; empty: as it is'),
});

/** A server that was not built for this: how it is started. `{port}` stands for the port it is to listen on. */
export const foreignServerSchema = z.object({
  command: z.array(z.string()).min(1).describe('words; no shell parts them'),
  env: z.record(z.string(), z.string()).describe('beside ours and PORT'),
  probe: z
    .array(z.string())
    .nullable()
    .describe('a command that exits 0 where the server can run; null: none'),
});

/** What was executed for it. */
export const serverFilesSchema = z.object({
  model: z.string(),
  executable: z.string().describe('the path that its first word was found at, links followed'),
  files: z
    .array(z.object({ path: z.string(), hash: z.string() }))
    .describe('the executable and arguments that are files, each with its SHA-256 in hexadecimal digits'),
  version: z.string().nullable().describe('what an interpreter says of its version; null: it is none'),
});

/** A row of the tables: a model, entered once for each variant. */
export const entrySchema = z.object({
  label: z.string(),
  model: z.string().describe('an id of the registry, or the name of a server that was not built for this'),
  server: foreignServerSchema.optional().describe('absent: the model is of the registry'),
  variant: variantSchema.optional().describe('absent: the server as it is'),
  after: z
    .string()
    .nullable()
    .optional()
    .describe(
      'of a ladder: label of the row that this one adds a step to, null of its first; absent: no ladder',
    ),
  workers: count
    .min(1)
    .optional()
    .describe(
      'loops of the server, each a thread and on a CPU of its own where there are as many; absent: it has none',
    ),
});

/** An entry under a workload; skipped cells have no trials. */
export const cellSchema = z.object({
  label: z.string(),
  model: z.string(),
  workload: z.string(),
  skipReason: z.string().nullable(),
});

/** What a run is asked to do, after defaults; everything that decides the plan. */
export const runSettingsSchema = z.object({
  entries: z.array(entrySchema),
  workloads: z.array(workloadSchema),
  profile: z.enum(PROFILES),
  blocks: count.min(1),
  warmupMs: amount,
  durationMs: amount,
  seed: count,
  baseline: z.string().describe('label of the reference: the row that ratios refer to'),
  fileBaseline: z
    .string()
    .nullable()
    .default(null)
    .describe('the same under workloads of files, where there are connections beside them; null: baseline'),
  directory: z
    .string()
    .nullable()
    .default(null)
    .describe('that files are to be made in, as asked for; null: chosen, or no file is needed'),
  serverCpus: z.array(count).nullable().describe('null: not pinned'),
  clientCpus: z.array(count).nullable(),
  precision: z.number().positive().nullable().describe('target half-width of the ratio interval, e.g. 0.02'),
  maxTimeS: z.number().positive().nullable(),
  retry: z
    .object({
      kind: z.enum(['share', 'time']),
      value: amount,
      withinMs: amount
        .nullable()
        .default(null)
        .describe(
          'none is begun that would end later than this after the first block began; null: no such limit',
        ),
    })
    .nullable()
    .default(null)
    .describe(
      'time for measuring contaminated trials again: a share of what the planned blocks took, or ms; null: none',
    ),
  audit: z.boolean().default(false).describe('whether audit trials were asked for'),
  cpuCounters: z
    .boolean()
    .default(false)
    .describe("whether trials that count with the CPU's own counters were asked for, where it has any"),
  handicap: z
    .object({ ns: count.min(1), labels: z.array(z.string()) })
    .nullable()
    .default(null)
    .describe('rows whose servers are made slower by so much busy work per read, as a test of the tool'),
});

/**
 * What the times of a guest are. `icount`: one instruction is one nanosecond; `kvm`: time; `tcg`: nothing, so that no
 * number of it is shown.
 */
export const CLOCKS = ['icount', 'kvm', 'tcg'] as const;

/** A virtual machine that was booted for one run, and nothing else. */
export const guestSchema = z.object({
  clock: z.enum(CLOCKS),
  qemu: z.string().describe('version'),
  cpu: z.string().describe('as in -cpu'),
  smp: count.min(1),
  memoryMb: count,
  image: z.string().describe('file name of the kernel image'),
  imageHash: z.string().describe('of the kernel image, the first 16 hexadecimal digits of its SHA-256'),
  series: z.string().describe('what the boots that one command began have in common'),
  place: count.describe('of its kernel among those of the series, as they were named, from 0'),
  boot: count.describe('of this kernel in the series, from 0'),
});

/** What a number must be judged against later. Null: could not be read. */
export const environmentSchema = z.object({
  host: z
    .string()
    .nullable()
    .default(null)
    .describe('tells hosts apart: a hash of the machine-id, or the name of a host without one'),
  kernel: z.string(),
  kernelVersion: z.string(),
  bootId: z.string().nullable().default(null).describe('of this boot of the kernel, random; null: not known'),
  arch: z.string(),
  cpuModel: z.string().nullable(),
  cpus: count,
  cpusAllowed: z.string().nullable(),
  topology: z
    .object({
      cores: z.array(z.string()).describe('CPUs that share one, as lists'),
      nodes: z.array(z.string()).describe('CPUs of each NUMA node, as lists; empty: none are told'),
    })
    .nullable()
    .default(null),
  governor: z.string().nullable(),
  smt: z.string().nullable(),
  mitigations: z.record(z.string(), z.string()),
  clocksource: z.string().nullable(),
  hypervisor: z.string().nullable(),
  container: z.string().nullable(),
  memoryBytes: count,
  limits: z.object({ nofile: count.nullable(), memlockBytes: count.nullable(), nproc: count.nullable() }),
  sysctls: z.record(z.string(), z.string()),
  versions: z.record(z.string(), z.string()),
  user: z.enum(['root', 'normal']),
  kernelCommandLine: z.string().nullable().default(null),
  preemption: z
    .string()
    .nullable()
    .default(null)
    .describe('preemption model of the kernel: none, voluntary, lazy, full or rt'),
  isolatedCpus: z.string().nullable().default(null).describe('as a list; empty: none'),
  turbo: z.enum(['on', 'off']).nullable().default(null),
  microcode: z.string().nullable().default(null),
  irqTimeAccounting: z
    .boolean()
    .nullable()
    .default(null)
    .describe('whether the CPU time of tasks leaves out that of interrupts; null: not known'),
  cpuQuota: z.number().positive().nullable().default(null).describe('CPUs; null: no quota, or not known'),
  guest: guestSchema
    .nullable()
    .default(null)
    .describe('the virtual machine that the tool booted; null: none'),
});

/** Whether a model can run here, by its own probe. */
export const supportSchema = z.object({
  model: z.string(),
  supported: z.boolean(),
  reason: z.string().nullable(),
  features: z.array(z.string()),
  connectionsMax: count
    .nullable()
    .default(null)
    .describe('that a server was able to hold, where more were wanted and refused; null: it held them all'),
  limitReason: z.string().nullable().default(null).describe('why not more'),
});

export const buildSchema = z.object({
  compiler: z.string(),
  compilerVersion: z.string(),
  /** What it compiles for, with the C library; missing in runs of versions that did not ask. */
  target: z.string().optional(),
  flags: z.array(z.string()),
  hash: z.string(),
  cached: z.boolean(),
});

/** A way to count system calls, and whether it could be used. */
export const instrumentSupportSchema = z.object({
  counter: instrumentSchema,
  available: z.boolean(),
  reason: z.string().nullable().describe('why not, and what would allow it'),
});

/** What measures: a run as asked for, a sweep, a ladder, equals, or what regressed once more. */
export const RUN_KINDS = ['run', 'scale', 'ladder', 'noise', 'confirm'] as const;

/** run.json: everything about a run except its trials. */
export const runRecordSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  runId: z.string(),
  tool: z.object({ name: z.string(), version: z.string() }),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  kind: z
    .enum(RUN_KINDS)
    .nullable()
    .default(null)
    .describe('the command that measured it; null: by a version that did not say'),
  status: z.enum(['running', 'complete', 'interrupted', 'broken']),
  settings: runSettingsSchema,
  cells: z.array(cellSchema),
  environment: environmentSchema,
  build: buildSchema,
  support: z.array(supportSchema),
  files: z
    .object({
      directory: z.string(),
      fileSystem: z.string().nullable().describe('as the kernel calls it; null: not known'),
      inMemory: z.boolean(),
      bytes: count.describe('of all files together'),
      freeBytes: count.nullable().describe('when the run began; null: the file system does not tell'),
      blocksVerified: count.nullable().describe('at the end, of all files whole; null: not checked'),
    })
    .nullable()
    .default(null)
    .describe('where files were made; null: none was needed'),
  servers: z
    .array(serverFilesSchema)
    .default([])
    .describe('those that were not built for this; empty: all rows are of the registry'),
  counters: z
    .array(instrumentSupportSchema)
    .default([])
    .describe('counters that this run could use for its audit; empty: no audit was asked for'),
  uncountedEvents: z
    .record(z.string(), z.string())
    .default({})
    .describe(
      'events of the CPU that could not be counted here, with the errno of perf_event_open(2); empty: all could be, or none was asked for',
    ),
  warnings: z.array(z.string()),
  timing: z
    .object({
      wallMs: amount,
      loadMs: amount.describe('warm-up plus measurement, over all trials'),
      loadShare: amount.describe('loadMs / wallMs'),
      measuredShare: amount
        .nullable()
        .default(null)
        .describe('measurement alone / wallMs; null in runs that did not tell the two apart'),
      blocks: count,
      repeatBlocks: count
        .default(0)
        .describe('of these, the last ones, in which contaminated trials were measured again'),
    })
    .nullable(),
});

export type SparseHistogram = z.infer<typeof sparseHistogramSchema>;
export type Latency = z.infer<typeof latencySchema>;
export type Saturation = z.infer<typeof saturationSchema>;
export type Observation = z.infer<typeof observationSchema>;
export type Trial = z.infer<typeof trialSchema>;
export type TrialResult = z.infer<typeof trialResultSchema>;
export type MeasuredTrial = Extract<TrialResult, { status: 'measured' }>;
export type AuditedTrial = Extract<TrialResult, { status: 'audited' }>;
export type CountedTrial = Extract<TrialResult, { status: 'counted' }>;
/** A trial that has an observation. */
export type ObservedTrial = Exclude<TrialResult, { status: 'failed' }>;
export type Instrument = z.infer<typeof instrumentSchema>;
/** What checks the servers' own counts. */
export type AuditInstrument = z.infer<typeof auditInstrumentSchema>;
export type InstrumentSupport = z.infer<typeof instrumentSupportSchema>;
export type AuditRecord = z.infer<typeof auditSchema>;
export type Calibration = z.infer<typeof calibrationSchema>;
export type Variant = z.infer<typeof variantSchema>;
export type ForeignServer = z.infer<typeof foreignServerSchema>;
export type ServerFiles = z.infer<typeof serverFilesSchema>;
export type Entry = z.infer<typeof entrySchema>;
export type Cell = z.infer<typeof cellSchema>;
/** A row under a workload. */
export type CellName = Pick<Cell, 'label' | 'workload'>;
export type RunSettings = z.infer<typeof runSettingsSchema>;
export type Environment = z.infer<typeof environmentSchema>;
export type Guest = z.infer<typeof guestSchema>;
export type Clock = Guest['clock'];
export type Support = z.infer<typeof supportSchema>;
export type BuildInfo = z.infer<typeof buildSchema>;
export type RunRecord = z.infer<typeof runRecordSchema>;
export type RunKind = (typeof RUN_KINDS)[number];
export type RunStatus = RunRecord['status'];

/** A stored run as read back: the record, and every trial that was saved whole. */
export type RunResult = RunOf<TrialResult>;

/** The same, with what was kept of each trial. */
export interface RunOf<Kept> {
  readonly record: RunRecord;
  readonly trials: readonly Kept[];
  /** One per block that was begun; none in runs of versions that did not calibrate. */
  readonly calibrations: readonly Calibration[];
  /** What could not be read, e.g. a line that a crash cut short. */
  readonly problems: readonly string[];
}
