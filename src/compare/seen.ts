import type { Metric } from '../metrics/metric.ts';
import type { CellRun, ComparedRun } from './compared-run.ts';
import { cleanValues, isSeen, kindOf, levelOf, logOf } from './levels.ts';
import { perObject } from './per-object.ts';

/** A run's level, with what tells its kind apart. */
export interface RunLevel {
  readonly run: ComparedRun;
  readonly kind: string;
  readonly level: number;
}

/** What a metric says of a cell in a run: asked for in every comparison that the run is in, and found out once. */
interface Seen {
  /** Of all trials. */
  readonly logs: readonly number[];
  readonly values: readonly number[] | null;
  /** By the number of trials that it is the best of; null: there are fewer. */
  readonly levels: Map<number, RunLevel | null>;
}

const seenByMetric = perObject((_cell: CellRun) => new Map<Metric, Seen>());

function seenOf(metric: Metric, cell: CellRun): Seen {
  const byMetric = seenByMetric(cell);
  const known = byMetric.get(metric);
  if (known !== undefined) return known;
  const { trials, clean, agrees } = cell;
  const logOfTrial = logOf(metric);
  const values = cleanValues(trials, new Set(metric.movedBy === 'chance' ? trials : clean), logOfTrial);
  const seen = {
    logs: trials.flatMap((trial) => logOfTrial(trial) ?? []),
    values: (metric.comparedBy !== 'best' || agrees) && isSeen(metric, values) ? values : null,
    levels: new Map<number, RunLevel | null>(),
  };
  byMetric.set(metric, seen);
  return seen;
}

/** The values of all trials, as logarithms. */
export function logsOf(metric: Metric, cell: CellRun): readonly number[] {
  return seenOf(metric, cell).logs;
}

/** The values that stand for a cell in a run, as logarithms; null: too little of it was seen. */
export function seenValues(metric: Metric, cell: CellRun): readonly number[] | null {
  return seenOf(metric, cell).values;
}

/** What stands for the run, as the best of `draw` trials; null: fewer were seen. */
export function runLevel(metric: Metric, cell: CellRun, draw: number): RunLevel | null {
  const { values, levels } = seenOf(metric, cell);
  const known = levels.get(draw);
  if (known !== undefined) return known;
  const { run } = cell;
  const level =
    values === null || values.length < draw
      ? null
      : { run, kind: kindOf(run), level: levelOf(metric, values, draw) };
  levels.set(draw, level);
  return level;
}
