import type { Estimate } from '../stats/paired.ts';
import type { DecidedBy, Verdict } from './result.ts';

/**
 * p-values above this, after Holm, show nothing. Of runs it is stricter: their levels have tails (a run in a bad
 * minute) that Student's distribution does not, and seven pairs could not show less than 0.016.
 */
export const SIGNIFICANT = { pairs: 0.05, counts: 0.05, best: 0.01, middle: 0.01, exact: 0.01 } as const;

/** One run a side, and nothing else: what is missing. */
export const NO_SPREAD =
  'nothing says how far runs lie apart here: compare three runs a side, or keep runs of this host under --results';

export interface Evidence {
  readonly estimate: Estimate;
  readonly decidedBy: DecidedBy;
  /** After Holm. */
  readonly adjustedP: number | null;
  /** Whether more is worse. */
  readonly moreIsWorse: boolean;
  /** The change that is to be found, as a share. */
  readonly detect: number;
}

/**
 * The rule, of a cell and of all together:
 * - `same`: the 95 % interval lies inside +-detect.
 * - `regressed`: it lies wholly on the worse side of no change, not inside +-detect, and the change is significant among
 *   those that are judged with it.
 * - `improved`: mirrored.
 * - `inconclusive`: anything else.
 */
export function verdictOf({ estimate, decidedBy, adjustedP, moreIsWorse, detect }: Evidence): Verdict {
  const { difference, reach } = estimate;
  if (reach === null) return 'inconclusive';
  const limit = Math.log1p(detect);
  if (Math.abs(difference) + reach < limit) return 'same';
  if (Math.abs(difference) <= reach || adjustedP === null || adjustedP >= SIGNIFICANT[decidedBy])
    return 'inconclusive';
  return difference > 0 === moreIsWorse ? 'regressed' : 'improved';
}

/** The reach that would decide: that brings the interval inside +-detect or, of a change beyond half of it, off none. */
export function decidingReach({ difference }: Pick<Estimate, 'difference'>, detect: number): number {
  const [size, limit] = [Math.abs(difference), Math.log1p(detect)];
  return size > limit / 2 ? size : limit - size;
}
