import type { RunHistory } from '../compare/history-result.ts';
import { documentOf, notesPart, tablePart } from '../document/document.ts';
import type { Document } from '../document/document-schema.ts';
import { formatPercent } from '../document/format.ts';
import type { Metric } from '../metrics/metric.ts';
import type { RunRecord } from '../results/schema.ts';
import { historyTable, spreadTable } from '../tables/history-table.ts';
import { counted } from '../util/units.ts';

export interface HistoryView {
  readonly metric: Metric;
  /** The run whose host and settings the others have. */
  readonly like: RunRecord;
  readonly problems: readonly string[];
}

/** The stored runs of a host that `compare` learns from: a table per cell, and the spread of each. */
export function historyReport(history: RunHistory, { metric, like, problems }: HistoryView): Document {
  const { environment: env, settings } = like;
  const told = history.runs > 0;
  return documentOf({
    title: `History: ${metric.name} in ${counted(history.runs, 'stored run')}`,
    facts: [
      `${env.cpus} × ${env.cpuModel ?? env.arch}, as run ${like.runId}: ${settings.durationMs} ms trials after ${settings.warmupMs} ms warm-up`,
      `verdicts: each run beside the one before it, ${formatPercent(history.detect)} to be found, the others being the history`,
    ],
    parts: told
      ? [
          ...history.cells.map((cell) => tablePart(historyTable(metric, cell))),
          tablePart(spreadTable(history)),
        ]
      : [notesPart(['No stored run is meant: see --kernel, --since and --results.'])],
    warnings: [...problems],
  });
}
