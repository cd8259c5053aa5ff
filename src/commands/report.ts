import { type Command, InvalidArgumentError } from 'commander';
import { withSchema } from '../reports/json.ts';
import { joinedPages } from '../reports/page.ts';
import { runPage } from '../reports/run-page.ts';
import { HISTORY_MAX } from '../results/history.ts';
import type { OpenedRun } from '../results/open-run.ts';
import { loadWorkloads } from '../workloads/load.ts';
import { readAskedRun, TOLD_KINDS } from './asked-run.ts';
import { resultsOption } from './options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from './output.ts';
import { locateImage, locatePage, writeImage, writePage } from './report-file.ts';
import { readHistoryParts } from './report-history.ts';

const OUTPUT_DEFAULT = 'report.html';
/** More runs are no picture. */
const HISTORY_LIMIT = 1000;

interface ReportOptions extends PrintOptions {
  readonly output: string;
  readonly history: number;
  readonly image?: string;
}

const EXAMPLES = `
Examples:
  iomodels-bench report                                     the newest run, into ${OUTPUT_DEFAULT}
  iomodels-bench report 20260102-030405-1a2b --output run.html
  iomodels-bench report before after --history 0            both on one page, and no others
  iomodels-bench report --json | jq '.parts[] | select(.kind == "chart").chart.title'
  iomodels-bench compare before after --report compare.html

The page loads nothing and needs no script; each chart has its numbers in a table below it. With --json or --markdown the same
document is printed instead, charts as data or drawn with characters. See docs/report.md.`;

/** `report [runs...]`: stored runs as a page with charts. */
export function registerReport(command: Command): void {
  command
    .argument(
      '[runs...]',
      `run ids, run folders, run.json files, files of the json export or baseline:<name>; default: the newest complete ${TOLD_KINDS.join(' or ')} under --results`,
    )
    .option('--output <file>', 'where the page goes; - is stdout', OUTPUT_DEFAULT)
    .option(
      '--history <n>',
      'stored runs of the host with the settings of the first run, the newest so many, as charts; 0: none',
      readCount,
      HISTORY_MAX,
    )
    .option('--image <file>', 'the main chart as an SVG of its own as well, for what shows no HTML')
    .addOption(resultsOption())
    .addOption(markdownOption())
    .option('--json', 'print the document as JSON on stdout, charts as data, and write no page')
    .addHelpText('after', EXAMPLES)
    .action((names: readonly string[], options: ReportOptions) => report(names, options));
}

function readCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count <= HISTORY_LIMIT) return count;
  throw new InvalidArgumentError(`It must be a whole number from 0 to ${HISTORY_LIMIT}.`);
}

async function report(names: readonly string[], options: ReportOptions): Promise<void> {
  const prints = options.json === true || options.markdown === true;
  if (!prints) await locatePage(options.output);
  if (options.image !== undefined) await locateImage(options.image, prints ? null : options.output);
  const runs: OpenedRun[] = [];
  for (const name of names.length === 0 ? [undefined] : names)
    runs.push(await readAskedRun(name, options.results, { kinds: TOLD_KINDS, silent: true }));
  const [first] = runs;
  const history =
    first === undefined
      ? []
      : await readHistoryParts(first.record, options.results, { max: options.history });
  const known = loadWorkloads();
  const single = runs.length === 1;
  const pages = runs.map((run) => runPage(run, { known, history: single ? history : [] }));
  const document = joinedPages(pages, history);
  if (options.json) await write(`${JSON.stringify(withSchema('document', document), null, 1)}\n`);
  else if (options.markdown) await writeDocument(document, options);
  else await writePage(document, options.output);
  // Of a run in which nothing went well there is a page and no image.
  if (options.image !== undefined) await writeImage(document, options.image);
}
