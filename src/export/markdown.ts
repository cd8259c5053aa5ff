import { overallChart } from '../charts/compare-charts.ts';
import { ratioChart } from '../charts/ratio-chart.ts';
import type { Chart } from '../document/chart-schema.ts';
import { chartParts } from '../document/document.ts';
import type { Document } from '../document/document-schema.ts';
import { renderMarkdown } from '../render/markdown.ts';
import { compareReport } from '../reports/compare.ts';
import { runReport } from '../reports/run.ts';
import type { RunRecord } from '../results/schema.ts';
import type { Exporter, ExportInput } from './exporter.ts';
import { originOf } from './origin.ts';

/** The terminal's tables, all columns: those of the comparison where there is one. */
export const markdownExporter: Exporter = {
  id: 'markdown',
  title: 'the tables, for a job summary or a pull request',
  files: ['iomodels-bench.md'],
  verdicts: true,
  write: (input) => [`${renderMarkdown(reportOf(input))}\n`],
};

/** What the terminal would print, and before it the main chart: the comparison where there is one. */
export function reportOf({ result, summary, comparison }: ExportInput): Document {
  if (comparison !== null) return withChart(compareReport(comparison), overallChart(comparison));
  const report = runReport(result, { summary });
  const told = { ...report, facts: [...report.facts, originText(result.record)] };
  const { kind } = result.record;
  // Of a sweep or a ladder the rows beside the reference are not what it was measured for.
  return kind === 'scale' || kind === 'ladder' ? told : withChart(told, ratioChart(summary));
}

/** The main chart before the tables. */
function withChart(document: Document, chart: Chart | null): Document {
  return { ...document, parts: [...chartParts([chart]), ...document.parts] };
}

/** What a reader elsewhere has no other way to know. */
function originText(record: RunRecord): string {
  const { host, arch, version } = originOf(record);
  return `host ${host ?? 'unknown'} · ${arch} · ${record.tool.name} ${version}`;
}
