import type { MeasuredTrial, RunResult } from '../results/schema.ts';
import { groupBy } from '../stats/group-by.ts';
import { cleanTrials } from '../summary/clean-trials.ts';
import type { MeasuredRow, RowSummary, RunSummary, WorkloadSummary } from '../summary/run-summary.ts';

/** A run with what is said of it, and its trials by cell: what the charts of a run are of. */
export interface ChartedRun {
  readonly result: RunResult;
  readonly summary: RunSummary;
  readonly clean: ReadonlySet<MeasuredTrial>;
  /** Measured trials of a cell. */
  trialsOf(workload: string, label: string): readonly MeasuredTrial[];
}

export function chartedRun(result: RunResult, summary: RunSummary): ChartedRun {
  const measured = result.trials.filter((trial) => trial.status === 'measured');
  const byCell = groupBy(measured, ({ workload, label }) => JSON.stringify([workload, label]));
  return {
    result,
    summary,
    clean: new Set(cleanTrials(result)),
    trialsOf: (workload, label) => byCell.get(JSON.stringify([workload, label])) ?? [],
  };
}

/** Those that the numbers of a row are of. */
export function usedTrials(
  run: ChartedRun,
  { workload }: WorkloadSummary,
  row: MeasuredRow,
): readonly MeasuredTrial[] {
  const own = run.trialsOf(workload.id, row.label);
  return row.trials.used === 'clean' ? own.filter((trial) => run.clean.has(trial)) : own;
}

export function measuredRows({ rows }: WorkloadSummary): readonly MeasuredRow[] {
  return rows.filter((row: RowSummary) => row.status === 'measured');
}

/** In the order in which the run has them: a row looks the same in every chart of lines. */
export function inOrder(run: ChartedRun, rows: readonly MeasuredRow[]): readonly MeasuredRow[] {
  return run.result.record.settings.entries.flatMap(
    (entry) => rows.find(({ label }) => label === entry.label) ?? [],
  );
}
