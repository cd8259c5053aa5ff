import { SOCKET_MODELS } from '../models/registry.ts';
import { isScaleModel, scaleWorkloads } from '../plan/scale-workloads.ts';
import { UsageError } from '../util/errors.ts';
import { counted } from '../util/units.ts';
import { WORKLOAD_LIMITS, type Workload } from '../workloads/schema.ts';
import type { CpuTopology } from './cpus.ts';
import { type RunConfig, type RunFlags, resolveRunConfig } from './run-config.ts';

/** What `scale` does when nothing is said: within three minutes on two cores. */
export const SCALE_DEFAULTS = {
  idle: '0,10,100,1000,4000,9900',
  active: '1,10',
  /** Six would have an interval that a single disturbed block cannot widen; the time suffices for more. */
  blocks: '8',
  warmup: '30ms',
  duration: '100ms',
} as const;

/** The flags of `scale` as typed; undefined where not given. */
export interface ScaleFlags
  extends Pick<RunFlags, 'models' | 'blocks' | 'duration' | 'warmup' | 'seed' | 'serverCpus' | 'clientCpus'> {
  readonly idle?: string | undefined;
  readonly active?: string | undefined;
}

export interface ScaleContext {
  readonly topology: CpuTopology;
  /** Used when no seed is given. */
  readonly randomSeed: number;
}

/** Flags and defaults to the settings of a run. Throws `UsageError` with every problem at once. */
export function resolveScaleConfig(flags: ScaleFlags, context: ScaleContext): RunConfig {
  const problems: string[] = [];
  const ownWorkloads = sweepOf(flags, SCALE_DEFAULTS, problems);
  try {
    const config = resolveRunConfig(
      {
        ...flags,
        domain: 'socket',
        models: flags.models ?? scaleModels(),
        blocks: flags.blocks ?? SCALE_DEFAULTS.blocks,
        duration: flags.duration ?? SCALE_DEFAULTS.duration,
        warmup: flags.warmup ?? SCALE_DEFAULTS.warmup,
        // Its line goes through the floor of its blocks, and every block is whole.
        retry: '0',
        ownWorkloads,
      },
      { ...context, workloads: [] },
    );
    if (problems.length === 0) return config;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push(...error.problems);
  }
  throw new UsageError(problems);
}

/** The points that are asked for; what is wrong with them is added to `problems`. */
export function sweepOf(
  flags: Pick<ScaleFlags, 'idle' | 'active'>,
  defaults: { readonly idle: string; readonly active: string },
  problems: string[],
): readonly Workload[] {
  const active = counts(flags.active ?? defaults.active, { flag: '--active', min: 1 }, problems);
  const idle = counts(flags.idle ?? defaults.idle, { flag: '--idle', min: 0 }, problems);
  if (idle?.length === 1) problems.push(`--idle ${flags.idle}: a slope needs two counts at least`);
  const most = Math.max(...(idle ?? [0])) + Math.max(...(active ?? [0]));
  if (most > WORKLOAD_LIMITS.connections)
    problems.push(
      `--idle and --active: ${counted(most, 'connection')}; at most ${WORKLOAD_LIMITS.connections}`,
    );
  return scaleWorkloads(idle ?? [0], active ?? [1]);
}

function scaleModels(): string {
  return SOCKET_MODELS.filter(isScaleModel)
    .map((model) => model.id)
    .join(',');
}

/** `0,10,100` to its numbers, each once; undefined, with a problem, if it is no such list. */
function counts(
  text: string,
  { flag, min }: { flag: string; min: number },
  problems: string[],
): number[] | undefined {
  const items = text.split(',').map((item) => item.trim());
  const wrong = items.filter((item) => !/^\d{1,9}$/.test(item) || Number(item) < min);
  if (wrong.length === 0) return [...new Set(items.map(Number))];
  problems.push(`${flag} ${text}: must be whole numbers from ${min} on, separated by commas`);
  return undefined;
}
