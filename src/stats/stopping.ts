import { trimmedBlocks } from './bootstrap.ts';

/** Numbers of blocks at which a run looks whether it knows enough grow by this factor. */
const LOOK_GROWTH = 1.25;
/** Of how many runs the spread that they saw is assumed not to be smaller by luck. */
const LUCKY_NORMAL_QUANTILE = -0.841621; // 20 %

/**
 * Whether to look after so many blocks: after the planned ones, then after a quarter more, and so on. Every look is a
 * chance to stop while the values happen to agree, so that there are few of them, at numbers that do not depend on what
 * was seen: group-sequential, as in Jennison and Turnbull (2000), "Group Sequential Methods with
 * Applications to Clinical Trials".
 */
export function isLook(blocks: number, planned: number): boolean {
  let look = Math.max(1, planned);
  while (look < blocks) look = Math.max(look + 1, Math.ceil(look * LOOK_GROWTH));
  return look === blocks;
}

/**
 * What half of an interval of the trimmed mean of so many blocks would be, had its spread not been small by luck: with
 * the upper 80 % bound of the spread (chi-squared, Wilson and Hilferty 1931) instead of the spread itself. A procedure
 * that ends as soon as its interval is narrow ends too often where the spread was underestimated: Chow and Robbins (1965),
 * "On the asymptotic theory of fixed-width sequential confidence intervals", Ann. Math. Stat. 36, hold their level only in
 * the limit of narrow intervals. That a width is reached with a tolerance probability: Kupper and Hafner (1989), "How
 * appropriate are popular sample size formulas?", The American Statistician 43. Chosen by simulation; docs/statistics.md
 * has its figures.
 * @param blocks at least two.
 */
export function cautiousHalfWidth(halfWidth: number, blocks: number): number {
  const degrees = Math.max(1, blocks - 1 - 2 * trimmedBlocks(blocks));
  const share = 2 / (9 * degrees);
  return halfWidth / Math.sqrt((1 - share + LUCKY_NORMAL_QUANTILE * Math.sqrt(share)) ** 3);
}
