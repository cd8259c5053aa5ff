import { setTimeout as delay } from 'node:timers/promises';
import type { Artifacts } from './build/compile.ts';
import { parseCpuList } from './config/cpus.ts';
import type { LoadGenerator, LoadReport, LoadRequest } from './load/generator.ts';
import { observe } from './measure/observe.ts';
import { edgeFilesOf } from './measure/procfs.ts';
import { findModel, type ModelSpec } from './models/registry.ts';
import { CONNECTIONS_SPARE } from './plan/plan-run.ts';
import type { Environment, RunSettings, Trial, TrialResult } from './results/schema.ts';
import type { RunStore } from './results/store.ts';
import { LaunchError, type ServerEnd, type ServerHandle } from './server/launch.ts';
import { messageOf } from './util/errors.ts';
import { NS_PER_MS, NS_PER_S } from './util/units.ts';
import type { Workload } from './workloads/schema.ts';

/** All connections of a workload must stand within this time. */
export const CONNECT_TIMEOUT_NS = 30 * NS_PER_S;
/** No answer at all for this long, with requests in flight, is a failure and not a slow server. */
export const STALL_TIMEOUT_NS = 10 * NS_PER_S;
/** A server whose connections broke because it ends is gone within this time. */
const END_TIMEOUT_MS = 500;

/** The part of the world that a trial needs. */
export interface TrialDeps {
  launch(path: string, args: readonly string[], signal: AbortSignal): Promise<ServerHandle>;
  preflight(port: number, signal: AbortSignal): Promise<void>;
  /** A clock that never goes back, in milliseconds. */
  monotonicMs(): number;
  /** Now, as ISO 8601. */
  now(): string;
}

/** What all trials of a run share. */
export interface Execution {
  readonly settings: RunSettings;
  readonly artifacts: Artifacts;
  readonly generator: LoadGenerator;
  readonly environment: Environment;
  readonly store: RunStore;
  readonly deps: TrialDeps;
  readonly signal: AbortSignal;
}

/** One trial, on a server of its own. Rejects only for aborts and bugs: what breaks is a result. */
export async function measureTrial(trial: Trial, execution: Execution): Promise<TrialResult> {
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
  const { settings } = execution;
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
  const { serverCpus } = execution.settings;
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
