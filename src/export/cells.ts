import type { Metric } from '../metrics/metric.ts';
import type { CountedTrial, MeasuredTrial } from '../results/schema.ts';
import { cleanTrials } from '../summary/clean-trials.ts';
import type { MeasuredRow, RowSummary } from '../summary/run-summary.ts';
import type { Workload } from '../workloads/schema.ts';
import type { ExportInput } from './exporter.ts';

/** A row under a workload, whatever came of it. */
export interface ExportCell<R extends RowSummary = RowSummary> {
  readonly label: string;
  readonly workload: string;
  /** What the workload asks for. */
  readonly load: Workload;
  readonly row: R;
  /** Those that its numbers are of, in the order of their blocks: the clean ones where they are enough. */
  readonly trials: readonly MeasuredTrial[];
  /** Those in which the CPU counts, likewise. */
  readonly counted: readonly CountedTrial[];
}

/** Every cell of the plan in its order, which is the same for every run of the same plan. */
export function exportCells({ result, summary }: ExportInput): readonly ExportCell[] {
  const clean = new Set(cleanTrials(result));
  return result.record.cells.flatMap(({ label, workload }) => {
    const group = summary.workloads.find((candidate) => candidate.workload.id === workload);
    const row = group?.rows.find((candidate) => candidate.label === label);
    if (group === undefined || row === undefined) return [];
    const own = result.trials
      .filter((trial) => trial.label === label && trial.workload === workload)
      .toSorted((a, b) => a.block - b.block);
    const trials = own
      .filter((trial) => trial.status === 'measured')
      .filter((trial) => row.status !== 'measured' || row.trials.used === 'all' || clean.has(trial));
    const counted = own.filter((trial) => trial.status === 'counted');
    return [{ label, workload, load: group.workload, row, trials, counted }];
  });
}

/** Those that a metric is taken from. */
export function trialsOfMetric(
  { trials, counted }: ExportCell,
  { takenFrom }: Metric,
): readonly (MeasuredTrial | CountedTrial)[] {
  return { own: trials, cpu: counted }[takenFrom];
}

/** The cells that hold numbers. */
export function measuredCells(input: ExportInput): readonly ExportCell<MeasuredRow>[] {
  return exportCells(input).flatMap((cell) =>
    cell.row.status === 'measured' ? [{ ...cell, row: cell.row }] : [],
  );
}
