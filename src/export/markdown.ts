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

/** What the terminal would print: the comparison where there is one. */
export function reportOf({ result, summary, comparison }: ExportInput): Document {
  if (comparison !== null) return compareReport(comparison);
  const report = runReport(result, { summary });
  return { ...report, facts: [...report.facts, originText(result.record)] };
}

/** What a reader elsewhere has no other way to know. */
function originText(record: RunRecord): string {
  const { host, arch, version } = originOf(record);
  return `host ${host ?? 'unknown'} · ${arch} · ${record.tool.name} ${version}`;
}
