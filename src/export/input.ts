import type { Comparison } from '../compare/result.ts';
import type { Metric } from '../metrics/metric.ts';
import { METRICS } from '../metrics/registry.ts';
import type { RunResult } from '../results/schema.ts';
import type { RunSummary } from '../summary/run-summary.ts';
import { summarize } from '../summary/summarize.ts';
import type { ExportInput } from './exporter.ts';

/** A part of a run that is to be exported; absent: all of it. */
export interface Part {
  /** Labels of rows. */
  readonly models?: readonly string[];
  /** Ids. */
  readonly workloads?: readonly string[];
  readonly metrics?: readonly Metric[];
}

export interface ExportOptions {
  readonly comparison?: Comparison | null;
  readonly part?: Part;
  /** Of the result, where it was made already: that takes a while. */
  readonly summary?: RunSummary;
}

/**
 * A run, ready to be exported. What is compared within it (ratios, ranks) is of the whole run, whatever
 * part of it was asked for.
 */
export function exportInputOf(
  result: RunResult,
  { comparison = null, part = {}, summary = summarize(result) }: ExportOptions = {},
): ExportInput {
  const { metrics = METRICS } = part;
  return { ...partOf({ result, summary }, part), comparison, metrics };
}

function partOf(
  { result, summary }: Pick<ExportInput, 'result' | 'summary'>,
  { models, workloads }: Part,
): Pick<ExportInput, 'result' | 'summary'> {
  const hasModel = ({ label }: { readonly label: string }) => models?.includes(label) ?? true;
  const hasWorkload = (id: string) => workloads?.includes(id) ?? true;
  const has = (cell: { readonly label: string; readonly workload: string }) =>
    hasModel(cell) && hasWorkload(cell.workload);
  const { record } = result;
  const { settings } = record;
  return {
    result: {
      ...result,
      record: {
        ...record,
        cells: record.cells.filter(has),
        settings: {
          ...settings,
          entries: settings.entries.filter(hasModel),
          workloads: settings.workloads.filter(({ id }) => hasWorkload(id)),
        },
      },
      trials: result.trials.filter(has),
    },
    summary: {
      ...summary,
      workloads: summary.workloads
        .filter(({ workload }) => hasWorkload(workload.id))
        .map((group) => ({ ...group, rows: group.rows.filter(hasModel) })),
    },
  };
}
