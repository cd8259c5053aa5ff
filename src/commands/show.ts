import { type Command, Option } from 'commander';
import { toShowJson } from '../reports/json.ts';
import { runReport } from '../reports/run.ts';
import { openRun } from '../results/open-run.ts';
import { summarize } from '../summary/summarize.ts';
import { markdownOption, type PrintOptions, runArgument, write, writeDocument } from './output.ts';

interface ShowOptions extends PrintOptions {
  readonly trials?: boolean;
  readonly kernel?: boolean;
}

/** The folder of runs, for every command that reads or writes them. */
export function resultsOption(): Option {
  return new Option('--results <folder>', 'folder that holds the runs').default('./results');
}

/** `show [run]`: the tables of a stored run, complete or not. */
export function registerShow(command: Command): void {
  command
    .addArgument(runArgument())
    .addOption(resultsOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON: the record and its summary')
    .option('--kernel', 'kernel-side work per request after each workload (default: of audited runs)')
    .option('--trials', 'with --json: every trial as well')
    .addHelpText('after', '\nExample:\n  iomodels-bench show --json | jq .summary')
    .action(async (name: string | undefined, options: ShowOptions) => {
      const result = await openRun(name, options.results);
      for (const problem of result.problems) process.stderr.write(`warning: ${problem}\n`);
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
