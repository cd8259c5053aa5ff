import type { RunResult } from '../results/schema.ts';
import { summarizeScale } from '../summary/scale-summary.ts';
import { scaleLegend, scaleTable } from '../tables/scale-table.ts';
import { renderFooter, renderHeader } from './run.ts';
import { renderScaleChart } from './scale-chart.ts';
import { type RenderOptions, renderTable } from './table.ts';
import { renderWarnings } from './warnings.ts';
import { wrap } from './wrap.ts';

/**
 * A sweep as text: where it ran, a table and a chart per count of active connections, and how to read
 * them. Ends without a line break.
 */
export function renderScale(result: RunResult, options: RenderOptions): string {
  const summary = summarizeScale(result);
  const parts = [
    renderHeader(result.record, options),
    ...summary.sweeps.flatMap((sweep) => [
      renderTable(scaleTable(sweep), options),
      renderScaleChart(sweep, options),
    ]),
    scaleLegend(summary)
      .flatMap((line) => wrap(line, options.width))
      .join('\n'),
    renderFooter(result.record, summary, options),
    renderWarnings([...result.record.warnings, ...result.problems], options),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}
