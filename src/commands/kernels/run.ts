import { randomInt } from 'node:crypto';
import { type Command, Option } from 'commander';
import { planBoots } from '../../boots/plan-boots.ts';
import { runBoots } from '../../boots/series.ts';
import { readTool } from '../../build/package.ts';
import {
  KERNELS_DEFAULTS,
  type KernelsConfig,
  type KernelsFlags,
  resolveKernelsConfig,
} from '../../config/kernels-config.ts';
import type { LoadFlags } from '../../config/load-flags.ts';
import { MODEL_LIST } from '../../config/model-list.ts';
import { createSeriesProgress } from '../../render/series-progress.ts';
import { newRunId } from '../../results/run-id.ts';
import { UsageError } from '../../util/errors.ts';
import { loadWorkloadFiles, loadWorkloads } from '../../workloads/load.ts';
import { loadOptions } from '../load-options.ts';
import { listOption, resultsOption, waitOption } from '../options.ts';
import { markdownOption, type PrintOptions } from '../output.ts';
import { locatePage, type ReportOptions, reportOption } from '../report-file.ts';
import { tellConfig } from '../tell-config.ts';
import { withCpusLocked } from './cpu-lock.ts';
import {
  CLOCKS_HERE,
  explainMeans,
  guestOptions,
  kernelOption,
  requireKvm,
  resolveKernels,
  withMachine,
} from './guests.ts';
import { reportKernels } from './report.ts';
import { endAsBooted, printBoots } from './series.ts';

interface Options
  extends Omit<KernelsFlags, 'ownWorkloads' | 'load'>,
    LoadFlags,
    PrintOptions,
    ReportOptions {
  readonly kernel: readonly string[];
  readonly qemu?: string;
  readonly workload: readonly string[];
  readonly explain: 'first' | 'all' | 'none';
  readonly dryRun?: boolean;
  readonly wait?: boolean;
}

const EXAMPLES = `
Examples:
  iomodels-bench kernels run --kernel 6.1 --kernel 6.12
  iomodels-bench kernels run --kernel ./linux/arch/x86/boot/bzImage --kernel host --models epoll-lt --smp 1`;

/** `kernels run`: boots kernels in guests and measures the same in each. */
export function registerKernelsRun(command: Command, signal: AbortSignal): void {
  const collect = (value: string, all: readonly string[]) => [...all, value];
  guestOptions(command)
    .addOption(kernelOption('may be repeated, and the first is what the others are compared with'))
    .option('--boots <n>', `of every kernel (default: ${KERNELS_DEFAULTS.boots})`)
    .addOption(
      listOption(
        '--smp <list>',
        `CPUs of a guest: 1 for both sides, 2 for one each (default: ${KERNELS_DEFAULTS.smp})`,
      ),
    )
    .option(
      '--clock <name>',
      `icount: instructions; kvm: wall time, where KVM runs guests, one guest at a time; tcg: features only (default: ${KERNELS_DEFAULTS.clock})`,
    )
    .addOption(listOption('--models <list>', `${MODEL_LIST} (default: ${KERNELS_DEFAULTS.models})`))
    .addOption(
      listOption(
        '--workloads <list>',
        `workloads or globs, separated by commas (default: ${KERNELS_DEFAULTS.workloads})`,
      ),
    )
    .option('--workload <file>', 'a workload file of your own; may be repeated', collect, []);
  loadOptions(command)
    .option('--profile <name>', 'quick, default or full: the models and workloads that run takes')
    .option('--blocks <n>', `repetitions of every cell in a boot (default: ${KERNELS_DEFAULTS.blocks})`)
    .option('--duration <time>', `measured guest time of one trial (default: ${KERNELS_DEFAULTS.duration})`)
    .option('--warmup <time>', `load before it (default: ${KERNELS_DEFAULTS.warmup})`)
    .addOption(
      new Option(
        '--explain <boots>',
        'of which boots the instructions are counted by function as well: the first of every kernel, all, or none',
      )
        .choices(['first', 'all', 'none'])
        .default('first'),
    )
    .option('--seed <n>', 'decides the order of trials and the messages (default: random, stored)')
    .option('--reference <model>', 'the row that ratios refer to (default: epoll-lt)')
    .addOption(new Option('--handicap-ns <n>', 'busy work per read').hideHelp())
    .addOption(listOption('--handicap <rows>', 'which rows are handicapped; default: all').hideHelp())
    .addOption(waitOption('with --clock kvm: '))
    .addOption(resultsOption())
    .addOption(reportOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout')
    .option('--dry-run', 'print what would be booted, and boot nothing')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => run(options, signal));
}

async function run(options: Options, signal: AbortSignal): Promise<void> {
  const config = configure(options);
  tellConfig(config);
  if (options.kernel.length === 0)
    throw new UsageError(
      'kernels run needs a --kernel or more: see kernels list for those that there are, and kernels get for more',
    );
  const kernels = await resolveKernels(options.kernel);
  const planned = planBoots({ kernels, ...config });
  if (options.dryRun) return printBoots(planned, options);
  if (options.report !== undefined) await locatePage(options.report);
  const id = newRunId(new Date().toISOString());
  const { jobs, settings } = config;
  const { clock } = config;
  const wait = options.wait === true;
  const outcomes = await withMachine(config, options, signal, (machine) =>
    withCpusLocked({ clock, id, wait, signal }, async () => {
      const [first] = kernels;
      if (first !== undefined) await requireKvm(machine, first, signal);
      const which = options.explain;
      const means = which === 'none' ? null : await explainMeans(machine, signal);
      return runBoots(planned, {
        ...{ id, kernels, jobs, settings, machine, signal },
        kind: 'run',
        explain: means && which !== 'none' ? { ...means, which } : null,
        results: options.results,
        tool: readTool(),
        clocks: CLOCKS_HERE,
        listener: createSeriesProgress(process.stderr),
      });
    }),
  );
  const measured = outcomes.flatMap((boot) =>
    'result' in boot ? [{ ...boot.result, folder: boot.folder }] : [],
  );
  if (measured.length > 0)
    await reportKernels(measured, options, {
      stored: `stored in ${options.results}; kernels compare ${id} judges it again`,
    });
  endAsBooted(outcomes);
}

function configure(options: Options): KernelsConfig {
  const builtIn = loadWorkloads();
  return resolveKernelsConfig(
    { ...options, ownWorkloads: loadWorkloadFiles(options.workload, builtIn), load: options },
    { workloads: builtIn, randomSeed: randomInt(0x7fffffff) },
  );
}
