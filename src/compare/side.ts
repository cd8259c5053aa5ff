import { quantile } from 'simple-statistics';
import type { Metric } from '../metrics/metric.ts';
import type { CellRun, ComparedRun, UsedTrial } from './compared-run.ts';
import type { Conditions } from './conditions.ts';
import type { CellPair } from './match-cells.ts';

/** A cell in all runs that are known: those of the sides, and others of the same host. */
export interface CellRuns<Trial extends UsedTrial = UsedTrial> {
  readonly base: readonly CellRun<Trial>[];
  readonly current: readonly CellRun<Trial>[];
  readonly history: readonly CellRun<Trial>[];
}

/** Both sides and what else is known of the host. */
export interface Runs {
  readonly base: readonly ComparedRun[];
  readonly current: readonly ComparedRun[];
  readonly history: readonly ComparedRun[];
}

/** The trials of a cell that metrics are taken from, by run; runs without any are left out. */
export function cellRuns(
  cell: CellPair,
  { runs, conditions }: { readonly runs: Runs; readonly conditions: Conditions },
  takenFrom: Metric['takenFrom'],
): CellRuns {
  const cells = conditions.cellsOf(cell, takenFrom);
  const of = (side: readonly ComparedRun[]): CellRun[] => {
    const own = new Set(side);
    return cells.filter(({ run }) => own.has(run));
  };
  return { base: of(runs.base), current: of(runs.current), history: of(runs.history) };
}

/** Below this spread over the blocks of a run, as a share, a count is judged as a count. */
const COUNTED_SPREAD = 0.01;

/** Whether the middle of these logarithms, a tenth left out at each end, lies within one per cent. */
export function hardlyVaries(logs: readonly number[]): boolean {
  return logs.length === 0 || quantile([...logs], 0.9) - quantile([...logs], 0.1) < COUNTED_SPREAD;
}
