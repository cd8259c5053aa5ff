import { setTimeout as delay } from 'node:timers/promises';
import type { Artifacts, CompileRequest } from './build/compile.ts';
import { parseCpuList } from './config/cpus.ts';
import type { LoadGenerator, LoadReport, LoadRequest } from './load/generator.ts';
import { observe } from './measure/observe.ts';
import { edgeFilesOf } from './measure/procfs.ts';
import { findModel, MODELS, type ModelSpec } from './models/registry.ts';
import { CONNECTIONS_SPARE, planRun, type RunPlan, trialsOfBlock } from './plan/plan-run.ts';
import type {
  Environment,
  RunRecord,
  RunResult,
  RunSettings,
  Support,
  Trial,
  TrialResult,
} from './results/schema.ts';
import { SCHEMA_VERSION } from './results/schema.ts';
import type { RunStore } from './results/store.ts';
import { LaunchError, type ServerEnd, type ServerHandle } from './server/launch.ts';
import { BLOCKS_MIN } from './stats/bootstrap.ts';
import { halfWidths, summarize } from './stats/summarize.ts';
import { EnvironmentError, InterruptedError, messageOf } from './util/errors.ts';
import { MS_PER_S, NS_PER_MS, NS_PER_S } from './util/units.ts';
import type { Workload } from './workloads/schema.ts';

/** All connections of a workload must stand within this time. */
export const CONNECT_TIMEOUT_NS = 30 * NS_PER_S;
/** No answer at all for this long, with requests in flight, is a failure and not a slow server. */
export const STALL_TIMEOUT_NS = 10 * NS_PER_S;
/** A server whose connections broke because it ends is gone within this time. */
const END_TIMEOUT_MS = 500;

/** The world as `run` sees it; each part has a fake beside it. */
export interface RunDeps {
  compile(request: Pick<CompileRequest, 'programs' | 'signal'>): Promise<Artifacts>;
  probe(model: ModelSpec, path: string): Promise<Support>;
  readEnvironment(): Environment;
  loadGenerator(libraryPath: string): LoadGenerator;
  launch(path: string, args: readonly string[], signal: AbortSignal): Promise<ServerHandle>;
  preflight(port: number, signal: AbortSignal): Promise<void>;
  createStore(runId: string): Promise<RunStore>;
  /** A clock that never goes back, in milliseconds. */
  monotonicMs(): number;
  /** Now, as ISO 8601. */
  now(): string;
  readonly tool: { readonly name: string; readonly version: string };
}

/** What a run tells while it goes on. */
export interface RunListener {
  planned(plan: RunPlan, folder: string): void;
  trialStarted(trial: Trial, done: number, planned: number, load: LoadGenerator): void;
  trialEnded(result: TrialResult): void;
  blockEnded(block: number, blocks: number): void;
}

export interface RunRequest {
  readonly settings: RunSettings;
  readonly runId: string;
  readonly warnings: readonly string[];
}

export interface RunOutcome {
  readonly result: RunResult;
  readonly folder: string;
}

/** What all trials of a run share. */
interface Execution {
  readonly plan: RunPlan;
  readonly artifacts: Artifacts;
  readonly generator: LoadGenerator;
  readonly environment: Environment;
  readonly store: RunStore;
  readonly deps: RunDeps;
  readonly signal: AbortSignal;
}

/**
 * Plans a run, compiles and probes what it needs, measures it block by block and saves every trial as
 * it ends. An abort ends it early with status `interrupted`; what is saved stays. Throws
 * `EnvironmentError` without a compiler, if no cell can be measured, or if results cannot be written.
 */
