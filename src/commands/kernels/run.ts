import { randomInt } from 'node:crypto';
import { type Command, Option } from 'commander';
import type { Machine } from '../../boots/boot-run.ts';
import { buildFor, runSeries, withInitramfs } from '../../boots/series.ts';
import { readTool } from '../../build/package.ts';
import {
  KERNELS_DEFAULTS,
  type KernelsConfig,
  type KernelsFlags,
  resolveKernelsConfig,
} from '../../config/kernels-config.ts';
import { type Kernel, resolveKernel } from '../../kernels/resolve.ts';
import { findQemu, type Qemu } from '../../place/guest/qemu.ts';
import { createSeriesProgress } from '../../render/series-progress.ts';
import { EnvironmentError, InterruptedError, TrialsFailedError, UsageError } from '../../util/errors.ts';
import { counted } from '../../util/units.ts';
import { loadWorkloadFiles, loadWorkloads } from '../../workloads/load.ts';
import { listOption, resultsOption } from '../options.ts';
import { markdownOption, type PrintOptions } from '../output.ts';
import { reportKernels } from './report.ts';

interface Options extends Omit<KernelsFlags, 'ownWorkloads'>, PrintOptions {
  readonly kernel: readonly string[];
  readonly qemu?: string;
  readonly workload: readonly string[];
  readonly dryRun?: boolean;
}

const EXAMPLES = `
Examples:
  iomodels-bench kernels run --kernel 6.1 --kernel 6.12
  iomodels-bench kernels run --kernel ./linux/arch/x86/boot/bzImage --kernel host --models epoll-lt --smp 1`;

/** `kernels run`: boots kernels in guests and measures the same in each. */
export function registerKernelsRun(command: Command, signal: AbortSignal): void {
  const collect = (value: string, all: readonly string[]) => [...all, value];
  command
    .option(
      '--kernel <what>',
      'an image (vmlinuz), a folder that holds one, a release or its beginning (see kernels list), or host; may be repeated, and the first is what the others are compared with',
      collect,
      [],
    )
    .option('--boots <n>', `of every kernel (default: ${KERNELS_DEFAULTS.boots})`)
    .addOption(
      listOption(
        '--smp <list>',
        `CPUs of a guest: 1 for both sides, 2 for one each (default: ${KERNELS_DEFAULTS.smp})`,
      ),
    )
    .option(
      '--clock <name>',
      `icount: instructions; kvm: wall time, where KVM runs guests; tcg: features only (default: ${KERNELS_DEFAULTS.clock})`,
    )
    .option('--cpu <model>', `what QEMU emulates, as its -cpu (default: ${KERNELS_DEFAULTS.cpu})`)
    .option('--memory <size>', 'of a guest, such as 2G (default: enough for the connections)')
    .option('--qemu <path>', 'QEMU 10 or newer (default: of PATH, or what kernels get qemu fetched)')
    .option('--jobs <n>', 'guests at once (default: the CPUs that this process may use)')
    .addOption(
      listOption(
        '--models <list>',
        `models or globs, separated by commas (default: ${KERNELS_DEFAULTS.models})`,
      ),
    )
    .addOption(
      listOption(
        '--workloads <list>',
        `workloads or globs, separated by commas (default: ${KERNELS_DEFAULTS.workloads})`,
      ),
    )
    .option('--workload <file>', 'a workload file of your own; may be repeated', collect, [])
    .option('--profile <name>', 'default or full: the models and workloads that run takes')
    .option('--blocks <n>', `repetitions of every cell in a boot (default: ${KERNELS_DEFAULTS.blocks})`)
    .option('--duration <time>', `measured guest time of one trial (default: ${KERNELS_DEFAULTS.duration})`)
    .option('--warmup <time>', `load before it (default: ${KERNELS_DEFAULTS.warmup})`)
    .option('--seed <n>', 'decides the order of trials and the messages (default: random, stored)')
    .option('--reference <model>', 'the row that ratios refer to (default: epoll-lt)')
    .addOption(new Option('--handicap-ns <n>', 'busy work per read').hideHelp())
    .addOption(listOption('--handicap <rows>', 'which rows are handicapped; default: all').hideHelp())
    .addOption(resultsOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout')
    .option('--dry-run', 'print what would be booted, and boot nothing')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => run(options, signal));
}

async function run(options: Options, signal: AbortSignal): Promise<void> {
  const config = configure(options);
  for (const warning of config.warnings) process.stderr.write(`warning: ${warning}\n`);
  const kernels = await resolveAll(options.kernel);
  const qemu = await findQemu({ ...(options.qemu === undefined ? {} : { qemu: options.qemu }), signal });
  requireClock(config, qemu);
  const programs = await buildFor(
    config.settings.entries.map(({ model }) => model),
    signal,
  );
  const progress = createSeriesProgress(process.stderr);
  const series = await withInitramfs(programs, (initramfs) => {
    const { cpu, memoryMb, clock, boots, smps, jobs, settings } = config;
    const machine: Machine = { qemu, cpu, memoryMb, clock, initramfs, programs };
    const { results } = options;
    const tool = readTool();
    return runSeries({
      kernels,
      smps,
      boots,
      jobs,
      settings,
      machine,
      results,
      tool,
      signal,
      listener: progress,
    });
  }).catch((error: unknown) => {
    if (signal.aborted) throw new InterruptedError(`interrupted; what was measured is in ${options.results}`);
    throw error;
  });
  const measured = series.boots.flatMap((boot) => ('result' in boot ? [boot.result] : []));
  if (measured.length > 0)
    await reportKernels(measured, options, {
      stored: `stored in ${options.results}; kernels compare ${series.id} judges it again`,
    });
  const failed = series.boots.filter((boot) => 'error' in boot);
  if (failed.length === series.boots.length)
    throw new EnvironmentError(`no boot of ${series.boots.length} went well; see above`);
  if (failed.length > 0)
    throw new TrialsFailedError(
      `${failed.length} of ${counted(series.boots.length, 'boot')} broke; see above`,
    );
}

function requireClock({ clock }: KernelsConfig, qemu: Qemu): void {
  if (clock === 'kvm' && !qemu.accelerators.includes('kvm'))
    throw new EnvironmentError(`--clock kvm: ${qemu.path} was built without KVM`);
}

/** In the order in which they are named, which is the order of the table. */
async function resolveAll(specs: readonly string[]): Promise<readonly Kernel[]> {
  if (specs.length === 0)
    throw new UsageError(
      'kernels run needs a --kernel or more: see kernels list for those that there are, and kernels get for more',
    );
  const kernels: Kernel[] = [];
  for (const spec of specs) kernels.push(await resolveKernel(spec));
  const twice = kernels.find(({ path }, i) => kernels.findIndex((other) => other.path === path) !== i);
  if (twice !== undefined)
    throw new UsageError(`--kernel ${twice.path} is named twice; --boots says how often it is booted`);
  return kernels;
}

function configure(options: Options): KernelsConfig {
  const builtIn = loadWorkloads();
  return resolveKernelsConfig(
    { ...options, ownWorkloads: loadWorkloadFiles(options.workload, builtIn) },
    { workloads: builtIn, randomSeed: randomInt(0x7fffffff) },
  );
}
