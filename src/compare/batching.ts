import { mean } from 'simple-statistics';
import { groupBy } from '../stats/group-by.ts';
import { type Estimate, pairedEstimate } from '../stats/paired.ts';
import type { CellRun, UsedTrial } from './compared-run.ts';
import { changeOfLevels, kindOf, pooledSpread } from './levels.ts';
import type { Pairs } from './pairs.ts';
import { perObject } from './per-object.ts';
import type { Batching } from './result.ts';
import { type CellRuns, hardlyVaries } from './side.ts';

/** Differences of system calls per request below this are none. */
const RESOLUTION = 0.02;

/**
 * How many requests a system call serves, in a cell where that varies with how requests meet. Where it moved between
 * the sides, CPU alone does not decide: more load makes a server batch more and its requests cheaper, and a slower
 * server does the same and hides the work it was given. Null where it hardly varies: then it is a count.
 * @param pairs of one run; null: runs.
 */
export function batchingOf(runs: CellRuns, pairs: Pairs | null): Omit<Batching, 'says'> | null {
  const sides = [...runs.base, ...runs.current];
  if (sides.every(isSteady)) return null;
  const used = (run: CellRun) => (run.clean.length > 0 ? run.clean : run.trials);
  const [base, current] = [runs.base, runs.current].map((all) => all.flatMap(used));
  if (base === undefined || current === undefined) return null;
  const change =
    pairs === null ? betweenRuns(runs) : pairedEstimate(pairs.used.map(([a, b]) => callsOf(b) - callsOf(a)));
  return {
    base: meanOf(base, callsOf) ?? 0,
    current: meanOf(current, callsOf) ?? 0,
    eventsPerWakeup: eventsOf(base, current),
    moved: Math.abs(change.difference) > Math.max(RESOLUTION, change.reach ?? 0),
  };
}

const isSteady = perObject(({ trials }: CellRun) =>
  hardlyVaries(trials.map((trial) => Math.log(callsOf(trial) + RESOLUTION))),
);

function callsOf({ observation }: UsedTrial): number {
  return observation.server.syscallsPerRequest ?? 0;
}

/** Beyond what equal runs differ by. */
function betweenRuns({ base, current, history }: CellRuns): Estimate {
  const levels = (all: readonly CellRun[]) =>
    all.flatMap((cell) => {
      const [run, level] = [cell.run, meanCalls(cell)];
      return level === null ? [] : [{ kind: kindOf(run), level }];
    });
  const [before, after] = [levels(base), levels(current)].map((side) => side.map(({ level }) => level));
  if (before === undefined || after === undefined || before.length === 0 || after.length === 0)
    return { difference: 0, reach: null, pValue: null };
  const others = [...groupBy(levels(history), ({ kind }) => kind).values()];
  const spread = pooledSpread([before, after, ...others.map((group) => group.map(({ level }) => level))]);
  return changeOfLevels(before, after, spread.degrees === 0 ? null : spread);
}

/** A run of the history is looked at once for every comparison beside it. */
const meanCalls = perObject(({ clean }: CellRun) => meanOf(clean, callsOf));

function meanOf(trials: readonly UsedTrial[], read: (trial: UsedTrial) => number): number | null {
  return trials.length === 0 ? null : mean(trials.map(read));
}

function eventsOf(base: readonly UsedTrial[], current: readonly UsedTrial[]): Batching['eventsPerWakeup'] {
  const [before, after] = [base, current].map((trials) => {
    const sum = (name: string) =>
      trials.reduce((total, { observation }) => total + (observation.server.counters[name] ?? 0), 0);
    const wakeups = sum('wakeups');
    return wakeups === 0 ? null : sum('events') / wakeups;
  });
  return before == null || after == null ? null : { base: before, current: after };
}

/** What a change of a cost means beside a change of batching. */
export interface Explanation {
  /** Whether batching alone may have made the change, or hidden one. */
  readonly explained: boolean;
  readonly says: string;
}

/**
 * Dearer although it batches more, or cheaper although it batches less: batching does not explain it. Otherwise it may.
 * @param worse whether the cost went the bad way; null: it is about the same.
 */
export function explain(
  { base, current, moved }: Pick<Batching, 'base' | 'current' | 'moved'>,
  worse: boolean | null,
): Explanation {
  if (!moved) return { explained: false, says: 'as many requests per call on both sides' };
  const more = current < base;
  const how = `${base.toFixed(2)} to ${current.toFixed(2)} system calls per request: it batches ${more ? 'more' : 'less'}`;
  if (worse === null)
    return {
      explained: true,
      says: more ? `${how}, which may hide work` : `${how}, which may hide that the work became less`,
    };
  if (worse === more)
    return { explained: false, says: `${how}, and is ${worse ? 'dearer' : 'cheaper'} all the same` };
  return {
    explained: true,
    says: `${how}, which by itself makes it ${worse ? 'dearer' : 'cheaper'}: neighbours do that as well`,
  };
}
