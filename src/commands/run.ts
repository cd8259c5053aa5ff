import { randomInt } from 'node:crypto';
import { type Command, Option } from 'commander';
import type { LoadFlags } from '../config/load-flags.ts';
import { MODEL_LIST } from '../config/model-list.ts';
import { RUN_DEFAULTS, type RunConfig, type RunFlags, resolveRunConfig } from '../config/run-config.ts';
import { exportInputOf } from '../export/input.ts';
import { readTopology } from '../observe/topology.ts';
import { toShowJson } from '../reports/json.ts';
import { pageReport } from '../reports/page.ts';
import { runReport } from '../reports/run.ts';
import type { RunOutcome } from '../run.ts';
import type { RunSummary } from '../summary/run-summary.ts';
import { summarize } from '../summary/summarize.ts';
import { UsageError } from '../util/errors.ts';
import { loadWorkloadFiles, loadWorkloads } from '../workloads/load.ts';
import { printPlan } from './dry-run.ts';
import { type ExportRequest, exportRun, locateRequests, parseExportRequest } from './export-files.ts';
import { readFioJobFile } from './fio-job-file.ts';
import { loadOptions } from './load-options.ts';
import { listOption, resultsOption, waitOption } from './options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from './output.ts';
import { locatePage, type ReportOptions, reportOption, writePage } from './report-file.ts';
import { readHistoryParts } from './report-history.ts';
import { endAsMeasured, measureRun } from './run-deps.ts';
import { tellConfig } from './tell-config.ts';

interface RunOptions extends Omit<RunFlags, 'ownWorkloads' | 'load'>, LoadFlags, PrintOptions, ReportOptions {
  readonly workload: readonly string[];
  readonly export: readonly string[];
  /** A job file of fio. */
  readonly fio?: string;
  /** What `reference` was called before. */
  readonly baseline?: string;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
}

const EXAMPLES = `
Examples:
  iomodels-bench run
  iomodels-bench run --models 'epoll-*,io_uring' --workloads ping-pong --blocks 20
  iomodels-bench run --models epoll-lt,epoll-lt          a model against itself: no difference
  iomodels-bench run --variant 'plain=' --variant 'norandom=setarch -R'   two ways to start every server, in pairs
  iomodels-bench run --server 'mine=./my-server --port {port}'            beside epoll-lt, in pairs
  iomodels-bench run --models none --server 'old=./a {port}' --server 'new=./b {port}'   two builds
  iomodels-bench run --connections 1,64,500 --message 1k   three workloads; --rate 20k makes them open loops
  iomodels-bench run --workload ./mine.json --precision 2% --max-time 10m
  iomodels-bench run --export junit=report.xml --export prometheus,csv`;

