import { randomInt } from 'node:crypto';
import type { Command } from 'commander';
import { compareRuns } from '../compare/compare-runs.ts';
import { certifyNoise } from '../compare/noise.ts';
import { NOISE_DEFAULTS, type NoiseFlags, resolveNoiseConfig } from '../config/noise-config.ts';
import { RUN_DEFAULTS, type RunConfig } from '../config/run-config.ts';
import { readTopology } from '../observe/topology.ts';
import { withSchema } from '../reports/json.ts';
import { noiseReport } from '../reports/noise.ts';
import { saveNoise } from '../results/noise.ts';
import { EnvironmentError } from '../util/errors.ts';
import { loadWorkloads } from '../workloads/load.ts';
import { printPlan } from './dry-run.ts';
import { listOption, resultsOption } from './options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from './output.ts';
import { endAsMeasured, measureRun, waitOption } from './run-deps.ts';

interface NoiseOptions extends NoiseFlags, PrintOptions {
  readonly dryRun?: boolean;
  readonly wait?: boolean;
}

const EXAMPLES = `
Examples:
  iomodels-bench noise
  iomodels-bench noise --models epoll-lt --workloads ping-pong --blocks 20 --json

Measures every model twice under two labels, and compares what does not differ as compare does. What
it finds is kept under --results in noise/, and compare quotes it.`;

/** `noise`: how often compare is wrong here about equals, and the smallest change that it sees. */
export function registerNoise(command: Command, signal: AbortSignal): void {
  const { blocks, durationMs, warmupMs } = RUN_DEFAULTS;
  command
    .addOption(
      listOption(
        '--models <list>',
        `models or globs, separated by commas (default: ${NOISE_DEFAULTS.models})`,
      ),
    )
    .addOption(
      listOption(
        '--workloads <list>',
        'workloads or globs, separated by commas (default: those of the profile)',
      ),
    )
    .option('--profile <name>', 'default: within two minutes; full: all workloads (default: default)')
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
    .addOption(listOption('--client-cpus <list>', 'CPU for the load generator (default: one of its own)'))
    .addOption(waitOption())
    .addOption(resultsOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout: the certificate')
    .option('--dry-run', 'print the plan and measure nothing')
    .addHelpText('after', EXAMPLES)
    .action((options: NoiseOptions) => noise(options, signal));
}

async function noise(options: NoiseOptions, signal: AbortSignal): Promise<void> {
  const config = configure(options);
  for (const warning of config.warnings) process.stderr.write(`warning: ${warning}\n`);
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
  const certificate = certifyNoise(result, {
    seed: config.settings.seed,
    compare: (base, current) => compareRuns([base], [current]),
  });
  const file = await saveNoise(options.results, certificate);
  if (options.json) {
    await write(`${JSON.stringify(withSchema('noise', certificate), null, 1)}\n`);
    process.stderr.write(`stored in ${file}\n`);
  } else {
    await writeDocument(noiseReport(certificate, result.record), {
      ...options,
      stored: `\nrun stored in ${outcome.folder}\ncertificate stored in ${file}`,
    });
  }
  endAsMeasured(outcome, signal);
}

function configure(options: NoiseOptions): RunConfig {
  return resolveNoiseConfig(options, {
    workloads: loadWorkloads(),
    topology: readTopology(),
    randomSeed: randomInt(0x7fffffff),
  });
}