export async function runBenchmark(
  request: RunRequest,
  deps: RunDeps,
  options: { readonly listener: RunListener; readonly signal: AbortSignal },
): Promise<RunOutcome> {
  const { listener, signal } = options;
  const startedMs = deps.monotonicMs();
  const { artifacts, support, environment } = await prepare(request.settings, deps, signal);
  const plan = planRun({
    settings: request.settings,
    models: MODELS,
    nofile: environment.limits.nofile,
    support,
  });
  requireSomething(plan);
  const store = await deps.createStore(request.runId);
  const execution: Execution = {
    plan,
    artifacts,
    environment,
    store,
    deps,
    signal,
    generator: deps.loadGenerator(artifacts.loadgen),
  };
  let record = newRecord(request, execution, support);
  await store.saveRecord(record);
  listener.planned(plan, store.folder);

  const trials: TrialResult[] = [];
  const finish = async (status: RunRecord['status']) => {
    const wallMs = deps.monotonicMs() - startedMs;
    record = {
      ...record,
      status,
      finishedAt: deps.now(),
      timing: timingOf(request.settings, trials, wallMs),
    };
    await store.saveRecord(record);
  };
  try {
    await measureBlocks({ execution, record, trials, startedMs }, listener);
  } catch (error) {
    // The record is worth less than the reason: a full disk fails both.
    await finish(signal.aborted ? 'interrupted' : 'broken').catch(() => {});
    if (!signal.aborted) throw error;
    return { result: { record, trials, problems: [] }, folder: store.folder };
  }
  await finish('complete');
  return { result: { record, trials, problems: [] }, folder: store.folder };
}

async function prepare(settings: RunSettings, deps: RunDeps, signal: AbortSignal) {
  const models = distinctModels(settings);
  const programs = [...new Set(models.map((model) => model.program))];
  const environment = deps.readEnvironment();
  const artifacts = await deps.compile({ programs, signal });
  const support = await Promise.all(
    models.map((model) => deps.probe(model, artifacts.servers.get(model.program) ?? model.program)),
  );
  signal.throwIfAborted();
  return { artifacts, support, environment };
}

function distinctModels(settings: RunSettings): ModelSpec[] {
  const ids = [...new Set(settings.entries.map((entry) => entry.model))];
  return ids.flatMap((id) => findModel(id) ?? []);
}

function requireSomething(plan: RunPlan): void {
  if (plan.cells.some((cell) => cell.skipReason === null)) return;
  const reasons = plan.cells.map((cell) => `${cell.label} under ${cell.workload}: ${cell.skipReason}`);
  throw new EnvironmentError(`nothing can be measured here:\n${reasons.join('\n')}`);
}

function newRecord(request: RunRequest, execution: Execution, support: readonly Support[]): RunRecord {
  return {
    schemaVersion: SCHEMA_VERSION,
    runId: request.runId,
    tool: execution.deps.tool,
    startedAt: execution.deps.now(),
    finishedAt: null,
    status: 'running',
    settings: request.settings,
    cells: [...execution.plan.cells],
    environment: execution.environment,
    build: execution.artifacts.info,
    support: [...support],
    warnings: [...request.warnings],
    timing: null,
  };
}

interface Measuring {
  readonly execution: Execution;
  readonly record: RunRecord;
  readonly trials: TrialResult[];
  readonly startedMs: number;
}

/** Measures the planned blocks, then further ones while the precision asked for is not reached. */
async function measureBlocks(measuring: Measuring, listener: RunListener): Promise<void> {
  const { plan, signal } = measuring.execution;
  const perBlock = plan.cells.filter((cell) => cell.skipReason === null).length;
  for (let block = 0; wantsBlock(measuring, block); block++) {
    const blocks = Math.max(plan.settings.blocks, block + 1);
    for (const [position, trial] of trialsOfBlock(plan, block).entries()) {
      listener.trialStarted(
        trial,
        block * perBlock + position,
        blocks * perBlock,
        measuring.execution.generator,
      );
      const result = await measureTrial(trial, measuring.execution);
      signal.throwIfAborted();
      measuring.trials.push(result);
      await measuring.execution.store.appendTrial(result);
      listener.trialEnded(result);
    }
    listener.blockEnded(block, blocks);
  }
}

