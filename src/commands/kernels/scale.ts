import { randomInt } from 'node:crypto';
import type { Command } from 'commander';
import { planBoots } from '../../boots/plan-boots.ts';
import { runBoots } from '../../boots/series.ts';
import { readTool } from '../../build/package.ts';
import {
  GUEST_TIMES,
  KERNELS_SCALE_DEFAULTS,
  type KernelsScaleFlags,
  resolveKernelsScaleConfig,
} from '../../config/kernels-scale-config.ts';
import { MODEL_LIST } from '../../config/model-list.ts';
import { createSeriesProgress } from '../../render/series-progress.ts';
import { toKernelsScaleJson } from '../../reports/json.ts';
import { pageOf } from '../../reports/page.ts';
import { bootsScaleReport } from '../../reports/scale.ts';
import { newRunId } from '../../results/run-id.ts';
import { summarizeScale } from '../../summary/scale-summary.ts';
import { UsageError } from '../../util/errors.ts';
import { listOption, resultsOption } from '../options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from '../output.ts';
import { locatePage, type ReportOptions, reportOption, typedCommand, writePage } from '../report-file.ts';
import { tellConfig } from '../tell-config.ts';
import { CLOCKS_HERE, guestOptions, kernelOption, resolveKernels, withMachine } from './guests.ts';
import { endAsBooted, printBoots } from './series.ts';

interface Options extends KernelsScaleFlags, PrintOptions, ReportOptions {
  readonly kernel: readonly string[];
  readonly qemu?: string;
  readonly dryRun?: boolean;
}

const EXAMPLES = `
Examples:
  iomodels-bench kernels scale --kernel 6.12
  iomodels-bench kernels scale --kernel 6.12 --models epoll-lt,io_uring --idle 0,10000,100000 --blocks 2
  iomodels-bench kernels scale --kernel 6.1 --kernel 6.12 --json | jq '.boots[].scale.sweeps[].lines[].fit.verdict'

A guest has no limit of descriptors in the way: 100,000 connections take 1 GiB more of memory and some minutes a
trial. Every boot is stored as any other run: scale --from prints its sweep again.`;

/** `kernels scale`: what idle connections add to the path of a request, under kernels in guests. */
export function registerKernelsScale(command: Command, signal: AbortSignal): void {
  const { models, idle, active, blocks, boots, smp } = KERNELS_SCALE_DEFAULTS;
  const timeOf = ({ leastMs, perConnectionUs }: (typeof GUEST_TIMES)['warmup' | 'duration']) =>
    `${leastMs}ms and ${perConnectionUs}us for every connection`;
  guestOptions(command)
    .addOption(kernelOption('may be repeated'))
    .addOption(listOption('--models <list>', `${MODEL_LIST} (default: ${models})`))
    .addOption(listOption('--idle <list>', `counts of idle connections (default: ${idle})`))
    .addOption(listOption('--active <list>', `counts of active connections (default: ${active})`))
    .option('--boots <n>', `of every kernel (default: ${boots})`)
    .addOption(
      listOption('--smp <list>', `CPUs of a guest: 1 for both sides, 2 for one each (default: ${smp})`),
    )
    .option('--blocks <n>', `repetitions of every point in a boot (default: ${blocks})`)
    .option(
      '--duration <time>',
      `measured guest time of one trial (default: ${timeOf(GUEST_TIMES.duration)})`,
    )
    .option('--warmup <time>', `load before it (default: ${timeOf(GUEST_TIMES.warmup)})`)
    .option('--seed <n>', 'decides the order of trials and the messages (default: random, stored)')
    .addOption(resultsOption())
    .addOption(reportOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout')
    .option('--dry-run', 'print what would be booted, and boot nothing')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => scale(options, signal));
}

async function scale(options: Options, signal: AbortSignal): Promise<void> {
  const config = resolveKernelsScaleConfig(options, { randomSeed: randomInt(0x7fffffff) });
  tellConfig(config);
  if (options.kernel.length === 0)
    throw new UsageError('kernels scale needs a --kernel or more: see kernels list for those that there are');
  const kernels = await resolveKernels(options.kernel);
  const planned = planBoots({ kernels, ...config });
  if (options.dryRun) return printBoots(planned, options);
  if (options.report !== undefined) await locatePage(options.report);
  const outcomes = await withMachine(config, options, signal, (machine) =>
    runBoots(planned, {
      ...{ kernels, machine, signal, jobs: config.jobs, settings: config.settings },
      id: newRunId(CLOCKS_HERE.now()),
      kind: 'scale',
      explain: null,
      results: options.results,
      tool: readTool(),
      clocks: CLOCKS_HERE,
      listener: createSeriesProgress(process.stderr),
    }),
  );
  const measured = outcomes.flatMap((boot) =>
    'result' in boot ? [{ result: boot.result, summary: summarizeScale(boot.result) }] : [],
  );
  if (options.report !== undefined && measured.length > 0) {
    const document = bootsScaleReport(measured);
    const charts = document.parts.flatMap((part) => (part.kind === 'chart' ? [part.chart] : []));
    await writePage(pageOf(document, { charts, commands: [typedCommand()] }), options.report);
  }
  if (options.json) await write(`${JSON.stringify(toKernelsScaleJson(measured), null, 1)}\n`);
  else if (measured.length > 0)
    await writeDocument(bootsScaleReport(measured), { ...options, stored: `stored in ${options.results}` });
  endAsBooted(outcomes);
}
