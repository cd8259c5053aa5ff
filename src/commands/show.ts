import type { Command } from 'commander';
import { toShowJson } from '../reports/json.ts';
import { runReport } from '../reports/run.ts';
import { summarize } from '../summary/summarize.ts';
import { readAskedRun, runArgument, TOLD_KINDS } from './asked-run.ts';
import { resultsOption } from './options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from './output.ts';

interface ShowOptions extends PrintOptions {
  readonly trials?: boolean;
  readonly kernel?: boolean;
}

/** `show [run]`: the tables of a stored run, complete or not. */
export function registerShow(command: Command): void {
  command
    .addArgument(runArgument(TOLD_KINDS))
    .addOption(resultsOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON: the record and its summary')
    .option('--kernel', 'kernel-side work per request after each workload (default: of audited runs)')
    .option('--trials', 'with --json: every trial as well')
    .addHelpText('after', '\nExample:\n  iomodels-bench show --json | jq .summary')
    .action(async (name: string | undefined, options: ShowOptions) => {
      const result = await readAskedRun(name, options.results, { kinds: TOLD_KINDS });
      if (options.json) {
        await write(
          `${JSON.stringify(toShowJson(result, summarize(result), { trials: options.trials === true }), null, 1)}\n`,
        );
        return;
      }
      await writeDocument(runReport(result, { kernel: options.kernel }), {
        ...options,
        stored: `stored in ${result.source}`,
      });
    });
}
