import { randomInt } from 'node:crypto';
import type { Command } from 'commander';
import { compileHelpers } from '../build/compile.ts';
import { HELPERS_DIR, readTool, WORKLOADS_DIR } from '../build/package.ts';
import { RUN_DEFAULTS, type RunConfig, type RunFlags, resolveRunConfig } from '../config/run-config.ts';
import { loadGenerator } from '../load/ffi.ts';
import { readEnvironment } from '../measure/environment.ts';
import { readTopology } from '../measure/topology.ts';
import { MODELS } from '../models/registry.ts';
import { planRun, trialsOfBlock } from '../plan/plan-run.ts';
import { createProgress } from '../render/progress.ts';
import { renderRun } from '../render/run.ts';
import { toShowJson } from '../results/json.ts';
import { createStore } from '../results/store.ts';
import { hasFailures, interrupted, type RunDeps, type RunOutcome, runBenchmark } from '../run.ts';
import { launchServer } from '../server/launch.ts';
import { preflightEcho } from '../server/preflight.ts';
import { probeModel } from '../server/probe.ts';
import { summarize } from '../stats/summarize.ts';
import { EXIT } from '../util/errors.ts';
import { loadWorkloadFile, loadWorkloads } from '../workloads/load.ts';
import { terminal, write } from './output.ts';
import { outOption } from './show.ts';

interface RunOptions extends Omit<RunFlags, 'ownWorkloads'> {
  readonly workload: readonly string[];
  readonly out: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

const EXAMPLES = `
Examples:
  iomodels-bench run
  iomodels-bench run --models 'epoll-*,io_uring' --workloads ping-pong --blocks 20
  iomodels-bench run --models epoll-lt,epoll-lt          a model against itself: no difference
  iomodels-bench run --workload ./mine.json --precision 2% --max-time 10m`;

/** `run`: measures models under workloads and prints a table per workload. */
export function registerRun(program: Command, signal: AbortSignal): void {
  const collect = (value: string, all: readonly string[]) => [...all, value];
  program
    .command('run')
    .description('measure models under workloads, store every trial, print the tables')
    .option('--models <list>', 'models or globs, separated by commas (default: all)')
    .option('--workloads <list>', 'workloads or globs, separated by commas (default: those of the profile)')
    .option('--workload <file>', 'a workload file of your own; may be repeated', collect, [])
    .option(
      '--profile <name>',
      `default: a few workloads; full: all of them (default: ${RUN_DEFAULTS.profile})`,
    )
    .option('--blocks <n>', `repetitions of every cell (default: ${RUN_DEFAULTS.blocks})`)
    .option('--duration <time>', `measured time of one trial (default: ${RUN_DEFAULTS.durationMs}ms)`)
    .option(
      '--warmup <time>',
      `load before it, on the same connections (default: ${RUN_DEFAULTS.warmupMs}ms)`,
    )
    .option('--seed <n>', 'decides the order of trials and the messages (default: random, stored)')
    .option('--baseline <model>', `the row that ratios refer to (default: ${RUN_DEFAULTS.baseline})`)
    .option('--server-cpus <list>', 'CPUs for the servers, such as 1 or 0,2-3 (default: one of its own)')
    .option('--client-cpus <list>', 'CPU for the load generator (default: one of its own)')
    .option('--precision <p>', 'add blocks until every ratio is known to within p, such as 2% (default: off)')
    .option('--max-time <time>', 'start no further block after this time, such as 10m (default: none)')
    .addOption(outOption())
    .option('--json', 'print only JSON on stdout')
    .option('--dry-run', 'print the plan and measure nothing')
    .addHelpText('after', EXAMPLES)
    .action((options: RunOptions) => run(options, signal));
}

async function run(options: RunOptions, signal: AbortSignal): Promise<void> {
  const config = await configure(options);
  for (const warning of config.warnings) process.stderr.write(`warning: ${warning}\n`);
  if (options.dryRun) return dryRun(config, options.json === true);

  const progress = createProgress(process.stderr);
  const deps = realDeps(options.out);
  let outcome: RunOutcome;
  try {
    outcome = await runBenchmark(
      { settings: config.settings, runId: newRunId(deps.now()), warnings: config.warnings },
      deps,
      { listener: progress, signal },
    );
  } catch (error) {
    if (signal.aborted) throw interrupted(null);
    throw error;
  } finally {
    progress.stop();
  }
  await report(outcome, options.json === true);
  if (signal.aborted) throw interrupted(outcome.folder);
  if (hasFailures(outcome.result)) process.exitCode = EXIT.trialFailed;
}

async function configure(options: RunOptions): Promise<RunConfig> {
  const ownWorkloads = await Promise.all(options.workload.map(loadWorkloadFile));
  return resolveRunConfig(
    { ...options, ownWorkloads },
    {
      workloads: await loadWorkloads(WORKLOADS_DIR),
      topology: readTopology(),
      randomSeed: randomInt(0x7fffffff),
    },
  );
}

/** What would be measured, without compiling or probing anything. */
async function dryRun(config: RunConfig, json: boolean): Promise<void> {
  const { limits } = readEnvironment();
  const plan = planRun({ settings: config.settings, models: MODELS, nofile: limits.nofile, support: [] });
  const trials = Array.from({ length: config.settings.blocks }, (_, block) =>
    trialsOfBlock(plan, block),
  ).flat();
  if (json)
    return write(`${JSON.stringify({ settings: plan.settings, cells: plan.cells, trials }, null, 1)}\n`);
  const lines = trials.map((trial) => `block ${trial.block + 1}  ${trial.label}  ${trial.workload}`);
  const skipped = plan.cells.flatMap((cell) =>
    cell.skipReason === null ? [] : [`skipped  ${cell.label}  ${cell.workload}: ${cell.skipReason}`],
  );
  const loadS = (trials.length * (config.settings.warmupMs + config.settings.durationMs)) / 1000;
  const total = `${trials.length} trials, ${loadS.toFixed(1)} s of load, seed ${config.settings.seed}`;
  return write(`${[...lines, ...skipped, total].join('\n')}\n`);
}

async function report({ result, folder }: RunOutcome, json: boolean): Promise<void> {
  if (json) {
    await write(`${JSON.stringify(toShowJson(result, summarize(result), { trials: false }), null, 1)}\n`);
    process.stderr.write(`stored in ${folder}\n`);
    return;
  }
  await write(`${renderRun(result, terminal(process.stdout))}\nstored in ${folder}\n`);
}

function realDeps(outDir: string): RunDeps {
  return {
    compile: (request) => compileHelpers({ sourceDir: HELPERS_DIR, ...request }),
    probe: probeModel,
    readEnvironment: () => readEnvironment(),
    loadGenerator,
    launch: launchServer,
    preflight: preflightEcho,
    createStore: (runId) => createStore(outDir, runId),
    monotonicMs: () => performance.now(),
    now: () => new Date().toISOString(),
    tool: readTool(),
  };
}

/** Sorts by time and does not collide: `20260102-030405-1a2b`. */
function newRunId(now: string): string {
  const stamp = now.slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  return `${stamp}-${randomInt(0x10000).toString(16).padStart(4, '0')}`;
}
