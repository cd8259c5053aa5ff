import { median } from 'simple-statistics';
import type { Metric } from '../metrics/metric.ts';
import { groupBy } from '../stats/group-by.ts';
import { logChange } from '../stats/log-change.ts';
import { type Estimate, pairedEstimate } from '../stats/paired.ts';
import { rankTest } from '../stats/rank-test.ts';
import { CLEAN_MIN } from '../summary/clean-trials.ts';
import { counted } from '../util/units.ts';
import type { CellRun, ComparedRun } from './compared-run.ts';
import { mayBeCount } from './judged-metrics.ts';
import {
  changeOfLevels,
  drawOf,
  isSeen,
  kindOf,
  logOf,
  pooledSpread,
  type Spread,
  spreadWith,
  type TrialValue,
} from './levels.ts';
import type { CellPair } from './match-cells.ts';
import type { Pairs } from './pairs.ts';
import type { Batching, DecidedBy, SideValues } from './result.ts';
import { logsOf, type RunLevel, runLevel, seenValues } from './seen.ts';
import { type CellRuns, hardlyVaries } from './side.ts';

/** The levels of all runs that saw enough of a cell, as logarithms. */
export interface Levels {
  readonly base: readonly RunLevel[];
  readonly current: readonly RunLevel[];
  readonly history: readonly RunLevel[];
  readonly own: Spread;
}

/** One metric of one cell before it is judged: everything but what the other cells say. */
export interface Draft {
  readonly metric: Metric;
  readonly cell: CellPair;
  readonly kind: 'counted' | 'timed';
  readonly decidedBy: DecidedBy;
  readonly base: SideValues;
  readonly current: SideValues;
  readonly estimate: Estimate;
  /** Median of all trials, current over base, as a logarithm. */
  readonly medians: number;
  /** Why it cannot be decided whatever the numbers are; null: it can. */
  readonly barred: string | null;
  /** The difference is below the resolution of the metric. */
  readonly tiny: boolean;
  /** Of pairs: their differences, in their order. */
  readonly differences: readonly number[] | null;
  /** Of runs, and of the trials in which the CPU counts. */
  readonly levels: Levels | null;
  readonly batching: Omit<Batching, 'says'> | null;
}

/** What a draft is made from. */
export interface Material {
  readonly metric: Metric;
  readonly cell: CellPair;
  readonly runs: CellRuns;
  /** Null where the sides are runs of their own. */
  readonly pairs: Pairs | null;
  readonly batching: Omit<Batching, 'says'> | null;
  /** Why no time can be compared; null: it can. */
  readonly unlike: string | null;
  /** What disturbed the trials of a run, the most frequent first. */
  readonly disturbances: (run: ComparedRun) => readonly string[];
}

/** Null where a side has no value. */
export function draftOf(material: Material): Draft | null {
  const { metric, runs, pairs } = material;
  const logOfTrial = logOf(metric);
  const [base, current] = [runs.base, runs.current].map((side) => allValues(metric, side));
  if (base === undefined || current === undefined || base.length === 0 || current.length === 0) return null;
  if (mayBeCount(metric) && [...runs.base, ...runs.current].every((cell) => isCount(metric, cell)))
    return countDraft(material, logOfTrial, { base, current });
  return pairs === null ? runsDraft(material) : pairsDraft(material, logOfTrial, pairs);
}

function isCount(metric: Metric, cell: CellRun): boolean {
  return hardlyVaries(logsOf(metric, cell));
}

function allValues(metric: Metric, side: readonly CellRun[]): number[] {
  return side.flatMap((cell) => logsOf(metric, cell));
}