/** Blocks that `--precision` may lead to when no `--max-time` ends it. */
const BLOCKS_MAX = 1000;

function wantsBlock({ execution, record, trials, startedMs }: Measuring, block: number): boolean {
  const { settings } = execution.plan;
  const elapsedS = (execution.deps.monotonicMs() - startedMs) / MS_PER_S;
  // At least one block, whatever the time: a run without a trial helps nobody.
  if (block > 0 && settings.maxTimeS !== null && elapsedS >= settings.maxTimeS) return false;
  if (block < settings.blocks) return true;
  if (settings.precision === null || block >= BLOCKS_MAX) return false;
  const precision = settings.precision;
  return halfWidths(summarize({ record, trials, problems: [] })).some(({ halfWidth }) =>
    // Without an interval after so many blocks, the row or its baseline keeps failing: more do not help.
    halfWidth === null ? block < 2 * BLOCKS_MIN : halfWidth > precision,
  );
}

/** One trial, on a server of its own. Rejects only for aborts and bugs: what breaks is a result. */
async function measureTrial(trial: Trial, execution: Execution): Promise<TrialResult> {
  const startedAt = execution.deps.now();
  const startedMs = execution.deps.monotonicMs();
  const common = () => ({
    ...trial,
    startedAt,
    wallMs: Math.round(execution.deps.monotonicMs() - startedMs),
  });
  try {
    const observation = await withServer(trial, execution);
    return { ...common(), status: 'measured', observation };
  } catch (error) {
    if (!(error instanceof TrialError)) throw error;
    return { ...common(), status: 'failed', stage: error.stage, message: error.message };
  }
}

type FailedTrial = Extract<TrialResult, { status: 'failed' }>;

/** A trial that broke, and where. */
class TrialError extends Error {
  readonly stage: FailedTrial['stage'];
  constructor(stage: FailedTrial['stage'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.stage = stage;
  }
}

async function withServer(trial: Trial, execution: Execution) {
  const { settings } = execution.plan;
  const model = findModel(trial.model);
  const workload = settings.workloads.find((candidate) => candidate.id === trial.workload);
  if (!model || !workload)
    throw new Error(`the plan names ${trial.model} under ${trial.workload}, which do not exist`);
  const server = await launchFor(model, workload, execution);
  try {
    await inStage('preflight', server, () => execution.deps.preflight(server.port, execution.signal));
    const request = loadRequest({ trial, workload, server, settings });
    const report = await inStage('load', server, () => execution.generator.run(request, execution.signal));
    if (report.status !== 'ok') throw new TrialError('load', await loadFailure(report, server));
    return await inStage('measure', server, async () =>
      observe({
        report,
        model,
        serverPid: server.pid,
        serverCpus: settings.serverCpus,
        clientCpus: settings.clientCpus,
        cpusAllowed: countCpusAllowed(execution.environment),
      }),
    );
  } finally {
    await server.stop();
    const said = server.stderr();
    if (said) await execution.store.saveLog(`${trial.index}-${trial.label}-${trial.workload}.stderr`, said);
  }
}

/** Not those of the host: a container or taskset may leave this process fewer. */
function countCpusAllowed({ cpus, cpusAllowed }: Environment): number {
  return parseCpuList(cpusAllowed ?? '')?.length ?? cpus;
}

async function launchFor(model: ModelSpec, workload: Workload, execution: Execution): Promise<ServerHandle> {
  const { serverCpus } = execution.plan.settings;
  const path = execution.artifacts.servers.get(model.program);
  if (path === undefined) throw new Error(`${model.program} was not compiled`);
  // The spare ones are a comfort, so they give way to what the mechanism can hold.
  const connsMax = Math.min(
    workload.connections + CONNECTIONS_SPARE,
    model.connectionsMax ?? Number.POSITIVE_INFINITY,
  );
  const args = [...model.options, `--conns-max=${connsMax}`];
  if (serverCpus) args.push(`--cpu=${serverCpus.join(',')}`);
  try {
    return await execution.deps.launch(path, args, execution.signal);
  } catch (cause) {
    if (!(cause instanceof LaunchError)) throw cause;
    throw new TrialError('launch', cause.message, { cause });
  }
}

async function inStage<T>(
  stage: FailedTrial['stage'],
  server: ServerHandle,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const said = server.stderr().trim();
    throw new TrialError(stage, `${messageOf(cause)}${said ? ` (server: ${said})` : ''}`, { cause });
  }
}

