import type { LogChange } from '../stats/log-change.ts';
import { smallestP } from '../stats/rank-test.ts';
import type { Verdict } from './result.ts';

/** p-values above this, after Holm, show nothing. */
export const SIGNIFICANT = 0.05;
/** Blocks beyond which more of them are no advice. */
const FURTHER_MAX = 1000;

export interface Evidence {
  /** What decides, of logarithms; positive is more. */
  readonly change: LogChange;
  /** Added to the reach: what the host may have drifted. No number of blocks makes it smaller. */
  readonly allowance: number;
  /** The same for the change as it was measured, where another one decides: it must not contradict. */
  readonly guard: { readonly change: LogChange; readonly allowance: number } | null;
  /** Whether more is worse. */
  readonly moreIsWorse: boolean;
  /** As a logarithm: log(1 + share). */
  readonly threshold: number;
  readonly adjustedP: number | null;
  /** Blocks of the smaller side. */
  readonly blocks: number;
  /** Cells judged together. */
  readonly cells: number;
}

export interface Decision {
  readonly verdict: Verdict;
  readonly reason: string | null;
  readonly furtherBlocks: number | null;
}

/**
 * The verdict on one metric of one cell.
 *
 * `regressed` and `improved` need all of: an estimate beyond the threshold, an interval (widened by the
 * allowance) that leaves out no change, an adjusted p-value below 0.05, and a guard that does not
 * contradict. `same` needs an interval inside the threshold, the guard's as well. The rest is
 * `inconclusive`, with the number of further blocks that would about decide it: the interval shrinks
 * with the square root of the blocks, its allowance does not.
 */
export function decide(evidence: Evidence): Decision {
  const { change, allowance, threshold, adjustedP } = evidence;
  if (change.reach === null || adjustedP === null)
    return inconclusive('too few blocks for an interval', Math.max(1, 4 - evidence.blocks));
  const reach = change.reach + allowance;
  const size = Math.abs(change.difference);
  const large = size > threshold;
  if (large && size > reach && adjustedP < SIGNIFICANT) {
    if (contradicted(evidence))
      return inconclusive(
        'the change as measured and the change beside the load generator contradict each other',
        null,
      );
    return {
      verdict: change.difference > 0 === evidence.moreIsWorse ? 'regressed' : 'improved',
      reason: null,
      furtherBlocks: null,
    };
  }
  if (size + reach < threshold) {
    const { guard } = evidence;
    if (guard === null || inside(guard, threshold))
      return { verdict: 'same', reason: null, furtherBlocks: null };
    return inconclusive(
      'no change beside the load generator, but both may have changed together, or the host did: it was not steady',
      null,
    );
  }
  return undecided(evidence, reach);
}

function inside({ change, allowance }: { change: LogChange; allowance: number }, threshold: number): boolean {
  return change.reach !== null && Math.abs(change.difference) + change.reach + allowance < threshold;
}

/** The measured change lies so far from the deciding one that drift does not explain it. */
function contradicted({ guard, change }: Evidence): boolean {
  if (guard === null || guard.change.reach === null) return false;
  return (
    Math.abs(guard.change.difference - change.difference) >
    guard.change.reach + guard.allowance + (change.reach ?? 0)
  );
}

function undecided(evidence: Evidence, reach: number): Decision {
  const { change, allowance, threshold, blocks, cells } = evidence;
  const size = Math.abs(change.difference);
  // What the interval has to shrink to: to leave out no change, or to fit into the threshold.
  const wanted = size > threshold ? size : threshold - size;
  if (allowance >= wanted)
    return inconclusive('the host may have drifted by more than this between the runs', null);
  const byWidth = Math.ceil(blocks * ((change.reach ?? 0) / (wanted - allowance)) ** 2);
  const byRank = size > threshold ? blocksForRank(cells) : 0;
  const further = Math.max(1, byWidth - blocks, byRank - blocks);
  const reason =
    size > threshold && size > reach
      ? 'large, but not significant among so many cells'
      : 'the noise is too large to say';
  return inconclusive(reason, further > FURTHER_MAX ? null : further);
}

/** Blocks a side with which a clean separation is significant among so many cells. */
function blocksForRank(cells: number): number {
  let blocks = 4;
  while (smallestP(blocks, blocks) * cells >= SIGNIFICANT) blocks++;
  return blocks;
}

function inconclusive(reason: string, furtherBlocks: number | null): Decision {
  return { verdict: 'inconclusive', reason, furtherBlocks };
}
