import { MODELS } from '../models/registry.ts';
import { UsageError } from '../util/errors.ts';
import { selectModels } from './model-list.ts';
import { type RunConfig, type RunContext, type RunFlags, resolveRunConfig } from './run-config.ts';
import { readShare } from './share.ts';

/** What `noise` does when nothing is said: within two minutes on two cores. */
export const NOISE_DEFAULTS = { models: 'epoll-lt,io_uring', detect: '5%' } as const;

/** Fewer blocks say too little of false alarms. */
export const NOISE_BLOCKS_MIN = 10;

/** The flags of `noise` as typed; undefined where not given. */
export type NoiseFlags = Pick<
  RunFlags,
  | 'models'
  | 'workloads'
  | 'ownWorkloads'
  | 'load'
  | 'profile'
  | 'blocks'
  | 'duration'
  | 'warmup'
  | 'retry'
  | 'seed'
  | 'serverCpus'
  | 'clientCpus'
>;

/** What `--detect` of `noise` says, as a share. Throws `UsageError`. */
export function noiseDetect(flag: string = NOISE_DEFAULTS.detect): number {
  const share = readShare(flag);
  if (share === null)
    throw new UsageError(`--detect ${flag}: must be a share such as 5% or 0.05, above 0 and below 100%`);
  return share;
}

/** An A/A run: every model that is asked for, twice. Throws `UsageError` with every problem at once. */
export function resolveNoiseConfig(flags: NoiseFlags, context: RunContext): RunConfig {
  const asked = flags.models ?? NOISE_DEFAULTS.models;
  const { names, problems, note } = selectModels(asked, MODELS);
  const models = [...new Set(names)];
  // A list that is wrong is complained of together with everything else.
  const twice = problems.length > 0 ? asked : [...models, ...models].join(',');
  const config = resolveRunConfig({ ...flags, models: twice }, context);
  if (config.settings.blocks < NOISE_BLOCKS_MIN)
    throw new UsageError(
      `--blocks ${config.settings.blocks}: a certificate needs ${NOISE_BLOCKS_MIN} at least; with fewer, equals say too little`,
    );
  return note === null ? config : { ...config, notices: [note] };
}
