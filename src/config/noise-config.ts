import { MODELS } from '../models/registry.ts';
import { type RunConfig, type RunContext, type RunFlags, resolveRunConfig } from './run-config.ts';
import { select } from './selection.ts';

/** What `noise` does when nothing is said: within two minutes on two cores. */
export const NOISE_DEFAULTS = { models: 'epoll-lt,io_uring' } as const;

/** The flags of `noise` as typed; undefined where not given. */
export type NoiseFlags = Pick<
  RunFlags,
  | 'models'
  | 'workloads'
  | 'ownWorkloads'
  | 'profile'
  | 'blocks'
  | 'duration'
  | 'warmup'
  | 'retry'
  | 'seed'
  | 'serverCpus'
  | 'clientCpus'
>;

/** An A/A run: every model that is asked for, twice. Throws `UsageError` with every problem at once. */
export function resolveNoiseConfig(flags: NoiseFlags, context: RunContext): RunConfig {
  const asked = flags.models ?? NOISE_DEFAULTS.models;
  const known = MODELS.map((model) => model.id);
  const { names, problems } = select(asked, known, 'model');
  const models = [...new Set(names)];
  // A list that is wrong is complained of together with everything else.
  const twice = problems.length > 0 ? asked : [...models, ...models].join(',');
  return resolveRunConfig({ ...flags, models: twice }, context);
}
