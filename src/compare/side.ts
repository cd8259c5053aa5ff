import { quantile } from 'simple-statistics';
import type { Metric } from '../metrics/metric.ts';
import { METRICS } from '../metrics/registry.ts';
import type { RunResult } from '../results/schema.ts';
import { isSeen, logOf } from './levels.ts';
import { type CellPair, trialsOfCell, type UsedTrial, workloadDifference } from './match-cells.ts';
import type { Weather } from './weather.ts';

/** A cell in one run. */
export interface CellRun {
  readonly run: RunResult;
  readonly trials: readonly UsedTrial[];
  readonly clean: readonly UsedTrial[];
  /** Whether the best of these agree in CPU: where they do not, nothing else of them was at its best either. */
  readonly agrees: boolean;
}

/** What a burst hits first. */
const CPU_METRICS: readonly Metric[] = METRICS.filter(({ gate, movedBy }) => gate && movedBy === 'cpu');

/** A cell in all runs that are known: those of the sides, and others of the same host. */
export interface CellRuns {
  readonly base: readonly CellRun[];
  readonly current: readonly CellRun[];
  readonly history: readonly CellRun[];
}

/** Both sides and what else is known of the host. */
export interface Runs {
  readonly base: readonly RunResult[];
  readonly current: readonly RunResult[];
  readonly history: readonly RunResult[];
}

/**
 * The trials of a cell that metrics are taken from, by run; runs without any are left out. Of those in which the CPU
 * counts all are clean: no weather moves what they are taken for.
 */
export function cellRuns(
  cell: CellPair,
  { runs, weather }: { readonly runs: Runs; readonly weather: Weather },
  takenFrom: Metric['takenFrom'],
): CellRuns {
  const name = { label: cell.label, workload: cell.workload.id };
  const of = (side: readonly RunResult[]): CellRun[] =>
    side.flatMap((run) => {
      const trials = trialsOfCell(run, name, takenFrom);
      if (trials.length === 0) return [];
      if (takenFrom === 'cpu') return [{ run, trials, clean: trials, agrees: true }];
      const undisturbed = weather.clean(run);
      const clean = trials.filter((trial) => undisturbed.has(trial));
      const agrees = CPU_METRICS.every((metric) =>
        isSeen(
          metric,
          clean.flatMap((trial) => logOf(metric)(trial) ?? []),
        ),
      );
      return [{ run, trials, clean, agrees }];
    });
  // A load of the same name may have been another one when it was measured.
  const alike = runs.history.filter(({ record }) =>
    record.settings.workloads.some(
      (workload) =>
        workload.id === cell.workload.id && workloadDifference([workload, cell.workload]) === null,
    ),
  );
  return { base: of(runs.base), current: of(runs.current), history: of(alike) };
}

/** Below this spread over the blocks of a run, as a share, a count is judged as a count. */
const COUNTED_SPREAD = 0.01;

/** Whether the middle of these logarithms, a tenth left out at each end, lies within one per cent. */
export function hardlyVaries(logs: readonly number[]): boolean {
  return logs.length === 0 || quantile([...logs], 0.9) - quantile([...logs], 0.1) < COUNTED_SPREAD;
}
