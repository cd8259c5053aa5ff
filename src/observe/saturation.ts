import type { Saturation } from '../results/schema.ts';

/** From this share of its CPU time on, a side has nothing left to give. */
export const SATURATED = 0.9;
/** From here on for both sides, neither of them held the other back. */
export const BOTH_SATURATED = 0.97;
/** A server that spins is at its limit only if fewer than this share of its passes found nothing. */
const IDLE_PASSES_MAX = 0.1;

export interface SaturationInput {
  readonly serverUtilisation: number;
  /** The client's threads. */
  readonly client: readonly {
    readonly utilisation: number;
    /**
     * Share of the window in which it was ready and had to wait for the CPU that is its own: what others took
     * of it, it had not to give. 0 where it is not known, or the CPU is shared on purpose.
     */
    readonly waitingShare: number;
  }[];
  /** The server burns CPU while it waits. */
  readonly serverSpins: boolean;
  /** Share of its wakeups that found nothing; null where it does not count them. */
  readonly serverIdleShare: number | null;
  /** Both sides take turns on the same CPUs: what one uses, the other lacks. */
  readonly shareCpus: boolean;
}

/**
 * Who was the limit of a trial. Where both sides were full, both are named: the server had nothing left to
 * give. Where the client was busy and the server not quite, the client is: a throughput that the client may
 * have held back must not be ranked.
 *
 * The busiest thread stands for the client: connections are dealt to threads for good, so that one which is full
 * holds its share of them back however little the others have to do.
 */
export function judgeSaturation(input: SaturationInput): Saturation {
  const threads = input.client.map(({ utilisation, waitingShare }) => utilisation + waitingShare);
  const client = Math.max(0, ...threads);
  if (input.shareCpus && client + input.serverUtilisation >= SATURATED) return 'client';
  const worked = !input.serverSpins || (input.serverIdleShare ?? 1) < IDLE_PASSES_MAX;
  const server = worked ? input.serverUtilisation : 0;
  if (Math.min(client, server) >= BOTH_SATURATED) return 'both';
  if (client >= SATURATED) return 'client';
  return server >= SATURATED ? 'server' : 'neither';
}
