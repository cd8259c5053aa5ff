import { renderJson } from '../render/json.ts';
import type { Exporter } from './exporter.ts';
import { reportOf } from './markdown.ts';

/** What the terminal prints, as data: title, facts, tables and charts with values and units, notes. */
export const documentExporter: Exporter = {
  id: 'document',
  title: 'the tables as JSON: values with their kinds, for a page or a report of your own',
  files: ['iomodels-bench.document.json'],
  verdicts: true,
  write: (input) => [`${renderJson(reportOf(input))}\n`],
};