/** What all drafts have in common. */
function commonOf({ metric, cell, runs, batching }: Material) {
  const [base, current] = [runs.base, runs.current].map((side) => allValues(metric, side));
  const middle = (values: readonly number[] | undefined) => median([...(values ?? [])]);
  const shown = (side: readonly CellRun[], log: number): SideValues => ({
    value: Math.exp(log) - metric.resolution,
    runs: side.length,
    trials: side.reduce((sum, { trials }) => sum + trials.length, 0),
    clean: side.reduce((sum, { clean }) => sum + clean.length, 0),
  });
  const medians = { base: middle(base), current: middle(current) };
  const sides = (levels: { readonly base: number; readonly current: number } = medians) => ({
    base: shown(runs.base, levels.base),
    current: shown(runs.current, levels.current),
    tiny: Math.abs(Math.exp(levels.current) - Math.exp(levels.base)) < metric.resolution,
  });
  return {
    sides,
    common: {
      metric,
      cell,
      // What does not vary with time needs no such care.
      batching: metric.movedBy === 'cpu' || metric.movedBy === 'wall' ? batching : null,
      medians: medians.current - medians.base,
      differences: null,
      levels: null,
    },
  };
}

/**
 * Counts are judged over blocks: no weather moves them. Where the CPU counts, in few trials, no rank test can say
 * anything: how far they lie apart, over all cells and the history as well, is what a change is judged by.
 */
function countDraft(
  material: Material,
  logOfTrial: TrialValue,
  { base, current }: { readonly base: readonly number[]; readonly current: readonly number[] },
): Draft {
  const { common, sides } = commonOf(material);
  const change = logChange(base, current);
  const counts = { ...common, ...sides(), kind: 'counted', decidedBy: 'counts' } as const;
  if (material.metric.takenFrom === 'cpu') {
    const estimate = { difference: change?.difference ?? 0, reach: null, pValue: null };
    return { ...counts, estimate, levels: trialLevels(material.runs, logOfTrial), barred: null };
  }
  return {
    ...counts,
    estimate: {
      difference: change?.difference ?? 0,
      reach: change?.reach ?? null,
      pValue: rankTest(base, current),
    },
    barred: change?.reach == null ? 'too few blocks for an interval' : null,
  };
}

/** Every trial by itself. */
function trialLevels({ base, current, history }: CellRuns, logOfTrial: TrialValue): Levels {
  const levels = (side: readonly CellRun[]): RunLevel[] =>
    side.flatMap(({ run, trials }) =>
      trials.flatMap((trial) => {
        const level = logOfTrial(trial);
        return level === null ? [] : [{ run, kind: kindOf(run), level }];
      }),
    );
  const sides = { base: levels(base), current: levels(current), history: levels(history) };
  return { ...sides, own: spreadOf(sides) };
}

function pairsDraft(material: Material, logOfTrial: TrialValue, pairs: Pairs): Draft {
  const { common, sides } = commonOf(material);
  const differences = pairs.used.flatMap(([before, after]) => {
    const [a, b] = [logOfTrial(before), logOfTrial(after)];
    return a === null || b === null ? [] : [b - a];
  });
  const estimate = pairedEstimate(differences);
  const barred = estimate.reach === null ? `too few pairs for an interval: ${differences.length}` : null;
  return { ...common, ...sides(), kind: 'timed', decidedBy: 'pairs', estimate, differences, barred };
}

function runsDraft(material: Material): Draft {
  const { metric, runs } = material;
  const { common, sides } = commonOf(material);
  const levels = levelsOf(metric, runs);
  const timed = { ...common, kind: 'timed', decidedBy: metric.comparedBy } as const;
  if (levels === null) {
    const estimate = { difference: common.medians, reach: null, pValue: null };
    return { ...timed, ...sides(), estimate, barred: whyNotSeen(material) };
  }
  const mean = (side: readonly RunLevel[]) => side.reduce((sum, { level }) => sum + level, 0) / side.length;
  const shown = { base: mean(levels.base), current: mean(levels.current) };
  const estimate: Estimate = { difference: shown.current - shown.base, reach: null, pValue: null };
  return { ...timed, ...sides(shown), estimate, levels, barred: barredBy(material, levels) };
}

