import type { Column, Document, DocumentFinding, Part, Table } from '../document/document-schema.ts';
import { renderChart } from './chart.ts';
import { formatValue } from './table.ts';
import { unglue } from './wrap.ts';

/** Columns of a chart: a code block scrolls, but nobody wants to. */
const CHART_WIDTH = 100;

/** A document as markdown: what it comes to stands in its title. Ends without a line break. */
export function renderMarkdown({ title, status, facts, parts, warnings, conclusion }: Document): string {
  const verdict = conclusion === null ? '' : `: ${conclusion}`;
  return [
    title === '' ? '' : `# ${escapeMarkdown(`${title}${status}${verdict}`)}`,
    bullets(facts),
    ...parts.map(partOf),
    bullets([...new Set(warnings)].map((warning) => `warning: ${warning}`)),
  ]
    .filter((block) => block !== '')
    .join('\n\n');
}

function partOf(part: Part): string {
  switch (part.kind) {
    case 'table':
      return renderMarkdownTable(part.table);
    case 'chart': {
      const drawn = renderChart(part.chart, { width: CHART_WIDTH });
      return drawn === '' ? '' : fenced(drawn, 'text');
    }
    case 'heading':
      return `## ${escapeMarkdown(part.text)}`;
    case 'commands':
      return fenced(part.lines.join('\n'), 'sh');
    case 'findings':
      return part.findings.map(findingLine).join('\n');
    case 'notes':
      return bullets(part.lines);
  }
}

/** As code, in a fence that is longer than any in it. */
function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

/** What it means is part of the line; a command is code, to be copied. */
function findingLine({ status, title, value, meaning, fix }: DocumentFinding): string {
  const oneLine = (text: string) => escapeMarkdown(text.replaceAll(/\s+/g, ' ').trim());
  const command = fix === null ? '' : `; fix: \`${fix}\``;
  return `- **${status}** ${oneLine(title)}: ${oneLine(value)}. ${oneLine(meaning)}${command}`;
}

/**
 * A table as GitHub's markdown has it, all columns, with its notes as a list below. A page cuts off what is too
 * wide for it on the right: the columns that a terminal always shows stand left.
 */
export function renderMarkdownTable(table: Table): string {
  const isMain = ({ priority }: Column) => priority === 0;
  const columns = [...table.columns.filter(isMain), ...table.columns.filter((column) => !isMain(column))];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const lines = [
    line(columns.map((column) => inCell(column.header.replaceAll('\n', ' ')))),
    line(columns.map(({ align }) => (align === 'right' ? '---:' : '---'))),
    ...table.rows.map((row) => line(columns.map(({ key }) => inCell(formatValue(row[key]))))),
  ];
  const title = table.title === '' ? '' : `## ${escapeMarkdown(table.title)}`;
  return [title, lines.join('\n'), bullets(table.notes)].filter((part) => part !== '').join('\n\n');
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
function bullets(texts: readonly string[]): string {
  return texts.map((text) => `- ${escapeMarkdown(text.replaceAll(/\s*[\r\n]+\s*/g, ' '))}`).join('\n');
}
