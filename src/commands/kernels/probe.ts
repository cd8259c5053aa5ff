import type { Command } from 'commander';
import { PROBE_SMP, type ProbeListener, probeKernels } from '../../boots/probe-kernels.ts';
import { featureMatrix } from '../../compare/feature-matrix.ts';
import type { FeatureMatrix } from '../../compare/feature-matrix-schema.ts';
import { resolveKernelsConfig } from '../../config/kernels-config.ts';
import { SOCKET_MODELS } from '../../models/registry.ts';
import { featuresReport } from '../../reports/features.ts';
import { withSchema } from '../../reports/json.ts';
import { newRunId } from '../../results/run-id.ts';
import { KERNELS_SCHEMA_VERSION } from '../../results/schema-id.ts';
import { EnvironmentError, InterruptedError, TrialsFailedError, UsageError } from '../../util/errors.ts';
import { counted } from '../../util/units.ts';
import { loadWorkloads } from '../../workloads/load.ts';
import { resultsOption } from '../options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from '../output.ts';
import { type GuestOptions, guestOptions, kernelOption, resolveKernels, withMachine } from './guests.ts';

interface Options extends PrintOptions, GuestOptions {
  readonly kernel: readonly string[];
  readonly all?: boolean;
}

/** Features only: nothing is measured. */
const CLOCK = 'tcg';
/** Also those that globs leave out. */
const ALL_MODELS = SOCKET_MODELS.map(({ id }) => id).join(',');

const EXAMPLES = `
Every kernel is booted once, and each feature is tried there: none is concluded from a version. Nothing is measured, and nothing is
stored but the console of a guest that breaks, under --results.

Examples:
  iomodels-bench kernels probe --kernel 6.1 --kernel 6.12 --kernel 7.2
  iomodels-bench kernels probe --kernel ./linux/arch/x86/boot/bzImage --all --markdown

Exit codes: 0 all kernels were asked, 1 some boots broke, 2 usage, 3 environment, also where every boot broke.`;

/** `kernels probe`: what kernels have of what models of I/O use. */
export function registerKernelsProbe(command: Command, signal: AbortSignal): void {
  guestOptions(command)
    .addOption(kernelOption('may be repeated, in the order of the columns'))
    .option('--all', 'a line for every feature, also for those that are the same under all kernels')
    .addOption(resultsOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => probe(options, signal));
}

async function probe(options: Options, signal: AbortSignal): Promise<void> {
  const { cpu, memory, jobs, results } = options;
  const config = resolveKernelsConfig(
    { cpu, memory, jobs, clock: CLOCK, models: ALL_MODELS, smp: String(PROBE_SMP) },
    { workloads: loadWorkloads(), randomSeed: 1 },
  );
  if (options.kernel.length === 0)
    throw new UsageError('kernels probe needs a --kernel or more: see kernels list for those that there are');
  const kernels = await resolveKernels(options.kernel);
  const matrix = await withMachine(config, options, signal, async (machine) => {
    const probed = await probeKernels(kernels, {
      ...{ machine, results, signal, jobs: config.jobs },
      newId: () => newRunId(new Date().toISOString()),
      listener: progress(kernels.length),
    });
    const { qemu } = machine;
    return featureMatrix(probed, {
      ...{ clock: CLOCK, qemu: qemu.version, smp: PROBE_SMP, cpu: config.cpu, memoryMb: config.memoryMb },
    });
  }).catch((error: unknown) => {
    // Nothing is stored that could be named.
    throw error instanceof InterruptedError ? new InterruptedError('interrupted') : error;
  });
  const broken = matrix.kernels.filter(({ problem }) => problem !== null).length;
  if (broken === kernels.length)
    throw new EnvironmentError(`no boot of ${counted(broken, 'kernel')} went well; see above`);
  await print(matrix, options);
  if (broken > 0)
    throw new TrialsFailedError(`${broken} of ${counted(kernels.length, 'boot')} broke; see above`);
}

function progress(of: number): ProbeListener {
  const log = (line: string) => void process.stderr.write(`${line}\n`);
  return {
    bootStarted: ({ release }, number) => log(`boot ${number} of ${of}: Linux ${release}`),
    bootEnded: ({ release }, number, probed) =>
      log(
        probed.status === 'broke'
          ? `boot ${number} of ${of} broke: Linux ${release}: ${probed.problem}`
          : `boot ${number} of ${of} done: Linux ${release}`,
      ),
  };
}

async function print(matrix: FeatureMatrix, options: Options): Promise<void> {
  if (options.json)
    await write(
      `${JSON.stringify(withSchema('features', { schemaVersion: KERNELS_SCHEMA_VERSION, matrix }), null, 1)}\n`,
    );
  else await writeDocument(featuresReport(matrix, { all: options.all ?? false }), options);
}
