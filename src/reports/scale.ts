import { notesPart, tablePart } from '../document/document.ts';
import type { Chart, Document, Part } from '../document/document-schema.ts';
import type { RunResult } from '../results/schema.ts';
import { type ScaleSummary, type ScaleSweep, summarizeScale } from '../summary/scale-summary.ts';
import { scaleLegend, scaleTable } from '../tables/scale-table.ts';
import { footerLines, runHeader } from './run.ts';

/** A sweep: where it ran, a table and a chart per count of active connections, and how to read them. */
export function scaleReport(result: RunResult, summary: ScaleSummary = summarizeScale(result)): Document {
  return {
    ...runHeader(result),
    parts: [
      ...summary.sweeps.flatMap((sweep): Part[] => [
        tablePart(scaleTable(sweep)),
        { kind: 'chart', chart: scaleChart(sweep) },
      ]),
      notesPart(scaleLegend(summary)),
      notesPart(footerLines(result.record, summary)),
    ],
  };
}

/**
 * CPU per request over idle connections, both axes logarithmic: a cost that does not grow is level, one in
 * proportion to N rises a decade per decade.
 */
export function scaleChart({ active, lines }: ScaleSweep): Chart {
  return {
    title: `CPU per request over idle connections, ${active} active (log-log)`,
    x: { label: 'idle connections', scale: 'log', unit: 'count' },
    y: { label: 'CPU per request', scale: 'log', unit: 'ns' },
    series: lines.map(({ label, cells }) => ({
      label,
      points: cells.flatMap(({ idle, cpuNsPerRequest }) =>
        cpuNsPerRequest === null ? [] : [{ x: idle, y: cpuNsPerRequest }],
      ),
    })),
  };
}
