import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { Argument, type Command, Option } from 'commander';
import { compileHelpers } from '../build/compile.ts';
import { HELPERS_DIR, readTool } from '../build/package.ts';
import { resolveRunConfig } from '../config/run-config.ts';
import { type MeasureMeans, measureFio, measureOurs } from '../crosscheck/measure.ts';
import type { Crosscheck } from '../crosscheck/result-schema.ts';
import type { CrosscheckDeps, CrosscheckPlan } from '../crosscheck/run-crosscheck.ts';
import { runCrosscheck } from '../crosscheck/run-crosscheck.ts';
import { crosscheckFile, readCrosscheck, saveCrosscheck } from '../crosscheck/store.ts';
import { fileWorkloads, openJobFiles } from '../drive/job-files.ts';
import { lockCpus } from '../host/cpu-lock.ts';
import { linuxHost } from '../host/host.ts';
import { readPlace } from '../host/host-id.ts';
import { childrenCpu, fileLocker, loadGenerator } from '../load/ffi.ts';
import { findModel, MODELS, programsOf } from '../models/registry.ts';
import type { ModelSpec } from '../models/spec.ts';
import { readEnvironment } from '../observe/environment.ts';
import { readTopology } from '../observe/topology.ts';
import { crosscheckReport } from '../reports/crosscheck.ts';
import { withSchema } from '../reports/json.ts';
import { newRunId } from '../results/run-id.ts';
import { fioVersion } from '../server/fio.ts';
import { EnvironmentError, InterruptedError, TrialsFailedError, UsageError } from '../util/errors.ts';
import { loadWorkloads } from '../workloads/load.ts';
import { readFioJobFile } from './fio-job-file.ts';
import { listOption, resultsOption, waitOption } from './options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from './output.ts';
import { tellConfig } from './tell-config.ts';

const DEFAULTS = { blocks: 10, durationMs: 300 } as const;

interface CrosscheckOptions extends PrintOptions {
  readonly models?: string;
  readonly workloads?: string;
  readonly fio?: string;
  readonly blocks?: string;
  readonly duration?: string;
  readonly seed?: string;
  readonly dir?: string;
  readonly serverCpus?: string;
  readonly wait?: boolean;
  readonly from?: string;
}

/** Which rows and workloads, on which CPUs: of one thread, and of several. */
interface Settings extends CrosscheckPlan {
  readonly directory: string | null;
}

const EXAMPLES = `
Examples:
  iomodels-bench crosscheck fio
  iomodels-bench crosscheck fio --models 'io_uring-*' --workloads file-read-warm --blocks 20
  iomodels-bench crosscheck fio --fio job.fio
  iomodels-bench crosscheck fio --from 20260102-030405-1a2b      again, without measuring

Needs fio. Every row that fio has an engine for does the same job on the same file as fio, right before or behind
it. Every sample is kept under --results in crosscheck/, block by block: what was measured before ^C is there.`;

