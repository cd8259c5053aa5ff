import { median } from 'simple-statistics';
import type { Interval } from '../../stats/bootstrap.ts';

/** Fewer have no interval. */
export const ROUNDS_MIN = 6;
const ERROR = 0.05;

/**
 * The median of rounds with its 95 % interval from order statistics, which assumes nothing of how they are distributed:
 * the widest pair of ranks that the binomial(n, 1/2) lies outside of in no more than 5 % (Conover, Practical Nonparametric
 * Statistics, 3.2). Fewer than six have no such interval.
 */
export function medianOf(rounds: readonly number[]): { value: number; interval: Interval | null } {
  const sorted = [...rounds].sort((a, b) => a - b);
  const value = median(sorted);
  const rank = lowestRank(sorted.length);
  const [low, high] = [sorted[rank], sorted[sorted.length - 1 - rank]];
  const known = sorted.length >= ROUNDS_MIN && low !== undefined && high !== undefined;
  return { value, interval: known ? { low, high } : null };
}

/** How many values are left out at each end, together with no more than the error. */
function lowestRank(count: number): number {
  let probability = 0.5 ** count;
  let tail = 0;
  for (let rank = 0; rank < count; rank++) {
    tail += probability;
    if (2 * tail > ERROR) return Math.max(0, rank - 1);
    probability *= (count - rank) / (rank + 1);
  }
  return 0;
}
