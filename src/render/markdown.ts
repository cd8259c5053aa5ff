import type { Table } from '../document/table.ts';
import type { RunResult } from '../results/schema.ts';
import type { RunSummary } from '../summary/run-summary.ts';
import { guideTables } from '../tables/guide-summary.ts';
import { KERNEL_LEGEND, kernelTable } from '../tables/kernel-table.ts';
import { legend } from '../tables/workload-notes.ts';
import { workloadTable } from '../tables/workload-table.ts';
import { footerLines, headerLines, statusOf } from './run.ts';
import { formatValue } from './table.ts';
import { unglue } from './wrap.ts';

/** What `renderRun` says, as a markdown document. Ends without a line break. */
export function renderRunMarkdown(result: RunResult, summary: RunSummary): string {
  const { record } = result;
  const kernel = record.settings.audit;
  return [
    `# Run ${escapeMarkdown(record.runId)}${statusOf(record)}`,
    bullets(headerLines(record)),
    ...summary.workloads.flatMap((workload) => [
      renderMarkdownTable(workloadTable(workload)),
      ...(kernel ? [renderMarkdownTable(kernelTable(workload))] : []),
    ]),
    bullets([...legend(summary), ...(kernel ? [KERNEL_LEGEND] : []), ...footerLines(record, summary)]),
    bullets([...record.warnings, ...result.problems].map((warning) => `warning: ${warning}`)),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** The guide's tables with this host beside them, as a markdown document. Ends without a line break. */
export function renderGuideMarkdown(result: RunResult): string {
  const warnings = [...result.record.warnings, ...result.problems].map((warning) => `warning: ${warning}`);
  return [
    `# Run ${escapeMarkdown(result.record.runId)}${statusOf(result.record)}`,
    bullets(headerLines(result.record)),
    ...guideTables(result).map(renderMarkdownTable),
    bullets(warnings),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** A table as GitHub's markdown has it, all columns, with its notes as a list below. */
export function renderMarkdownTable(table: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const lines = [
    line(table.columns.map((column) => inCell(column.header.replaceAll('\n', ' ')))),
    line(table.columns.map(({ align }) => (align === 'right' ? '---:' : '---'))),
    ...table.rows.map((row) => line(table.columns.map(({ key }) => inCell(formatValue(row[key]))))),
  ];
  return [`## ${escapeMarkdown(table.title)}`, lines.join('\n'), bullets(table.notes)]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** What would be read as markup, as the characters that they are. */
export function escapeMarkdown(text: string): string {
  return (
    text
      .replaceAll(/[\\|*`[\]<>~#]/g, (character) => `\\${character}`)
      // Inside of words it is no markup, and io_uring stays legible.
      .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
  );
}

/** A cell is one line: a line break is a tag. */
function inCell(text: string): string {
  return unglue(text)
    .split(/\r\n|\r|\n/)
    .map(escapeMarkdown)
    .join('<br>');
}

/** Each text as an item of a list, in one line. */
export function bullets(texts: readonly string[]): string {
  return texts.map((text) => `- ${escapeMarkdown(text.replaceAll(/\s*[\r\n]+\s*/g, ' '))}`).join('\n');
}