/** Fewer runs a side say little of a tail: one run in ten has a long one. */
const RUNS_FOR_TAILS = 3;

/** Memory is what it is in any weather. */
function barredBy({ metric, unlike }: Material, { base, current }: Levels): string | null {
  if (metric.movedBy === 'chance') return null;
  const runs = Math.min(base.length, current.length);
  if (unlike === null && metric.comparedBy === 'middle' && runs < RUNS_FOR_TAILS)
    return `tails need ${RUNS_FOR_TAILS} runs a side`;
  return unlike;
}

/** Null where no run of a side saw enough of it. */
function levelsOf(metric: Metric, runs: CellRuns): Levels | null {
  const seen = (side: readonly CellRun[]) =>
    side.map((cell) => seenValues(metric, cell)).filter((values) => values !== null);
  const [base, current] = [seen(runs.base), seen(runs.current)];
  if (base.length === 0 || current.length === 0) return null;
  const draw =
    drawOf(
      metric,
      [...base, ...current].map(({ length }) => length),
    ) ?? 1;
  const level = (side: readonly CellRun[]): RunLevel[] =>
    side.map((cell) => runLevel(metric, cell, draw)).filter((one) => one !== null);
  const sides = { base: level(runs.base), current: level(runs.current), history: level(runs.history) };
  return { ...sides, own: spreadOf(sides) };
}

/** A run of the history that lies so far from the middle of its kind differed in more than chance. */
const FAR = 0.1;

/** Runs of a kind, without those that are none: something else was another then that nobody stored. */
function alike(levels: readonly number[]): readonly number[] {
  if (levels.length < 3) return levels;
  const middle = median([...levels]);
  return levels.filter((level) => Math.abs(level - middle) <= FAR);
}

/** Each side is a group, and each kind of other runs. */
export function spreadOf({ base, current, history }: Pick<Levels, 'base' | 'current' | 'history'>): Spread {
  const levelsOfAll = (runs: readonly RunLevel[]) => runs.map(({ level }) => level);
  const others = [...groupBy(history, ({ kind }) => kind).values()].map((runs) => alike(levelsOfAll(runs)));
  return pooledSpread([levelsOfAll(base), levelsOfAll(current), ...others]);
}

function whyNotSeen({ metric, runs, disturbances }: Material): string {
  const logOfTrial = logOf(metric);
  const sides = (['base', 'current'] as const).flatMap((name) => {
    const side = runs[name];
    const values = side.map(({ clean }) => clean.flatMap((trial) => logOfTrial(trial) ?? []));
    if (side.some(({ agrees }, i) => agrees && isSeen(metric, values[i] ?? []))) return [];
    const clean = values.flat().length;
    if (values.some((own) => own.length >= CLEAN_MIN))
      return [`of ${counted(clean, 'clean trial')} of ${name} no three agree`];
    const all = side.reduce((sum, { trials }) => sum + trials.length, 0);
    const [worst] = side.flatMap(({ run }) => disturbances(run));
    return [
      `${clean} of ${counted(all, 'trial')} of ${name} were clean${worst === undefined ? '' : ` (${worst})`}`,
    ];
  });
  return `the host, not the blocks: ${sides.join('; ')}`;
}

/** The estimate of runs, once the spread is known. */
export function withSpread(draft: Draft, spread: Spread | null): Estimate {
  const { levels } = draft;
  if (levels === null) return draft.estimate;
  return changeOfLevels(
    levels.base.map(({ level }) => level),
    levels.current.map(({ level }) => level),
    spread,
  );
}

/** How far runs lie apart in a cell, beside the other cells of its metric. */
export function spreadOfDraft({ levels, metric }: Draft, drafts: readonly Draft[]): Spread | null {
  if (levels === null) return null;
  const others = drafts.flatMap((draft) => (draft.metric === metric ? (draft.levels?.own ?? []) : []));
  return spreadWith(levels.own, others, metric);
}
