import { renderRunMarkdown } from '../render/markdown.ts';
import type { Exporter } from './exporter.ts';

/** The terminal's tables, all columns. */
export const markdownExporter: Exporter = {
  id: 'markdown',
  title: 'the tables, for a job summary or a pull request',
  files: ['iomodels-bench.md'],
  write: ({ result, summary }) => [`${renderRunMarkdown(result, summary)}\n`],
};
