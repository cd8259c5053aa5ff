import type { RunResult } from '../results/schema.ts';
import { summarize } from '../summary/summarize.ts';
import { guideTables } from '../tables/guide-summary.ts';
import { renderFooter, renderHeader } from './run.ts';
import { type RenderOptions, renderTable } from './table.ts';
import { renderWarnings } from './warnings.ts';

/** The guide's tables with this host beside them, for a terminal. Ends without a line break. */
export function renderGuide(result: RunResult, options: RenderOptions): string {
  const parts = [
    renderHeader(result.record, options),
    ...guideTables(result).map((table) => renderTable(table, options)),
    renderFooter(result.record, summarize(result), options),
    renderWarnings([...result.record.warnings, ...result.problems], options),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}
