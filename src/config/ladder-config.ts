import { ladderFamilies, ladderOfFamily } from '../models/ladder.ts';
import { SOCKET_MODELS } from '../models/registry.ts';
import type { ModelSpec } from '../models/spec.ts';
import { UsageError } from '../util/errors.ts';
import type { CpuTopology } from './cpus.ts';
import { type RunConfig, type RunFlags, resolveRunConfig } from './run-config.ts';
import { select } from './selection.ts';

/**
 * What `ladder` does when nothing is said. The verdict wants many blocks, for it is of pairs; a window holds the thousand
 * requests that a p99 needs where one connection makes 12,500 a second.
 */
export const LADDER_DEFAULTS = {
  connections: '1,64,1000',
  blocks: '20',
  warmup: '20ms',
  duration: '80ms',
} as const;

/** The flags of `ladder` as typed; undefined where not given. */
export interface LadderFlags
  extends Pick<RunFlags, 'blocks' | 'duration' | 'warmup' | 'seed' | 'serverCpus' | 'clientCpus'> {
  readonly family?: string | undefined;
  readonly connections?: string | undefined;
  readonly message?: string | undefined;
}

export interface LadderContext {
  readonly topology: CpuTopology;
  /** Used when no seed is given. */
  readonly randomSeed: number;
  /** Default: all that there are. */
  readonly models?: readonly ModelSpec[];
}

/**
 * Flags and defaults to the settings of a run: every rung of every ladder that is asked for, under a workload for each
 * number of connections. Throws `UsageError` with every problem at once.
 */
export function resolveLadderConfig(
  { family, connections = LADDER_DEFAULTS.connections, message, ...flags }: LadderFlags,
  { models = SOCKET_MODELS, ...context }: LadderContext,
): RunConfig {
  const known = ladderFamilies(models);
  const { names, problems } =
    family === undefined ? { names: known, problems: [] } : select(family, known, 'family with a ladder');
  const rungs = [...new Set(names)].flatMap((name) => ladderOfFamily(name, models));
  try {
    const { settings, ...said } = resolveRunConfig(
      {
        ...flags,
        domain: 'socket',
        // With a list that is wrong the other options are looked at all the same.
        ...(rungs.length === 0 ? {} : { models: rungs.map(({ id }) => id).join(',') }),
        load: { connections, message },
        blocks: flags.blocks ?? LADDER_DEFAULTS.blocks,
        duration: flags.duration ?? LADDER_DEFAULTS.duration,
        warmup: flags.warmup ?? LADDER_DEFAULTS.warmup,
        // Noise that hits both sides of a pair alike does no harm to it.
        retry: '0',
      },
      { ...context, workloads: [] },
    );
    if (problems.length === 0) {
      const after = new Map(rungs.map((rung) => [rung.id, rung.after]));
      const entries = settings.entries.map((entry) => ({ ...entry, after: after.get(entry.model) ?? null }));
      return { settings: { ...settings, entries }, ...said };
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError([...problems, ...error.problems]);
  }
  throw new UsageError(problems);
}
