import { randomInt } from 'node:crypto';
import type { Command } from 'commander';
import { COMPARE_DEFAULTS, compareRuns } from '../compare/compare-runs.ts';
import { certifyNoise, type NoiseOptions as NoiseCertification, RUNS_MIN } from '../compare/noise.ts';
import type { LoadFlags } from '../config/load-flags.ts';
import { MODEL_LIST } from '../config/model-list.ts';
import { NOISE_DEFAULTS, type NoiseFlags, noiseDetect, resolveNoiseConfig } from '../config/noise-config.ts';
import { RUN_DEFAULTS, type RunConfig } from '../config/run-config.ts';
import { readTopology } from '../observe/topology.ts';
import { withSchema } from '../reports/json.ts';
import { noiseReport } from '../reports/noise.ts';
import { readHistory } from '../results/history.ts';
import { WHOLE } from '../results/lines.ts';
import { saveNoise } from '../results/noise.ts';
import type { NoiseCertificate } from '../results/noise-schema.ts';
import { openRun } from '../results/open-run.ts';
import { newestRun } from '../results/run-index.ts';
import type { RunResult } from '../results/schema.ts';
import { EnvironmentError } from '../util/errors.ts';
import { counted } from '../util/units.ts';
import { loadWorkloads } from '../workloads/load.ts';
import { printPlan } from './dry-run.ts';
import { loadOptions } from './load-options.ts';
import { listOption, resultsOption, waitOption } from './options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from './output.ts';
import { endAsMeasured, measureRun } from './run-deps.ts';
import { tellConfig } from './tell-config.ts';

interface NoiseOptions extends Omit<NoiseFlags, 'load'>, LoadFlags, PrintOptions {
  readonly dryRun?: boolean;
  readonly detect?: string;
  /** Certify from stored runs, and measure nothing. */
  readonly history?: boolean;
  readonly wait?: boolean;
}

const EXAMPLES = `
Examples:
  iomodels-bench noise
  iomodels-bench noise --models epoll-lt --workloads ping-pong --blocks 20 --json
  iomodels-bench noise --history --detect 2%      from stored runs, without measuring

Measures every model twice under two labels, and lets compare judge what does not differ, and what differs
by a known share. What it finds is kept under --results in noise/, and compare quotes it.`;

/** `noise`: how often compare is wrong here about equals, and how often it finds a known change. */
export function registerNoise(command: Command, signal: AbortSignal): void {
  const { blocks, durationMs, warmupMs } = RUN_DEFAULTS;
  command
    .addOption(listOption('--models <list>', `${MODEL_LIST} (default: ${NOISE_DEFAULTS.models})`))
    .addOption(
      listOption(
        '--workloads <list>',
        'workloads or globs, separated by commas (default: those of the profile)',
      ),
    );
  loadOptions(command)
    .option('--profile <name>', 'quick, default or full: the workloads that run takes (default: default)')
    .option('--blocks <n>', `repetitions of every cell, as in the runs to be compared (default: ${blocks})`)
    .option('--duration <time>', `measured time of one trial (default: ${durationMs}ms)`)
    .option('--warmup <time>', `load before it, on the same connections (default: ${warmupMs}ms)`)
    .option('--retry <budget>', `as with run (default: ${RUN_DEFAULTS.retry})`)
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
    .option(
      '--detect <share>',
      `the change that is to be found, and twice it (default: ${NOISE_DEFAULTS.detect})`,
    )
    .option('--history', 'certify from the stored runs of this host alone, and measure nothing')
    .addOption(waitOption())
    .addOption(resultsOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout: the certificate')
    .option('--dry-run', 'print the plan and measure nothing')
    .addHelpText('after', EXAMPLES)
    .action((options: NoiseOptions) => noise(options, signal));
}

async function noise(options: NoiseOptions, signal: AbortSignal): Promise<void> {
  const detect = noiseDetect(options.detect);
  if (options.history) return certifyHistory(options, detect);
  const config = configure(options);
  tellConfig(config);
  if (options.dryRun) return printPlan(config, options.json === true);

  const outcome = await measureRun(config, {
    kind: 'noise',
    results: options.results,
    signal,
    wait: options.wait === true,
  });
  const { result } = outcome;
  // Half a certificate would promise what nobody measured.
  if (signal.aborted) return endAsMeasured(outcome, signal);
  if (!result.trials.some((trial) => trial.status === 'measured'))
    throw new EnvironmentError(`no trial went well, so nothing is certified; see ${outcome.folder}`);
  const { runs } = await readHistory(options.results, result.record, WHOLE);
  const certificate = certifyNoise(result, { ...rules(detect), seed: config.settings.seed, history: runs });
  await report(certificate, result, { ...options, stored: `run stored in ${outcome.folder}` });
  endAsMeasured(outcome, signal);
}

/** What compare does, as it is certified. */
function rules(detect: number): Pick<NoiseCertification, 'detect' | 'compare'> {
  return {
    detect,
    compare: (base, current, history) =>
      compareRuns(base, current, {
        ...COMPARE_DEFAULTS,
        detect,
        history,
        // Runs of a history have not all of the same cells: that one lacks some is no noise.
        mayBeMissing: () => true,
      }),
  };
}

async function certifyHistory(options: NoiseOptions, detect: number): Promise<void> {
  const { run } = await newestRun(options.results, ['run']);
  const { record } = await openRun(run.folder, options.results);
  const { runs } = await readHistory(options.results, record, WHOLE);
  const certificate = certifyNoise(null, { ...rules(detect), seed: record.settings.seed, history: runs });
  if (certificate.runs === null)
    throw new EnvironmentError(
      `${counted(runs.length, 'stored run')} of this host with the settings of ${record.runId}: at least ${RUNS_MIN} of one kernel and build are needed; measure more with run, or certify without a history`,
    );
  await report(certificate, { record, problems: [] }, { ...options, stored: '' });
}

async function report(
  certificate: NoiseCertificate,
  result: Pick<RunResult, 'record' | 'problems'>,
  options: NoiseOptions & { readonly stored: string },
): Promise<void> {
  const file = await saveNoise(options.results, certificate);
  if (options.json) {
    await write(`${JSON.stringify(withSchema('noise', certificate), null, 1)}\n`);
    process.stderr.write(`stored in ${file}\n`);
    return;
  }
  const stored = [options.stored, `certificate stored in ${file}`].filter((line) => line !== '').join('\n');
  await writeDocument(noiseReport(certificate, result.record), { ...options, stored: `\n${stored}` });
}

function configure(options: NoiseOptions): RunConfig {
  return resolveNoiseConfig(
    { ...options, load: options },
    {
      workloads: loadWorkloads(),
      topology: readTopology(),
      randomSeed: randomInt(0x7fffffff),
    },
  );
}
