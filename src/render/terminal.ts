import pc from 'picocolors';
import type { Document, Part } from '../document/document-schema.ts';
import { renderChart } from './chart.ts';
import { renderFindings } from './findings.ts';
import { type RenderOptions, renderTable } from './table.ts';
import { wrap } from './wrap.ts';

/** A document as text that fits the width; what it comes to stands last. Ends without a line break. */
export function renderDocument(document: Document, options: RenderOptions): string {
  const { bold, yellow } = pc.createColors(options.color);
  const { title, status, facts, parts, warnings, conclusion } = document;
  const lines = (texts: readonly string[]) => texts.flatMap((text) => wrap(text, options.width));
  // A status has its own colours; a title that says it all may be long.
  const titleLines = (text: string, behind: string) =>
    text === '' ? [] : behind === '' ? lines([text]).map((line) => bold(line)) : [bold(text) + behind];
  const blocks = [
    [...titleLines(title, status), ...lines(facts)].join('\n'),
    ...parts.map((part) => renderPart(part, options)),
    lines([...new Set(warnings)].map((warning) => `warning: ${warning}`))
      .map((line) => yellow(line))
      .join('\n'),
    conclusion === null ? '' : bold(conclusion),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function renderPart(part: Part, options: RenderOptions): string {
  switch (part.kind) {
    case 'table':
      return renderTable(part.table, options);
    case 'chart':
      return renderChart(part.chart, options);
    case 'heading':
      return pc.createColors(options.color).bold(part.text);
    case 'commands':
      return part.lines.map((line) => `  ${line}`).join('\n');
    case 'findings':
      return renderFindings(part.findings, options);
    case 'notes':
      return part.lines.flatMap((line) => wrap(line, options.width)).join('\n');
  }
}