/** Why the load ended early; if the server's process is gone, how it went says more than its sockets. */
async function loadFailure(report: LoadReport, server: ServerHandle): Promise<string> {
  const broken = report.status === 'server-gone' || report.status === 'connect-failed';
  const end = broken ? await endOf(server) : null;
  const how = end ? ` (the server ended by ${end.signal ?? `exit ${end.exitCode}`})` : '';
  const said = server.stderr().trim();
  return `${report.status}: ${report.message}${how}${said ? ` (server: ${said})` : ''}`;
}

/** How the server ended; null if it lives on, for it may have closed its connections and nothing else. */
async function endOf(server: ServerHandle): Promise<ServerEnd | null> {
  const waiting = new AbortController();
  const limit = delay(END_TIMEOUT_MS, null, { signal: waiting.signal }).catch(() => null);
  try {
    return await Promise.race([server.ended, limit]);
  } finally {
    waiting.abort();
  }
}

interface LoadRequestInput {
  readonly trial: Trial;
  readonly workload: Workload;
  readonly server: ServerHandle;
  readonly settings: RunSettings;
}

function loadRequest({ trial, workload, server, settings }: LoadRequestInput): LoadRequest {
  const shape =
    workload.mode === 'churn'
      ? { mode: 'churn' as const, active: workload.connections, depth: 1, ratePerS: 0 }
      : {
          mode: workload.mode === 'closed' ? ('closed' as const) : (`open-${workload.arrivals}` as const),
          active: workload.active,
          depth: workload.depth,
          ratePerS: workload.mode === 'open' ? workload.ratePerSecond : 0,
        };
  return {
    ...shape,
    port: server.port,
    connections: workload.connections,
    messageBytes: workload.messageBytes,
    seed: trial.seed,
    warmupNs: settings.warmupMs * NS_PER_MS,
    measureNs: settings.durationMs * NS_PER_MS,
    connectTimeoutNs: CONNECT_TIMEOUT_NS,
    stallTimeoutNs: STALL_TIMEOUT_NS,
    serverPid: server.pid,
    countersPath: `/proc/${server.pid}/fd/${server.countersFd}`,
    clientCpu: settings.clientCpus?.[0] ?? null,
    edgeFiles: Object.values(edgeFilesOf(server.pid)),
  };
}

/** How much of the wall time was load: design.md asks for short trials, so the rest must be small. */
function timingOf(
  settings: RunSettings,
  trials: readonly TrialResult[],
  wallMs: number,
): RunRecord['timing'] {
  const loadMs = trials.reduce(
    (sum, trial) =>
      trial.status === 'measured' ? sum + settings.warmupMs + trial.observation.accountedNs / NS_PER_MS : sum,
    0,
  );
  const blocks = new Set(trials.map((trial) => trial.block)).size;
  return {
    wallMs: Math.round(wallMs),
    loadMs: Math.round(loadMs),
    loadShare: wallMs > 0 ? loadMs / wallMs : 0,
    blocks,
  };
}

/** The exit code's reason: whether any trial of the run failed. */
export function hasFailures(result: RunResult): boolean {
  return result.trials.some((trial) => trial.status === 'failed');
}

/** Turns an abort into the error that ends the command. */
export function interrupted(folder: string | null): InterruptedError {
  return new InterruptedError(
    folder === null
      ? 'interrupted before anything was measured'
      : `interrupted; what was measured is in ${folder}`,
  );
}
