import { groupBy } from '../stats/group-by.ts';
import type { UsedTrial } from './compared-run.ts';

import type { CellRuns } from './side.ts';

/** Base and current of one block. */
export type Pair<Trial extends UsedTrial = UsedTrial> = readonly [Trial, Trial];

/** The pairs of a cell. */
export interface Pairs<Trial extends UsedTrial = UsedTrial> {
  /** Clean ones where they are enough, else all: noise that hits both sides alike does no harm to a pair. */
  readonly used: readonly Pair<Trial>[];
  readonly all: number;
  readonly clean: number;
}

/** Fewer clean pairs are not enough to leave out the others. */
const CLEAN_PAIRS_MIN = 7;
/** Nor is a smaller share: what is won in noise is lost in numbers. */
const CLEAN_SHARE_MIN = 0.5;

/** Trials of the same block of the same run, in their order. */
export function pairsOf<Trial extends UsedTrial>({
  base,
  current,
}: Pick<CellRuns<Trial>, 'base' | 'current'>): Pairs<Trial> {
  const clean = new Set([...base, ...current].flatMap((side) => side.clean));
  const all: Pair<Trial>[] = current.flatMap(({ run, trials }) => {
    const before = base.find((side) => side.run.record.runId === run.record.runId);
    const byBlock = groupBy(before?.trials ?? [], ({ block }) => block);
    return trials.flatMap((trial): Pair<Trial>[] => {
      const [other] = byBlock.get(trial.block) ?? [];
      return other === undefined ? [] : [[other, trial]];
    });
  });
  const undisturbed = all.filter((pair) => pair.every((trial) => clean.has(trial)));
  const enough = undisturbed.length >= CLEAN_PAIRS_MIN && undisturbed.length >= CLEAN_SHARE_MIN * all.length;
  return { used: enough ? undisturbed : all, all: all.length, clean: undisturbed.length };
}
