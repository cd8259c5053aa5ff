import type { Command } from 'commander';
import { joinedPages, pageReport } from '../reports/page.ts';
import { summarize } from '../summary/summarize.ts';
import { loadWorkloads } from '../workloads/load.ts';
import { readAskedRun, TOLD_KINDS } from './asked-run.ts';
import { resultsOption } from './options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from './output.ts';
import { writePage } from './report-file.ts';

interface ReportOptions extends PrintOptions {
  readonly output: string;
}

export function registerReport(command: Command): void {
  command
    .argument('[runs...]', 'runs')
    .option('--output <file>', 'where the page goes', 'report.html')
    .addOption(resultsOption())
    .addOption(markdownOption())
    .option('--json', 'print the document as JSON')
    .action(async (names: readonly string[], options: ReportOptions) => {
      const known = loadWorkloads();
      const asked = names.length === 0 ? [undefined] : names;
      const pages = [];
      for (const name of asked) {
        const result = await readAskedRun(name, options.results, { kinds: TOLD_KINDS, silent: true });
        pages.push(pageReport(result, { known, summary: summarize(result) }));
      }
      const document = joinedPages(pages);
      if (options.json) return write(`${JSON.stringify(document)}\n`);
      if (options.markdown) return writeDocument(document, options);
      await writePage(document, options.output);
    });
}
