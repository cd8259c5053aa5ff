import { randomInt } from 'node:crypto';
import { type Command, Option } from 'commander';
import { ladderOf } from '../compare/ladder.ts';
import { LADDER_DEFAULTS, type LadderFlags, resolveLadderConfig } from '../config/ladder-config.ts';
import type { RunConfig } from '../config/run-config.ts';
import { exportInputOf } from '../export/input.ts';
import { readTopology } from '../observe/topology.ts';
import { toLadderJson } from '../reports/json.ts';
import { ladderReport } from '../reports/ladder.ts';
import { pageReport } from '../reports/page.ts';
import { cleanText } from '../results/clean.ts';
import { openRun } from '../results/open-run.ts';
import type { RunOutcome } from '../run.ts';
import { summarize } from '../summary/summarize.ts';
import { UsageError } from '../util/errors.ts';
import { loadWorkloads } from '../workloads/load.ts';
import { printPlan } from './dry-run.ts';
import { type ExportRequest, exportRun, locateRequests, parseExportRequest } from './export-files.ts';
import { listOption, resultsOption, waitOption } from './options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from './output.ts';
import { locatePage, type ReportOptions, reportOption, writePage } from './report-file.ts';
import { endAsMeasured, measureRun } from './run-deps.ts';
import { tellConfig } from './tell-config.ts';

interface LadderOptions extends LadderFlags, PrintOptions, ReportOptions {
  readonly from?: string;
  readonly export: readonly string[];
  readonly dryRun?: boolean;
  readonly wait?: boolean;
}

const EXAMPLES = `
Examples:
  iomodels-bench ladder
  iomodels-bench ladder --family io_uring --connections 1,500 --blocks 40
  iomodels-bench ladder --from 20260102-030405-1a2b --json | jq '.ladder.families[].stops'

Stop at the last rung that takes less CPU per request than the one that one stands on, by more than the 95 %
interval, and that loses nothing elsewhere. The run is stored as any other: show prints its tables per
workload, and compare RUN:row RUN:row judges any two rungs. --from takes any run with rungs in it.`;

/** `ladder`: what each rung of epoll and io_uring adds to the one before it, measured now or read from a stored run. */
export function registerLadder(command: Command, signal: AbortSignal): void {
  const { connections, blocks, duration, warmup } = LADDER_DEFAULTS;
  const collect = (value: string, all: readonly string[]) => [...all, value];
  command
    .addOption(listOption('--family <list>', 'families of models that have a ladder (default: all of them)'))
    .addOption(
      listOption(
        '--connections <list>',
        `counts of connections, all active, such as 1,64,10k (default: ${connections})`,
      ),
    )
    .addOption(listOption('--message <list>', 'bytes of a request, such as 64 or 64k (default: 64)'))
    .option('--blocks <n>', `repetitions of every rung (default: ${blocks})`)
    .option('--duration <time>', `measured time of one trial (default: ${duration})`)
    .option('--warmup <time>', `load before it, on the same connections (default: ${warmup})`)
    .option('--seed <n>', 'decides the order of trials and the messages (default: random, stored)')
    .addOption(
      listOption(
        '--server-cpus <list>',
        'CPUs for the servers, such as 1 or 0,2-3 (default: one of its own)',
      ),
    )
    .addOption(listOption('--client-cpus <list>', 'CPU for the load generator (default: one of its own)'))
    .addOption(
      new Option('--from <run>', 'measure nothing; print the ladders of a stored run').conflicts([
        ...['family', 'connections', 'message', 'blocks', 'duration', 'warmup', 'seed'],
        ...['serverCpus', 'clientCpus', 'dryRun', 'wait'],
      ]),
    )
    .option(
      '--export <format[=path]>',
      'export it as well, by default into the folder of the run; may be repeated; see export --help',
      collect,
      [],
    )
    .addOption(waitOption())
    .addOption(resultsOption())
    .addOption(reportOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout')
    .option('--dry-run', 'print the plan and measure nothing')
    .addHelpText('after', EXAMPLES)
    .action((options: LadderOptions) =>
      options.from === undefined ? climb(options, signal) : showStored(options.from, options),
    );
}

async function climb(options: LadderOptions, signal: AbortSignal): Promise<void> {
  const { config, exports } = configure(options);
  tellConfig(config);
  if (options.dryRun) return printPlan(config, options.json === true);

  // A path that cannot be written is found out before minutes of measuring.
  await locateRequests(exports.filter(({ path }) => path !== null));
  if (options.report !== undefined) await locatePage(options.report);
  const outcome = await measureRun(config, {
    kind: 'ladder',
    results: options.results,
    signal,
    wait: options.wait === true,
  });
  await report(outcome, options, exports);
  endAsMeasured(outcome, signal);
}

/** Throws `UsageError` with the problems of all options. */
function configure(options: LadderOptions): { config: RunConfig; exports: readonly ExportRequest[] } {
  const problems: string[] = [];
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };
  const context = { topology: readTopology(), randomSeed: randomInt(0x7fffffff) };
  const config = attempt(() => resolveLadderConfig(options, context));
  const exports = attempt(() => options.export.flatMap((text) => parseExportRequest(text)));
  if (config === undefined || exports === undefined) throw new UsageError(problems);
  return { config, exports };
}

async function showStored(name: string, options: LadderOptions): Promise<void> {
  const exports = options.export.flatMap((text) => parseExportRequest(text));
  const result = await openRun(name, options.results);
  for (const problem of result.problems) process.stderr.write(`warning: ${problem}\n`);
  await report({ result, folder: result.source }, options, exports);
}

async function report(
  { result, folder }: Pick<RunOutcome, 'result' | 'folder'>,
  options: LadderOptions,
  exports: readonly ExportRequest[],
): Promise<void> {
  const summary = summarize(result);
  const ladder = ladderOf(result, summary);
  if (ladder.families.length === 0)
    throw new UsageError(
      `${cleanText(folder)} holds no two rungs of a ladder; measure some with iomodels-bench ladder`,
    );
  if (options.report !== undefined) {
    const page = pageReport(result, { known: loadWorkloads(), summary, as: 'ladder' });
    await writePage(page, options.report);
  }
  if (options.json) {
    await write(`${JSON.stringify(toLadderJson(result, ladder), null, 1)}\n`);
    process.stderr.write(`stored in ${folder}\n`);
  } else
    await writeDocument(ladderReport(result, { summary, ladder }), {
      ...options,
      stored: `stored in ${folder}`,
    });
  await exportRun(exportInputOf(result, { summary }), folder, exports);
}
