import { UsageError } from '../util/errors.ts';
import { connectionsOf } from '../workloads/schema.ts';
import {
  type GuestFlags,
  type KernelsConfig,
  type KernelsContext,
  resolveKernelsConfig,
} from './kernels-config.ts';
import type { RunFlags } from './run-config.ts';
import { type ScaleFlags, sweepOf } from './scale-config.ts';

/** What `kernels scale` does when nothing is said: instructions repeat, so that few blocks of one boot suffice. */
export const KERNELS_SCALE_DEFAULTS = {
  models: 'poll,epoll-lt,io_uring',
  idle: '0,100,1000,10000',
  active: '1',
  blocks: '3',
  boots: '1',
  smp: '1',
} as const;

/**
 * Guest time that a trial has without a word: some in any case, and for every connection as much as makes a wait that visits
 * all of them, which takes 0.27 us for each, happen seven times before the window and twenty times in it.
 */
export const GUEST_TIMES = {
  warmup: { leastMs: 20, perConnectionUs: 2 },
  duration: { leastMs: 60, perConnectionUs: 5 },
} as const;

/** The flags of `kernels scale` as typed; undefined where not given. */
export type KernelsScaleFlags = Omit<GuestFlags, 'clock'> &
  Pick<ScaleFlags, 'idle' | 'active'> &
  Pick<RunFlags, 'models' | 'blocks' | 'duration' | 'warmup' | 'seed'>;

/** Flags and defaults to settings. Throws `UsageError` with every problem at once. */
export function resolveKernelsScaleConfig(
  flags: KernelsScaleFlags,
  { randomSeed }: Pick<KernelsContext, 'randomSeed'>,
): KernelsConfig {
  const problems: string[] = [];
  const { idle, active, ...defaults } = KERNELS_SCALE_DEFAULTS;
  const ownWorkloads = sweepOf(flags, { idle, active }, problems);
  const most = Math.max(...ownWorkloads.map(connectionsOf));
  const timeOf = ({ leastMs, perConnectionUs }: (typeof GUEST_TIMES)['warmup' | 'duration']) =>
    `${leastMs + Math.ceil((most * perConnectionUs) / 1000)}ms`;
  const times = { warmup: timeOf(GUEST_TIMES.warmup), duration: timeOf(GUEST_TIMES.duration) };
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  try {
    const config = resolveKernelsConfig(
      { ...defaults, ...times, ...given, clock: 'icount', ownWorkloads },
      { workloads: [], randomSeed },
    );
    if (problems.length === 0) return config;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push(...error.problems);
  }
  throw new UsageError(problems);
}
