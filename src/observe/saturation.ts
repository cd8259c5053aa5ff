import type { Saturation } from '../results/schema.ts';

/** From this share of its CPU time on, a side has nothing left to give. */
export const SATURATED = 0.9;
/** A server that spins is at its limit only if fewer than this share of its passes found nothing. */
const IDLE_PASSES_MAX = 0.1;

export interface SaturationInput {
  readonly serverUtilisation: number;
  readonly clientUtilisation: number;
  /** The server burns CPU while it waits. */
  readonly serverSpins: boolean;
  /** Share of its wakeups that found nothing; null where it does not count them. */
  readonly serverIdleShare: number | null;
  /** Both sides take turns on the same CPUs: what one uses, the other lacks. */
  readonly shareCpus: boolean;
}

/**
 * Who was the limit of a trial. Where both sides were busy, the client is named: a throughput that the
 * client may have held back must not be ranked.
 */
export function judgeSaturation(input: SaturationInput): Saturation {
  const clientSide = input.shareCpus
    ? input.clientUtilisation + input.serverUtilisation
    : input.clientUtilisation;
  if (clientSide >= SATURATED) return 'client';
  if (input.serverUtilisation < SATURATED) return 'neither';
  if (!input.serverSpins) return 'server';
  return input.serverIdleShare !== null && input.serverIdleShare < IDLE_PASSES_MAX ? 'server' : 'neither';
}
