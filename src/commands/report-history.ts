import { COMPARE_DEFAULTS } from '../compare/compare-runs.ts';
import { keptFor } from '../compare/compared-run.ts';
import { historyOf } from '../compare/history.ts';
import { COMPARED_METRICS } from '../compare/judged-metrics.ts';
import type { Part } from '../document/document-schema.ts';
import type { Metric } from '../metrics/metric.ts';
import { historyParts } from '../reports/page.ts';
import { readHistory } from '../results/history.ts';
import type { RunRecord } from '../results/schema.ts';

/** What is told where no metric is named: the first one of the gate, CPU per request. */
export const HISTORY_METRIC = COMPARED_METRICS.find(({ gate, optional }) => gate && !optional);

/**
 * Charts of the stored runs that have the host and the settings of one; none where there are fewer than two, or where it is no run
 * of which a history is kept.
 * @param options.max the newest so many.
 */
export async function readHistoryParts(
  like: RunRecord,
  results: string,
  { max, metric = HISTORY_METRIC }: { readonly max?: number; readonly metric?: Metric | undefined } = {},
): Promise<readonly Part[]> {
  const told = like.kind === null || like.kind === 'run';
  if (max === 0 || metric === undefined || !told || like.environment.guest !== null) return [];
  const { runs, problems } = await readHistory(results, like, {
    ...(max === undefined ? {} : { max }),
    ...keptFor([metric.id]),
  });
  for (const problem of problems) process.stderr.write(`warning: ${problem}\n`);
  if (runs.length < 2) return [];
  return historyParts(historyOf(runs, { metric, like, compare: COMPARE_DEFAULTS }), metric);
}