/** `run`: measures models under workloads and prints a table per workload. */
export function registerRun(command: Command, signal: AbortSignal): void {
  const collect = (value: string, all: readonly string[]) => [...all, value];
  command
    .addOption(listOption('--models <list>', `${MODEL_LIST} (default: those of the profile)`))
    .addOption(
      listOption(
        '--workloads <list>',
        'workloads or globs, separated by commas (default: those of the profile)',
      ),
    )
    .option('--workload <file>', 'a workload file of your own; may be repeated', collect, [])
    .option(
      '--fio <file>',
      "a job file of fio: its job as a workload, and without --models its engine's row",
    );
  loadOptions(command)
    .option(
      '--profile <name>',
      `quick: within 20 s; default: within two minutes; full: all models and workloads (default: ${RUN_DEFAULTS.profile})`,
    )
    .option(
      '--domain <name>',
      'socket, file or all: what I/O is done on (default: that of the models and workloads that are named, else socket)',
    )
    .option(
      '--dir <folder>',
      'where the files of file I/O are made, and removed again (default: a folder for temporary files that is no memory)',
    )
    .option('--blocks <n>', `repetitions of every cell (default: ${RUN_DEFAULTS.blocks})`)
    .option('--duration <time>', `measured time of one trial (default: ${RUN_DEFAULTS.durationMs}ms)`)
    .option(
      '--warmup <time>',
      `load before it, on the same connections (default: ${RUN_DEFAULTS.warmupMs}ms)`,
    )
    .option('--seed <n>', 'decides the order of trials and the messages (default: random, stored)')
    .option('--reference <model>', `the row that ratios refer to (default: ${RUN_DEFAULTS.reference})`)
    .addOption(new Option('--baseline <model>', 'as it was called before').conflicts('reference').hideHelp())
    .addOption(
      listOption(
        '--server-cpus <list>',
        'CPUs for the servers, such as 1 or 0,2-3 (default: one of its own, or one per worker)',
      ),
    )
    .addOption(
      listOption(
        '--workers <list>',
        'loops of servers that have workers: a number, several such as 1,2,4, one row each, or auto: one per server CPU (default: 1)',
      ),
    )
    .addOption(
      listOption(
        '--client-cpus <list>',
        'CPUs for the load generator, a thread each (default: two per server CPU, as far as there are cores)',
      ),
    )
    .option('--precision <p>', 'add blocks until every ratio is known to within p, such as 2% (default: off)')
    .option('--max-time <time>', 'start no further block after this time, such as 10m (default: none)')
    .option(
      '--retry <budget>',
      `time for measuring contaminated trials again: a share of the planned blocks', such as 50%, a time such as 30s, or 0 (default: ${RUN_DEFAULTS.retry})`,
    )
    .option('--audit', "add trials in which tracepoints and strace check the servers' own counts")
    .option('--no-cpu-counters', "leave out the trials that count instructions with the CPU's counters")
    .option(
      '--export <format[=path]>',
      'export it as well, by default into the folder of the run; may be repeated; see export --help',
      collect,
      [],
    )
    .addOption(waitOption())
    .addOption(resultsOption())
    .option(
      '--variant <name=command>',
      "every row once more with this command before its server, such as 'huge=env GLIBC_TUNABLES=…' or 'numa=numactl --membind=0'; may be repeated, and name= is the server as it is",
      collect,
      [],
    )
    .option(
      '--server <name=command>',
      "a server of your own as a row, such as 'mine=./my-server --port {port}'; may be repeated; without --models beside the reference, with --models none alone",
      collect,
      [],
    )
    .option(
      '--server-probe <name=command>',
      'a command that exits 0 where that server can run; else its row is skipped with what it said',
      collect,
      [],
    )
    .option('--server-env <name=KEY=VALUE>', 'its environment; may be repeated', collect, [])
    .addOption(new Option('--handicap-ns <n>', 'busy work per read').hideHelp())
    .addOption(listOption('--handicap <rows>', 'which rows are handicapped; default: all').hideHelp())
    .addOption(reportOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout')
    .option('--dry-run', 'print the plan and measure nothing')
    .addHelpText('after', EXAMPLES)
    .action((options: RunOptions) => run(options, signal));
}

async function run(options: RunOptions, signal: AbortSignal): Promise<void> {
  if (options.baseline !== undefined)
    process.stderr.write(
      'notice: --baseline <model> is called --reference now; a baseline is a run kept to compare with\n',
    );
  const { config, exports } = configure(options);
  tellConfig(config);
  if (options.dryRun) return printPlan(config, options.json === true);

  // A path that cannot be written is found out before minutes of measuring.
  await locateRequests(exports.filter(({ path }) => path !== null));
  if (options.report !== undefined) await locatePage(options.report);
  const outcome = await measureRun(config, {
    kind: 'run',
    results: options.results,
    signal,
    wait: options.wait === true,
  });
  const summary = summarize(outcome.result);
  await report(outcome, summary, options);
  if (options.report !== undefined) {
    const history = await readHistoryParts(outcome.result.record, options.results);
    const page = pageReport(outcome.result, { known: loadWorkloads(), summary, history });
    await writePage(page, options.report);
  }
  await exportRun(exportInputOf(outcome.result, { summary }), outcome.folder, exports);
  endAsMeasured(outcome, signal);
}

/** Flags and workload files to settings. Throws `UsageError` with the problems of all of them. */
function configure(options: RunOptions): { config: RunConfig; exports: readonly ExportRequest[] } {
  const builtIn = loadWorkloads();
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
  const job = attempt(() => (options.fio === undefined ? null : readFioJobFile(options.fio)));
  const ownWorkloads = attempt(() => [
    ...loadWorkloadFiles(options.workload, builtIn),
    ...(job ? [job.workload] : []),
  ]);
  const context = { workloads: builtIn, topology: readTopology(), randomSeed: randomInt(0x7fffffff) };
  const config = attempt(() =>
    resolveRunConfig(
      {
        ...options,
        reference: options.reference ?? options.baseline,
        models: options.models ?? job?.model.id,
        ownWorkloads,
        load: options,
      },
      context,
    ),
  );
  const exports = attempt(() => options.export.flatMap((text) => parseExportRequest(text)));
  if (config === undefined || exports === undefined || problems.length > 0) throw new UsageError(problems);
  return { config, exports };
}

async function report(
  { result, folder }: RunOutcome,
  summary: RunSummary,
  options: RunOptions,
): Promise<void> {
  if (options.json) {
    await write(`${JSON.stringify(toShowJson(result, summary), null, 1)}\n`);
    process.stderr.write(`stored in ${folder}\n`);
    return;
  }
  await writeDocument(runReport(result, { summary }), { ...options, stored: `stored in ${folder}` });
}
