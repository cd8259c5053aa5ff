import { randomInt } from 'node:crypto';
import { type Command, Option } from 'commander';
import { MODEL_LIST } from '../config/model-list.ts';
import { resolveScaleConfig, SCALE_DEFAULTS, type ScaleFlags } from '../config/scale-config.ts';
import { readTopology } from '../observe/topology.ts';
import { toScaleJson } from '../reports/json.ts';
import { pageReport } from '../reports/page.ts';
import { scaleReport } from '../reports/scale.ts';
import { cleanText } from '../results/clean.ts';
import { openRun } from '../results/open-run.ts';
import type { RunOutcome } from '../run.ts';
import { type ScaleSummary, summarizeScale } from '../summary/scale-summary.ts';
import { UsageError } from '../util/errors.ts';
import { loadWorkloads } from '../workloads/load.ts';
import { printPlan } from './dry-run.ts';
import { listOption, resultsOption, waitOption } from './options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from './output.ts';
import { locatePage, type ReportOptions, reportOption, writePage } from './report-file.ts';
import { endAsMeasured, measureRun } from './run-deps.ts';
import { tellConfig } from './tell-config.ts';

interface ScaleOptions extends ScaleFlags, PrintOptions, ReportOptions {
  readonly from?: string;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
}

const EXAMPLES = `
Examples:
  iomodels-bench scale
  iomodels-bench scale --models 'epoll-*,poll' --idle 0,1000,20000 --active 1 --blocks 10
  iomodels-bench scale --from 20260102-030405-1a2b --json | jq '.scale.sweeps[].lines[].fit.verdict'

Takes every readiness model and io_uring unless --models says otherwise. A model that cannot hold so
many connections, or a limit of this host, leaves out a point and says why. The run is stored as any
other: show prints its tables per workload.`;

/** `scale`: what idle connections cost each model, measured now or read from a stored run. */
export function registerScale(command: Command, signal: AbortSignal): void {
  const { idle, active, blocks, duration, warmup } = SCALE_DEFAULTS;
  command
    .addOption(listOption('--models <list>', `${MODEL_LIST} (default: readiness and io_uring)`))
    .addOption(listOption('--idle <list>', `counts of idle connections (default: ${idle})`))
    .addOption(listOption('--active <list>', `counts of active connections (default: ${active})`))
    .option('--blocks <n>', `repetitions of every point (default: ${blocks})`)
    .option('--duration <time>', `measured time of one trial (default: ${duration})`)
    .option('--warmup <time>', `load before it, on the same connections (default: ${warmup})`)
    .option('--seed <n>', 'decides the order of trials and the messages (default: random, stored)')
    .addOption(
      listOption(
        '--server-cpus <list>',
        'CPUs for the servers, such as 1 or 0,2-3 (default: one of its own)',
      ),
    )
    .addOption(
      listOption(
        '--client-cpus <list>',
        'CPUs for the load generator, a thread each (default: two per server CPU, as far as there are cores)',
      ),
    )
    .addOption(
      new Option('--from <run>', 'measure nothing; print a stored sweep: a run id, its folder or run.json')
        // biome-ignore format: one line for what would be ignored
        .conflicts([
        'models',
        'idle',
        'active',
        'blocks',
        'duration',
        'warmup',
        'seed',
        'serverCpus',
        'clientCpus',
        'dryRun',
        'wait',
      ]),
    )
    .addOption(waitOption())
    .addOption(resultsOption())
    .addOption(reportOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout')
    .option('--dry-run', 'print the plan and measure nothing')
    .addHelpText('after', EXAMPLES)
    .action((options: ScaleOptions) =>
      options.from === undefined ? scale(options, signal) : showStored(options.from, options),
    );
}

async function scale(options: ScaleOptions, signal: AbortSignal): Promise<void> {
  const context = { topology: readTopology(), randomSeed: randomInt(0x7fffffff) };
  const config = resolveScaleConfig(options, context);
  tellConfig(config);
  if (options.dryRun) return printPlan(config, options.json === true);

  if (options.report !== undefined) await locatePage(options.report);
  const outcome = await measureRun(config, {
    kind: 'scale',
    results: options.results,
    signal,
    wait: options.wait === true,
  });
  await report(outcome, summarizeScale(outcome.result), options);
  endAsMeasured(outcome, signal);
}

async function showStored(name: string, options: ScaleOptions): Promise<void> {
  const result = await openRun(name, options.results);
  const summary = summarizeScale(result);
  if (summary.sweeps.length === 0)
    throw new UsageError(
      `${cleanText(result.source)} holds no sweep over idle connections; measure one with iomodels-bench scale`,
    );
  for (const problem of result.problems) process.stderr.write(`warning: ${problem}\n`);
  await report({ result, folder: result.source }, summary, options);
}

async function report(
  { result, folder }: Pick<RunOutcome, 'result' | 'folder'>,
  summary: ScaleSummary,
  options: ScaleOptions,
): Promise<void> {
  if (options.report !== undefined)
    await writePage(pageReport(result, { known: loadWorkloads(), as: 'scale' }), options.report);
  if (options.json) {
    await write(`${JSON.stringify(toScaleJson(result, summary), null, 1)}\n`);
    process.stderr.write(`stored in ${folder}\n`);
    return;
  }
  await writeDocument(scaleReport(result, summary), { ...options, stored: `stored in ${folder}` });
}