/** `crosscheck fio`: our rows of file I/O against another program that measures the same. */
export function registerCrosscheck(command: Command, signal: AbortSignal): void {
  command
    .addArgument(new Argument('<what>', 'the other program').choices(['fio']))
    .addOption(
      listOption('--models <list>', 'models or globs, separated by commas (default: all that fio has)'),
    )
    .addOption(
      listOption(
        '--workloads <list>',
        'workloads or globs, separated by commas (default: those of a plain run)',
      ),
    )
    .option('--fio <file>', 'a job file of fio instead: its one job as a workload, its engine as the model')
    .option('--blocks <n>', `repetitions of every comparison (default: ${DEFAULTS.blocks})`)
    .option('--duration <time>', `measured time of one trial (default: ${DEFAULTS.durationMs}ms)`)
    .option('--seed <n>', 'decides the order and the places that ours draws (default: random, stored)')
    .option(
      '--dir <folder>',
      'where the files are made, and removed again (default: a folder for temporary files that is no memory)',
    )
    .addOption(
      listOption(
        '--server-cpus <list>',
        'CPUs for both sides, such as 1 or 0,2-3 (default: one, and two where a row has threads beside its loop)',
      ),
    )
    .addOption(
      new Option('--from <crosscheck>', 'measure nothing; print a stored one: its id, or a path')
        // biome-ignore format: one line for what would be ignored
        .conflicts(['models', 'workloads', 'fio', 'blocks', 'duration', 'seed', 'dir', 'serverCpus', 'wait']),
    )
    .addOption(waitOption())
    .addOption(resultsOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout, every sample included')
    .addHelpText('after', EXAMPLES)
    .action((_what: string, options: CrosscheckOptions) =>
      options.from === undefined ? crosscheck(options, signal) : showStored(options.from, options),
    );
}

async function crosscheck(options: CrosscheckOptions, signal: AbortSignal): Promise<void> {
  const settings = settingsOf(options);
  const version = await fioVersion(signal);
  const { results, wait = false } = options;
  const found = await measure(settings, { version, results, wait, signal });
  const stored = `stored in ${crosscheckFile(results, found.crosscheckId)}`;
  await print(found, { ...options, stored: `\n${stored}` });
  if (options.json || options.markdown) process.stderr.write(`${stored}\n`);
  if (found.cells.length === 0)
    throw new EnvironmentError('nothing could be compared; the notes above say why');
  if (found.failed > 0) throw new TrialsFailedError('not every comparison went well; see the notes above');
}

async function showStored(name: string, options: CrosscheckOptions): Promise<void> {
  await print(await readCrosscheck(name, options.results), options);
}

function print(found: Crosscheck, options: CrosscheckOptions & { readonly stored?: string }): Promise<void> {
  if (options.json) return write(`${JSON.stringify(withSchema('crosscheck', found), null, 1)}\n`);
  return writeDocument(crosscheckReport(found), options);
}

function settingsOf(options: CrosscheckOptions): Settings {
  const { blocks, durationMs } = DEFAULTS;
  const job = options.fio === undefined ? null : readJob(options);
  const known = job === null ? loadWorkloads() : [job.workload];
  const config = resolveRunConfig(
    {
      blocks: options.blocks ?? String(blocks),
      duration: options.duration ?? `${durationMs}ms`,
      seed: options.seed,
      dir: options.dir,
      serverCpus: options.serverCpus,
      domain: 'file',
      models:
        options.models ??
        (job === null
          ? ofFio()
              .map(({ id }) => id)
              .join(',')
          : job.model.id),
      workloads: job === null ? options.workloads : job.workload.id,
    },
    { workloads: known, topology: readTopology(), randomSeed: randomInt(0x7fffffff) },
  );
  tellConfig(config);
  const { settings } = config;
  const { serverCpus, clientCpus } = settings;
  return {
    models: settings.entries.flatMap(({ model }) => findModel(model) ?? []),
    workloads: fileWorkloads(settings.workloads),
    blocks: settings.blocks,
    durationMs: settings.durationMs,
    seed: settings.seed,
    directory: settings.directory,
    cpus: {
      one: serverCpus,
      several:
        options.serverCpus !== undefined || serverCpus === null
          ? serverCpus
          : [...new Set([...serverCpus, ...(clientCpus ?? [])])].slice(0, 2).sort((a, b) => a - b),
    },
  };
}

function ofFio(): readonly ModelSpec[] {
  return MODELS.filter(({ fio }) => fio !== null);
}

function readJob({ fio = '', models, workloads }: CrosscheckOptions) {
  if (models !== undefined || workloads !== undefined)
    throw new UsageError('--fio names the model and the workload: leave --models and --workloads out');
  return readFioJobFile(fio);
}

interface Asked {
  /** Of fio. */
  readonly version: string;
  readonly results: string;
  readonly wait: boolean;
  readonly signal: AbortSignal;
}

async function measure(settings: Settings, { version, results, wait, signal }: Asked): Promise<Crosscheck> {
  const { models, workloads, directory, cpus } = settings;
  const artifacts = await compileHelpers({ sourceDir: HELPERS_DIR, ...programsOf(models), signal });
  const locks = fileLocker(artifacts.loadgen);
  const files = await openJobFiles({
    directory,
    elsewhere: [process.cwd()],
    workloads,
    tryLock: locks.tryLock,
  });
  const lock = await lockCpus({
    cpus: cpus.several ?? [],
    holder: `crosscheck (process ${process.pid})`,
    wait,
    ...locks,
    onWait: (message) => void process.stderr.write(`${message}\n`),
    signal,
  }).catch(async (error: unknown) => {
    await files.remove();
    throw error;
  });
  try {
    const [program] = artifacts.servers.values();
    if (program === undefined)
      throw new EnvironmentError([...artifacts.failures.values()][0] ?? 'no program was compiled');
    await files.layOut(program, workloads, signal);
    const means: MeasureMeans = {
      ...{ artifacts, files, signal, durationMs: settings.durationMs },
      generator: loadGenerator(artifacts.loadgen),
      childrenCpuNs: childrenCpu(artifacts.loadgen),
    };
    const { fileSystem } = files;
    const measuredAt = new Date().toISOString();
    const origin = {
      ...{ crosscheckId: newRunId(measuredAt), measuredAt, tool: readTool(), environment: readEnvironment() },
      ...{ fioVersion: version, kernel: readPlace(linuxHost()).kernel, directory: files.directory },
      ...{ fileSystem: fileSystem.type, warnings: [...files.warnings, ...[lock.warning ?? []].flat()] },
    };
    const keeping = keeper(results);
    try {
      return await runCrosscheck(settings, origin, { ...depsOf(settings, means), save: keeping.save });
    } catch (error) {
      throw signal.aborted ? await keeping.interrupted() : error;
    }
  } finally {
    lock.release();
    await files.remove();
  }
}

/** Keeps what was measured so far, and knows where and how much. */
function keeper(results: string) {
  let file: string | null = null;
  let kept: Crosscheck | null = null;
  return {
    save: async (found: Crosscheck) => {
      file = await saveCrosscheck(results, found);
      kept = found;
    },
    /** What to say of ^C. Without a single sample no file is left. */
    interrupted: async (): Promise<InterruptedError> => {
      if (file === null || kept === null || samplesIn(kept) === 0) {
        if (file !== null) await rm(file, { force: true });
        return new InterruptedError('interrupted before anything was measured');
      }
      return new InterruptedError(
        `interrupted; what was measured is kept, and printed by: crosscheck fio --from ${file}`,
      );
    },
  };
}

function samplesIn({ cells, left }: Crosscheck): number {
  return [...cells, ...left].reduce((sum, { samples = [] }) => sum + samples.length, 0);
}

function depsOf({ cpus }: Settings, means: MeasureMeans): Omit<CrosscheckDeps, 'save'> {
  const cpusOf = ({ tasks }: ModelSpec) => (tasks === 'one' ? cpus.one : cpus.several);
  return {
    cpusOf,
    pathOf: (workload) => means.files.pathOf(workload),
    measureOurs: (cell, seed) => measureOurs(cell, { seed, cpus: cpusOf(cell.model) }, means),
    measureFio: (args, startArgs) => measureFio(args, startArgs, means),
    signal: means.signal,
    onBlock: (block, of) => void process.stderr.write(`block ${block + 1} of ${of}\n`),
  };
}
