import { toShowJson } from '../reports/json.ts';
import type { Exporter } from './exporter.ts';

/**
 * Everything that was stored and the summary of it: `ShowJson` of `reports/json.ts`, with every trial; and
 * `comparison`, as `compare --json` prints it, where there is one.
 */
export const jsonExporter: Exporter = {
  id: 'json',
  title: 'everything: environment, plan, every trial with its histograms, summary',
  // Not run.json: an export into the folder of its run must not replace that.
  files: ['iomodels-bench.json'],
  verdicts: true,
  write: ({ result, summary, comparison }) => {
    const all = toShowJson(result, summary, { trials: true });
    return [`${JSON.stringify(comparison === null ? all : { ...all, comparison }, null, 1)}\n`];
  },
};
