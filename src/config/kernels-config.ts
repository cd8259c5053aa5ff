import { availableParallelism } from 'node:os';
import { findModel } from '../models/registry.ts';
import { CLOCKS, type Guest, type RunSettings } from '../results/schema.ts';
import { UsageError } from '../util/errors.ts';
import { connectionsOf, type Workload } from '../workloads/schema.ts';
import type { CpuTopology } from './cpus.ts';
import { saysLoad } from './load-flags.ts';
import { type RunConfig, type RunFlags, resolveRunConfig } from './run-config.ts';

/** What `kernels run` measures when nothing is said: 300 ms of guest time a cell and boot. */
export const KERNELS_DEFAULTS = {
  models: 'blocking,poll,epoll-lt,io_uring',
  workloads: 'ping-pong,fifty-connections',
  blocks: '5',
  duration: '60ms',
  warmup: '20ms',
  boots: 3,
  smp: '1,2',
  clock: 'icount',
  cpu: 'max',
} as const;

const BOOTS_MAX = 1000;
const JOBS_MAX = 1024;
/** CPUs of a guest: server and client have one each, or share one. */
const SMPS: readonly number[] = [1, 2];
const MEMORY_MB = { min: 256, max: 1024 * 1024, base: 1024 } as const;
/**
 * Of a guest, for both ends of a connection: 8 to 12 KiB were measured of rows with one task, most of it the kernel's. A
 * thread has stacks beside that.
 */
const CONNECTION_BYTES = { alone: 16 * 1024, withThread: 64 * 1024 } as const;

/** The flags of `kernels run` that are not those of `run`, as typed; undefined where not given. */
export interface GuestFlags {
  readonly boots?: string | undefined;
  readonly smp?: string | undefined;
  readonly clock?: string | undefined;
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
  readonly jobs?: string | undefined;
}

export type KernelsFlags = GuestFlags &
  Pick<
    RunFlags,
    | 'models'
    | 'workloads'
    | 'ownWorkloads'
    | 'load'
    | 'profile'
    | 'blocks'
    | 'duration'
    | 'warmup'
    | 'seed'
    | 'reference'
    | 'handicapNs'
    | 'handicap'
  >;

export interface KernelsConfig extends RunConfig {
  readonly boots: number;
  readonly smps: readonly number[];
  readonly clock: Guest['clock'];
  readonly cpu: string;
  readonly memoryMb: number;
  readonly jobs: number;
}

export interface KernelsContext {
  readonly workloads: readonly Workload[];
  readonly randomSeed: number;
}

/** A guest as pinning sees it: a CPU for each side. */
const GUEST_TOPOLOGY: CpuTopology = {
  allowed: [0, 1],
  online: [0, 1],
  siblings: new Map([
    [0, [0]],
    [1, [1]],
  ]),
};

/** Flags and defaults to settings. Throws `UsageError` with every problem at once. */
export function resolveKernelsConfig(flags: KernelsFlags, context: KernelsContext): KernelsConfig {
  const problems: string[] = [];
  const run = settingsOf(flags, context, problems);
  const whole = (text: string | undefined, fallback: number, flag: string, max: number): number => {
    if (text === undefined) return fallback;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= 1 && value <= max) return value;
    problems.push(`${flag} ${text}: must be a whole number from 1 to ${max}`);
    return fallback;
  };
  const smps = (flags.smp ?? KERNELS_DEFAULTS.smp).split(',').map((part) => Number(part.trim()));
  if (smps.some((smp) => !SMPS.includes(smp)) || new Set(smps).size < smps.length)
    problems.push(`--smp ${flags.smp}: must be 1, 2, or 1,2: a CPU for both sides, or one for each`);
  const clock = CLOCKS.find((one) => one === (flags.clock ?? KERNELS_DEFAULTS.clock));
  if (clock === undefined) problems.push(`--clock ${flags.clock}: must be one of ${CLOCKS.join(', ')}`);
  const cpu = flags.cpu ?? KERNELS_DEFAULTS.cpu;
  if (!/^[\w.,+=-]+$/.test(cpu)) problems.push(`--cpu ${cpu}: must be what QEMU takes as -cpu, such as max`);
  const resolved = {
    boots: whole(flags.boots, KERNELS_DEFAULTS.boots, '--boots', BOOTS_MAX),
    // By a wall clock guests would measure each other.
    jobs: whole(flags.jobs, clock === 'kvm' ? 1 : availableParallelism(), '--jobs', JOBS_MAX),
    memoryMb: memoryMb(flags.memory, run?.settings ?? null, problems),
  };
  if (run === null || clock === undefined || problems.length > 0) throw new UsageError(problems);
  const beside =
    clock === 'kvm' && resolved.jobs > 1
      ? [`--jobs ${resolved.jobs} with --clock kvm: guests that run at once measure each other`]
      : [];
  return { ...run, ...resolved, warnings: [...run.warnings, ...beside], smps, clock, cpu };
}

function settingsOf(flags: KernelsFlags, context: KernelsContext, problems: string[]) {
  const own = flags.ownWorkloads ?? [];
  const { models, workloads, blocks, duration, warmup } = KERNELS_DEFAULTS;
  try {
    const { settings, ...said } = resolveRunConfig(
      {
        ...flags,
        // A guest has no disk.
        domain: 'socket',
        models: flags.models ?? (flags.profile === undefined ? models : undefined),
        workloads:
          flags.workloads ??
          (flags.profile === undefined && own.length === 0 && !saysLoad(flags.load) ? workloads : undefined),
        blocks: flags.blocks ?? blocks,
        duration: flags.duration ?? duration,
        warmup: flags.warmup ?? warmup,
        retry: '0',
      },
      { ...context, topology: GUEST_TOPOLOGY },
    );
    return { settings: { ...settings, retry: null }, ...said };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push(...error.problems);
    return null;
  }
}

/** `2G`, `512M`; without a word enough for the connections that are asked for. */
function memoryMb(text: string | undefined, settings: RunSettings | null, problems: string[]): number {
  const most = Math.max(0, ...(settings?.workloads ?? []).map(connectionsOf));
  const threads = settings?.entries.some(({ model }) => findModel(model)?.tasks.endsWith('per-connection'));
  const each = threads ? CONNECTION_BYTES.withThread : CONNECTION_BYTES.alone;
  const enough = MEMORY_MB.base + Math.ceil((most * each) / 1024 ** 2);
  if (text === undefined) return enough;
  const match = /^(\d+)([MG])$/.exec(text);
  const value = Number(match?.[1]) * (match?.[2] === 'G' ? 1024 : 1);
  if (value >= MEMORY_MB.min && value <= MEMORY_MB.max) return value;
  problems.push(`--memory ${text}: must be a size such as 512M or 2G, ${MEMORY_MB.min}M or more`);
  return enough;
}
