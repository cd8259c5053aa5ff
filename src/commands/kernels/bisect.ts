import { type Command, Option } from 'commander';
import { bisect } from '../../boots/bisect.ts';
import type { BisectReport } from '../../boots/bisect-schema.ts';
import { type JudgeOptions, KernelJudge, type KernelVerdict } from '../../boots/kernel-judge.ts';
import { readTool } from '../../build/package.ts';
import { KERNELS_DEFAULTS, type KernelsConfig, resolveKernelsConfig } from '../../config/kernels-config.ts';
import { readShare } from '../../config/share.ts';
import { type Kernel, resolveKernel } from '../../kernels/resolve.ts';
import { findMetric, PATH_LENGTH_ID } from '../../metrics/registry.ts';
import { KernelImageError } from '../../place/guest/kernel-image.ts';
import { createSeriesProgress } from '../../render/series-progress.ts';
import { bisectLine, bisectReport } from '../../reports/bisect.ts';
import { withSchema } from '../../reports/json.ts';
import { KERNELS_SCHEMA_VERSION } from '../../results/schema-id.ts';
import { ExitError, GateError, UsageError } from '../../util/errors.ts';
import { loadWorkloadFiles, loadWorkloads } from '../../workloads/load.ts';
import { connectionsOf } from '../../workloads/schema.ts';
import { resultsOption } from '../options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from '../output.ts';
import { NOT_EXPLAINED, whyChanged } from '../why.ts';
import {
  CLOCKS_HERE,
  explainMeans,
  type GuestOptions,
  guestOptions,
  resolveKernels,
  withMachine,
} from './guests.ts';

/** Of `git bisect run`: good, bad, and this cannot be tested. */
const GIT = { good: 0, bad: 1, skip: 125 } as const;
/** The same seeds in every call, so that what is stored already fits. */
const SEED = '1';

interface Options extends PrintOptions, GuestOptions {
  readonly good?: string;
  readonly bad?: string;
  readonly test?: string;
  readonly model: string;
  readonly workload: string;
  readonly smp: string;
  readonly boots?: string;
  readonly blocks?: string;
  readonly duration?: string;
  readonly warmup?: string;
  readonly detect?: string;
  readonly handicapNs?: string;
}

const EXAMPLES = `
Boots that are stored under --results are not measured again: a search that was interrupted goes on where it was left.

Examples:
  iomodels-bench kernels bisect --good 6.1 --bad 7.2 6.6 6.12 6.18 --model epoll-lt --workload ping-pong
  git bisect run sh -c 'make -j8 bzImage || exit 125; iomodels-bench kernels bisect --good 6.12 --test arch/x86/boot/bzImage'

Exit codes: 0 found, 4 not decided, 1 a good --bad, 2 usage, 3 environment. With --test those of git bisect run: 0 good, 1 bad, 125 not
decided or it does not boot, 128 and above usage and environment, so that git stops.`;

