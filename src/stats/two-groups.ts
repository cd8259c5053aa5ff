import { mean } from 'simple-statistics';

/** Two groups that lie apart, each by its mean. */
export interface TwoGroups {
  readonly low: number;
  readonly high: number;
  /** Values in the upper one, as a share. */
  readonly highShare: number;
}

/** Of each group; a single value is an outlier. */
const VALUES_MIN = 2;
/** The gap between the groups, in widths of the wider one. */
const GAP_WIDTHS = 2;
/** ... and as a share of the values: less is no matter. */
const GAP_MIN = 0.01;

/**
 * Two groups with nothing in between, where values fall into two: they are parted at the widest gap, which must be twice as
 * wide as either group is (ranges, so that it does not depend on how many values there are), and a hundredth of the values
 * themselves. Null: they do not.
 */
export function twoGroups(values: readonly number[]): TwoGroups | null {
  const sorted = [...values].sort((a, b) => a - b);
  const gaps = sorted.slice(1).map((value, i) => ({ at: i + 1, width: value - (sorted[i] ?? value) }));
  const inner = gaps.filter(({ at }) => at >= VALUES_MIN && sorted.length - at >= VALUES_MIN);
  const [first] = inner;
  if (first === undefined) return null;
  const widest = inner.reduce((a, b) => (b.width > a.width ? b : a), first);
  const [low, high] = [sorted.slice(0, widest.at), sorted.slice(widest.at)];
  const range = (group: readonly number[]) => (group.at(-1) ?? 0) - (group[0] ?? 0);
  const needed = Math.max(GAP_WIDTHS * Math.max(range(low), range(high)), GAP_MIN * mean(sorted));
  if (widest.width < needed) return null;
  return { low: mean(low), high: mean(high), highShare: high.length / sorted.length };
}
