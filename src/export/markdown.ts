import { renderCompareMarkdown } from '../render/compare.ts';
import { renderRunMarkdown } from '../render/markdown.ts';
import type { Exporter } from './exporter.ts';

/** The terminal's tables, all columns: those of the comparison where there is one. */
export const markdownExporter: Exporter = {
  id: 'markdown',
  title: 'the tables, for a job summary or a pull request',
  files: ['iomodels-bench.md'],
  verdicts: true,
  write: ({ result, summary, comparison }) => [
    `${comparison === null ? renderRunMarkdown(result, summary) : renderCompareMarkdown(comparison)}\n`,
  ],
};