/** `kernels bisect`: the first kernel under which the path of a cell is longer. */
export function registerKernelsBisect(command: Command, signal: AbortSignal): void {
  guestOptions(command)
    .argument('[kernels...]', 'those between the good and the bad one, in order')
    .option('--good <kernel>', 'what the others are compared with: as --kernel of kernels run')
    .option('--bad <kernel>', 'one that is known, or thought, to be bad')
    .option('--test <image>', 'judge this one image instead, for git bisect run')
    .option('--model <row>', 'the row that is measured', 'epoll-lt')
    .option('--workload <name>', 'a workload, or a file of your own', 'ping-pong')
    .addOption(new Option('--smp <n>', 'CPUs of the guests').choices(['1', '2']).default('1'))
    .option(
      '--boots <n>',
      `of every kernel; as many once more where they do not decide (default: ${KERNELS_DEFAULTS.boots})`,
    )
    .option('--blocks <n>', `repetitions in a boot (default: ${KERNELS_DEFAULTS.blocks})`)
    .option('--duration <time>', `measured guest time of one (default: ${KERNELS_DEFAULTS.duration})`)
    .option('--warmup <time>', `load before it (default: ${KERNELS_DEFAULTS.warmup})`)
    .option(
      '--detect <share>',
      'a path that is longer by more than this is bad (default: 0.5% with one connection, 2% with more)',
    )
    .addOption(new Option('--handicap-ns <n>', 'busy work per read').hideHelp())
    .addOption(resultsOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout')
    .addHelpText('after', EXAMPLES)
    .action((between: readonly string[], options: Options) => run(between, options, signal));
}

async function run(between: readonly string[], options: Options, signal: AbortSignal): Promise<void> {
  const { good, bad, test } = options;
  const problems = [
    ...(good === undefined ? ['--good names no kernel: what are the others compared with?'] : []),
    ...(test === undefined && bad === undefined ? ['--bad names no kernel: or is one --test meant?'] : []),
    ...(test !== undefined && (bad !== undefined || between.length > 0)
      ? ['--test judges one image: name no other kernel than --good']
      : []),
  ];
  const detect = options.detect === undefined ? null : readShare(options.detect);
  if (options.detect !== undefined && detect === null)
    problems.push(`--detect ${options.detect}: must be a share such as 1% or 0.01, above 0 and below 100%`);
  const config = configure(options, problems);
  if (good === undefined || config === null || problems.length > 0) throw new UsageError(problems);
  const kernels = await resolveKernels([good, ...between, ...(bad === undefined ? [] : [bad])]);
  const tested = test === undefined ? null : await imageToTest(test);
  await withMachine(config, options, signal, async (machine) => {
    const [first] = kernels;
    if (first === undefined) throw new UsageError('--good names no kernel');
    const means = await explainMeans(machine, signal);
    const judging: JudgeOptions = {
      explain: means && { ...means, which: 'first' },
      kernels: tested === null ? kernels : [first, tested],
      good: first,
      smp: Number(options.smp),
      ...{ boots: config.boots, jobs: config.jobs, settings: config.settings, machine, detect, signal },
      results: options.results,
      tool: readTool(),
      clocks: CLOCKS_HERE,
      listener: createSeriesProgress(process.stderr),
    };
    const judge = await KernelJudge.open(judging);
    if (tested !== null) await judgeOne(judge, tested, { judging, options });
    else await search(judge, kernels, { judging, options });
  });
}

/** What a build left behind in the middle is that commit's own; what is no image at all was not meant by any. */
async function imageToTest(test: string): Promise<Kernel> {
  try {
    return await resolveKernel(test);
  } catch (error) {
    if (!(error instanceof KernelImageError) || error.problem !== 'truncated-image') throw error;
    throw new ExitError(`unknown: ${error.message}`, GIT.skip);
  }
}

interface Asked {
  readonly judging: JudgeOptions;
  readonly options: Options;
}

/** For git: the exit code is the answer. */
async function judgeOne(judge: KernelJudge, kernel: Kernel, asked: Asked): Promise<void> {
  const verdict = await judge.judge(kernel);
  await print(reportOf([verdict], null, { ...asked, judge }), asked.options);
  const why = `${verdict.judgement}: Linux ${kernel.release}${verdict.reason === null ? '' : `: ${verdict.reason}`}`;
  if (verdict.judgement === 'bad') throw new ExitError(why, GIT.bad);
  if (verdict.judgement === 'unknown') throw new ExitError(why, GIT.skip);
}

async function search(judge: KernelJudge, kernels: readonly Kernel[], asked: Asked): Promise<void> {
  const judged: KernelVerdict[] = [];
  const judgementOf = async (kernel: Kernel) => {
    const verdict = await judge.judge(kernel);
    judged.push(verdict);
    process.stderr.write(`${verdict.judgement}: Linux ${kernel.release}\n`);
    return verdict.judgement;
  };
  const bad = kernels.at(-1);
  if (bad === undefined || kernels.length < 2) throw new UsageError('bisect needs a good and a bad kernel');
  const last = await judgementOf(bad);
  if (last !== 'bad') {
    await print(reportOf(judged, null, { ...asked, judge }), asked.options);
    if (last === 'good') throw new ExitError(`Linux ${bad.release} is not bad: there is no step to find`, 1);
    throw new GateError(
      `Linux ${bad.release} cannot be judged, so that nothing can be searched`,
      'inconclusive',
    );
  }
  const result = await bisect(kernels, judgementOf);
  const report = reportOf(judged, result, { ...asked, judge });
  await print(report, asked.options, await whyOf(judge, judged, result));
  if (result.unknown.length > 0) throw new GateError(bisectLine(report), 'inconclusive');
}

/** What explains the step from the last good kernel to the first bad one. */
async function whyOf(
  judge: KernelJudge,
  judged: readonly KernelVerdict[],
  { lastGood, firstBad }: { readonly lastGood: Kernel; readonly firstBad: Kernel },
): Promise<readonly string[]> {
  const runsOf = (kernel: Kernel) => judged.find((one) => one.kernel === kernel)?.runs ?? judge.goodRuns();
  const [base, current] = [runsOf(lastGood), runsOf(firstBad)];
  return (await whyChanged(judge.compare(base, current), { base, current })) ?? [NOT_EXPLAINED];
}

function reportOf(
  judged: readonly KernelVerdict[],
  result: Awaited<ReturnType<typeof bisect<Kernel>>> | null,
  { judge, judging: { detect, settings, smp, machine, good } }: Asked & { readonly judge: KernelJudge },
): BisectReport {
  const nameOf = ({ release, path }: Kernel) => ({ release, image: path });
  const [workload] = settings.workloads;
  const own =
    findMetric(PATH_LENGTH_ID)?.detectable?.(workload === undefined ? 1 : connectionsOf(workload)) ?? 0;
  return {
    label: settings.entries[0]?.label ?? '',
    workload: workload?.id ?? '',
    guest: { clock: machine.clock, qemu: machine.qemu.version, cpu: machine.cpu, smp },
    detect: detect ?? own,
    good: {
      kernel: nameOf(good),
      value: judged.findLast(({ metric }) => metric !== null)?.metric?.base.value ?? null,
      boots: judge.goodRuns().length,
    },
    judged: judged.map(({ kernel, judgement, metric, runs, reason }) => ({
      kernel: nameOf(kernel),
      judgement,
      base: metric?.base.value ?? null,
      value: metric?.current.value ?? null,
      change: metric?.change ?? null,
      boots: runs.length,
      reason,
    })),
    result: result && {
      lastGood: nameOf(result.lastGood),
      firstBad: nameOf(result.firstBad),
      unknown: result.unknown.map(nameOf),
    },
  };
}

async function print(report: BisectReport, options: Options, why: readonly string[] = []): Promise<void> {
  if (options.json)
    await write(
      `${JSON.stringify(withSchema('bisect', { schemaVersion: KERNELS_SCHEMA_VERSION, bisect: report, why }), null, 1)}\n`,
    );
  else await writeDocument(bisectReport(report, why), options);
}

/** One cell, whose path length the instruction clock counts. */
function configure(options: Options, problems: string[]): KernelsConfig | null {
  const builtIn = loadWorkloads();
  const isFile = options.workload.includes('/') || options.workload.endsWith('.json');
  try {
    const config = resolveKernelsConfig(
      {
        ...options,
        clock: 'icount',
        seed: SEED,
        models: options.model,
        ...(isFile
          ? { workloads: undefined, ownWorkloads: loadWorkloadFiles([options.workload], builtIn) }
          : { workloads: options.workload }),
      },
      { workloads: builtIn, randomSeed: 1 },
    );
    const { entries, workloads } = config.settings;
    if (entries.length > 1 || workloads.length > 1)
      problems.push('bisect judges one cell: name one --model and one --workload');
    return config;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push(...error.problems);
    return null;
  }
}
