import { normalTail, rankSumCdf } from './rank-distribution.ts';

/** Blocks per side up to which the exact distribution is used: its counts are exact up to there. */
const EXACT_MAX = 25;

/**
 * Two-sided p-value of the rank-sum test of Wilcoxon, Mann and Whitney: whether one sample tends to lie
 * above the other. As `wilcox.test` of R: the exact distribution up to 25 values a side, and above that
 * the normal approximation with its continuity and tie corrections. Ties count half and
 * the statistic is then rounded towards no difference, so that with them the exact p-value errs to the
 * safe side. Null where a side is empty.
 */
export function rankTest(base: readonly number[], current: readonly number[]): number | null {
  if (base.length === 0 || current.length === 0) return null;
  const wins = winsOf(base, current);
  const middle = (base.length * current.length) / 2;
  const distance = Math.abs(wins - middle);
  if (distance === 0) return 1;
  return base.length <= EXACT_MAX && current.length <= EXACT_MAX
    ? exactP(middle - distance, base.length, current.length)
    : normalP(distance, base, current);
}

/** Pairs in which the current value is the larger one; ties count half. */
function winsOf(base: readonly number[], current: readonly number[]): number {
  let wins = 0;
  for (const value of current)
    for (const other of base) wins += value > other ? 1 : value === other ? 0.5 : 0;
  return wins;
}

function exactP(lower: number, base: number, current: number): number {
  return Math.min(1, 2 * rankSumCdf(Math.ceil(lower), base, current));
}

function normalP(distance: number, base: readonly number[], current: readonly number[]): number {
  const count = base.length + current.length;
  const times = new Map<number, number>();
  for (const value of [...base, ...current]) times.set(value, (times.get(value) ?? 0) + 1);
  const ties = [...times.values()].reduce((sum, n) => sum + n ** 3 - n, 0) / (count * (count - 1));
  const variance = ((base.length * current.length) / 12) * (count + 1 - ties);
  return Math.min(1, 2 * normalTail(Math.max(0, distance - 0.5) / Math.sqrt(variance)));
}
