import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Artifacts } from './build/compile.ts';
import { parseCpuList } from './config/cpus.ts';
import { cpusOfRow } from './config/workers.ts';
import { EDGE_FILES_MAX } from './load/abi.ts';
import type { LoadGenerator, LoadReport, LoadRequest } from './load/generator.ts';
import { findModel } from './models/registry.ts';
import type { ModelSpec } from './models/spec.ts';
import { auditSyscalls, type SyscallCounts } from './observe/audit.ts';
import { observe, SYSCALL_PREFIX } from './observe/observe.ts';
import { edgeFilesOf } from './observe/procfs.ts';
import { tracedCalls } from './observe/traced.ts';
import type { Tracepoint } from './observe/tracepoints.ts';
import { CONNECTIONS_SPARE } from './plan/plan-run.ts';
import type {
  AuditRecord,
  Entry,
  Environment,
  Observation,
  RunSettings,
  Trial,
  TrialResult,
} from './results/schema.ts';
import { LOGS_FOLDER, type RunStore } from './results/store.ts';
import { LaunchError, type ServerEnd, type ServerHandle } from './server/launch.ts';
import { acceptedByWorkerOf, type Ready, type ServerStats } from './server/protocol.ts';
import type { TracedServer } from './server/strace.ts';
import { messageOf } from './util/errors.ts';
import { NS_PER_MS, NS_PER_S } from './util/units.ts';
import type { Workload } from './workloads/schema.ts';

/**
 * All connections of a workload must stand within this time: some in any case, and for each connection five times what it
 * takes where an instruction is a nanosecond, 0.2 ms.
 */
export const CONNECT_TIMEOUT_NS = { least: 30 * NS_PER_S, perConnection: NS_PER_MS } as const;
/** No answer at all for this long, with requests in flight, is a failure and not a slow server. */
export const STALL_TIMEOUT_NS = 10 * NS_PER_S;
/** A server whose connections broke because it ends is gone within this time. */
const END_TIMEOUT_MS = 500;

/** The part of the world that a trial needs. */
export interface TrialDeps {
  launch(path: string, args: readonly string[], signal: AbortSignal): Promise<ServerHandle>;
  /** As `launch`, with strace counting. */
  launchTraced(
    path: string,
    args: readonly string[],
    options: { readonly outputFile: string; readonly signal: AbortSignal },
  ): Promise<TracedServer>;
  preflight(port: number, signal: AbortSignal): Promise<void>;
  /** Where the servers run; null: here, as children of this process. */
  readonly away: Away | null;
  /** A clock that never goes back, in milliseconds. */
  monotonicMs(): number;
  /** Now, as ISO 8601. */
  now(): string;
}

/** How a trial elsewhere went: what its server said, and what the load reported; the stage is the one that broke. */
export interface AwayAnswer {
  readonly stage: 'launch' | 'preflight' | 'load' | null;
  readonly message: string;
  readonly ready: Ready | null;
  readonly stats: ServerStats | null;
  readonly stderr: string;
  readonly report: LoadReport | null;
}

/** Server, echo check and load in one, where this process is not: by an agent. */
export interface Away {
  /** Rejects where the agent itself broke; what breaks of a trial is an answer. */
  trial(
    ask: {
      readonly program: string;
      readonly args: readonly string[];
      readonly load: Omit<LoadRequest, 'port' | 'serverPid' | 'countersPath'>;
    },
    signal: AbortSignal,
  ): Promise<AwayAnswer>;
}

/** What all trials of a run share. */
export interface Execution {
  readonly settings: RunSettings;
  readonly artifacts: Artifacts;
  readonly generator: LoadGenerator;
  readonly environment: Environment;
  /** `cpu.stat` of the cgroups whose CPU quota holds for this process. */
  readonly quotaFiles: readonly string[];
  readonly store: RunStore;
  readonly deps: TrialDeps;
  readonly signal: AbortSignal;
  /** Those that an audit counts; none without one. */
  readonly tracepoints: readonly Tracepoint[];
  /** Set-up counts of traced servers, by command line; filled as trials need them. */
  readonly idleLives: Map<string, Promise<IdleLife>>;
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
    switch (trial.counter) {
      case 'own': {
        const subject = subjectOf(trial, execution);
        const { away, launch } = execution.deps;
        const { observation } = await (away
          ? serveAway(subject, execution, away)
          : serve(subject, execution, launch));
        return { ...common(), status: 'measured', observation };
      }
      case 'cpu': {
        const { observation } = await serve(subjectOf(trial, execution), execution, execution.deps.launch);
        return { ...common(), status: 'counted', observation };
      }
      case 'tracepoint': {
        const { observation, audit } = await auditByTracepoints(subjectOf(trial, execution), execution);
        return { ...common(), status: 'audited', observation, audit };
      }
      case 'strace': {
        const { observation, audit } = await auditByStrace(subjectOf(trial, execution), execution);
        return { ...common(), status: 'audited', observation, audit };
      }
    }
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

/** What a trial is about: the names of the plan, looked up. */
interface Subject {
  readonly trial: Trial;
  readonly model: ModelSpec;
  readonly workload: Workload;
  /** Of the server, or of the command that starts it. */
  readonly path: string;
  readonly args: readonly string[];
  /** A command before the server, of a variant. */
  readonly prefix: readonly string[];
  /** That it may run on; null: not pinned. */
  readonly serverCpus: readonly number[] | null;
}

function subjectOf(trial: Trial, { settings, artifacts }: Execution): Subject {
  const model = findModel(trial.model);
  const workload = settings.workloads.find((candidate) => candidate.id === trial.workload);
  if (!model || !workload)
    throw new Error(`the plan names ${trial.model} under ${trial.workload}, which do not exist`);
  const path = artifacts.servers.get(model.program);
  if (path === undefined) throw new Error(`${model.program} was not compiled`);
  const connsMax = Math.min(
    workload.connections + CONNECTIONS_SPARE,
    model.connectionsMax ?? Number.POSITIVE_INFINITY,
  );
  const args = [...model.options, `--conns-max=${connsMax}`];
  const entry: Pick<Entry, 'workers' | 'variant'> =
    settings.entries.find(({ label }) => label === trial.label) ?? {};
  const serverCpus = cpusOfRow(settings.serverCpus, entry);
  if (serverCpus) args.push(`--cpu=${serverCpus.join(',')}`);
  if (entry.workers !== undefined && entry.workers > 1) args.push(`--workers=${entry.workers}`);
  const { handicap } = settings;
  if (handicap?.labels.includes(trial.label)) args.push(`--handicap-ns=${handicap.ns}`);
  const prefix = entry.variant?.prefix ?? [];
  const [command, ...rest] = [...prefix, path, ...args];
  return { trial, model, workload, path: command ?? path, args: rest, prefix, serverCpus };
}

type Launch = TrialDeps['launch'];

/** What came of a server's life: what was observed, and its own totals. */
interface Served {
  readonly observation: Observation;
  readonly report: LoadReport;
  readonly stats: ServerStats | null;
}

async function serve(subject: Subject, execution: Execution, launch: Launch): Promise<Served> {
  const { trial, workload } = subject;
  const server = await launchFor(subject, execution, launch);
  let stats: ServerStats | null = null;
  let observed: Omit<Served, 'stats'>;
  try {
    observed = await drive(subject, execution, server);
  } finally {
    stats = await server.stop();
    const said = server.stderr();
    if (said) await execution.store.saveLog(`${trial.index}-${trial.label}-${workload.id}.stderr`, said);
  }
  return { ...observed, observation: withWorkersOf(observed.observation, stats), stats };
}

/** With what the last words of the server say of its workers. */
function withWorkersOf(observation: Observation, stats: ServerStats | null): Observation {
  const acceptedByWorker = stats === null ? null : acceptedByWorkerOf(stats);
  return { ...observation, server: { ...observation.server, acceptedByWorker } };
}

/** The same by an agent, in one exchange. */
async function serveAway(subject: Subject, execution: Execution, away: Away): Promise<Served> {
  const { trial, workload, model, args } = subject;
  if (!model.preflight)
    throw new TrialError(
      'preflight',
      'it is known to fail the echo check, and an agent makes no trial without',
    );
  const load = loadOf(subject, execution, { edgeFiles: [edgeFilesOf('{pid}').serverStatus] });
  const answer = await away.trial({ program: model.program, args, load }, execution.signal);
  const { ready, report, stats, stderr } = answer;
  const said = stderr.trim();
  if (said) await execution.store.saveLog(`${trial.index}-${trial.label}-${workload.id}.stderr`, said);
  const why = (message: string) => `${message}${said ? ` (server: ${said})` : ''}`;
  if (answer.stage !== null) throw new TrialError(answer.stage, why(answer.message));
  if (ready === null || report === null) throw new TrialError('launch', why('the agent has no answer to it'));
  if (report.status !== 'ok') throw new TrialError('load', why(`${report.status}: ${report.message}`));
  try {
    const observation = observed(subject, execution, { report, server: ready });
    return { observation: withWorkersOf(observation, stats), report, stats };
  } catch (cause) {
    throw new TrialError('measure', why(messageOf(cause)), { cause });
  }
}

/** The echo check. One that is known to fail it shows by the bytes of the load that it echoes that. */
async function preflight({ model }: Subject, { deps, signal }: Execution, server: ServerHandle) {
  if (model.preflight) await inStage('preflight', server, () => deps.preflight(server.port, signal));
}

/** The echo check, the load, and what it showed. */
async function drive(subject: Subject, execution: Execution, server: ServerHandle) {
  await preflight(subject, execution, server);
  const request = loadRequest(subject, server, execution);
  const report = await inStage('load', server, () => execution.generator.run(request, execution.signal));
  if (report.status !== 'ok') throw new TrialError('load', await loadFailure(report, server));
  const observation = await inStage('measure', server, async () =>
    observed(subject, execution, { report, server }),
  );
  return { report, observation };
}

/** What a trial showed. @param server as it named itself. */
function observed(
  { model, workload, serverCpus }: Subject,
  { settings, environment, quotaFiles }: Execution,
  { report, server }: { readonly report: LoadReport; readonly server: Pick<Ready, 'pid' | 'congestion'> },
): Observation {
  return observe({
    report,
    model,
    serverPid: server.pid,
    serverCpus,
    clientCpus: settings.clientCpus,
    cpusAllowed: countCpusAllowed(environment),
    irqTimeAccounting: environment.irqTimeAccounting,
    quotaFiles,
    serverCongestion: server.congestion,
    guest: environment.guest,
    isPaced: workload.mode === 'open',
  });
}

/** The same server after no more than the echo check: what strace's lifetime counts start from. */
interface IdleLife {
  readonly own: SyscallCounts;
  readonly counted: SyscallCounts;
}

/** Counts with the kernel's tracepoints over the window, and compares with the server's own counts. */
async function auditByTracepoints(subject: Subject, execution: Execution) {
  const { observation, report } = await serve(subject, execution, execution.deps.launch);
  const traced = tracedCalls(report, execution.tracepoints);
  // Where the server went on meanwhile, all and named calls were not read at the same moment.
  const unnamed = traced.exact && traced.unnamed ? { 'calls without a name': traced.unnamed } : {};
  // Helper threads of a server that did not come to rest may be anywhere: one call each.
  const helpers = traced.exact ? 0 : (observation.server.threads ?? 1) - 1;
  const counted = { ...traced.counted, ...unnamed };
  const audit = auditSyscalls({
    own: traced.own,
    counted,
    claimed: traced.claimed,
    uncounted: subject.model.uncounted,
    underWay: helpers,
    unnoticed: helpers,
    steadyState: true,
  });
  return {
    observation,
    audit: {
      period: 'window',
      own: withoutZeros(traced.own[0]),
      counted: withoutZeros(counted),
      ...audit,
    } satisfies AuditRecord,
  };
}

/** Counts with strace over a server's life, and compares with what the server says of the same life. */
async function auditByStrace(subject: Subject, execution: Execution) {
  const { trial } = subject;
  const idle = await idleLife(subject, execution);
  let traced: TracedServer | undefined;
  const launch: Launch = async (path, args, signal) => {
    const outputFile = straceFile(execution, `${trial.index}-${trial.label}-${trial.workload}`);
    traced = await execution.deps.launchTraced(path, args, { outputFile, signal });
    return traced;
  };
  const { observation, report, stats } = await serve(subject, execution, launch);
  if (!stats || !traced) throw new TrialError('audit', 'the traced server ended without its stats line');
  const own = subtract(stats.syscalls, idle.own);
  const counted = subtract(await traced.counts(), idle.counted);
  const audit = auditSyscalls({
    own: [own, own],
    counted,
    claimed: claimedBy(report),
    uncounted: subject.model.uncounted,
    // Threads that end inside a call: strace counts a call when it returns.
    underWay: (observation.server.threads ?? 1) - 1,
    unnoticed: 0,
    steadyState: false,
  });
  return {
    observation,
    audit: { period: 'lifetime' as const, own, counted, ...audit } satisfies AuditRecord,
  };
}

/** Traced once for every program and set of arguments, for every trial that needs it. */
function idleLife(subject: Subject, execution: Execution): Promise<IdleLife> {
  const key = [subject.path, ...subject.args].join(' ');
  const known = execution.idleLives.get(key);
  if (known) return known;
  const measured = traceIdle(subject, execution);
  execution.idleLives.set(key, measured);
  return measured;
}

async function traceIdle(subject: Subject, execution: Execution): Promise<IdleLife> {
  const outputFile = straceFile(execution, `idle-${execution.idleLives.size}-${subject.model.id}`);
  let traced: TracedServer | undefined;
  const server = await launchFor(subject, execution, async (path, args, signal) => {
    traced = await execution.deps.launchTraced(path, args, { outputFile, signal });
    return traced;
  });
  let stats: ServerStats | null = null;
  try {
    await preflight(subject, execution, server);
  } finally {
    stats = await server.stop();
  }
  if (!stats || !traced) throw new TrialError('audit', 'the idle traced server ended without its stats line');
  return { own: stats.syscalls, counted: await traced.counts() };
}

function straceFile(execution: Execution, name: string): string {
  return join(execution.store.folder, LOGS_FOLDER, `${name}.strace`);
}

/** Names that the server counts, by its counters page. */
function claimedBy(report: LoadReport): string[] {
  return Object.keys(report.end.counters)
    .filter((name) => name.startsWith(SYSCALL_PREFIX))
    .map((name) => name.slice(SYSCALL_PREFIX.length));
}

function withoutZeros(counts: SyscallCounts): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, value]) => value > 0));
}

/** What is left of each count; never below zero, names that come to nothing are left out. */
function subtract(counts: SyscallCounts, base: SyscallCounts): Record<string, number> {
  return withoutZeros(
    Object.fromEntries(
      Object.entries(counts).map(([name, value]) => [name, Math.max(0, value - (base[name] ?? 0))]),
    ),
  );
}

/** Not those of the host: a container or taskset may leave this process fewer. */
function countCpusAllowed({ cpus, cpusAllowed }: Environment): number {
  return parseCpuList(cpusAllowed ?? '')?.length ?? cpus;
}

async function launchFor(subject: Subject, execution: Execution, launch: Launch): Promise<ServerHandle> {
  let server: ServerHandle;
  try {
    server = await launch(subject.path, subject.args, execution.signal);
  } catch (cause) {
    if (!(cause instanceof LaunchError)) throw cause;
    throw new TrialError('launch', cause.message, { cause });
  }
  // A tracer starts it as its child on purpose.
  if (server.isStarted || subject.prefix.length === 0 || launch !== execution.deps.launch) return server;
  await server.stop();
  throw new TrialError(
    'launch',
    `${subject.prefix.join(' ')} starts the server as another process instead of becoming it, so that not the server would be measured; use a command that executes it, such as env, numactl, setarch or chrt`,
  );
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

function loadRequest(subject: Subject, server: ServerHandle, execution: Execution): LoadRequest {
  const files = [...Object.values(edgeFilesOf(server.pid)), ...execution.quotaFiles];
  return {
    ...loadOf(subject, execution, { edgeFiles: files.slice(0, EDGE_FILES_MAX) }),
    port: server.port,
    serverPid: server.pid,
    countersPath: `/proc/${server.pid}/fd/${server.countersFd}`,
  };
}

/** All of it that a server does not say. */
function loadOf(
  { trial, model, workload }: Subject,
  { settings, tracepoints }: Execution,
  { edgeFiles }: Pick<LoadRequest, 'edgeFiles'>,
): Omit<LoadRequest, 'port' | 'serverPid' | 'countersPath'> {
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
    connections: workload.connections,
    messageBytes: workload.messageBytes,
    seed: trial.seed,
    warmupNs: settings.warmupMs * NS_PER_MS,
    measureNs: settings.durationMs * NS_PER_MS,
    connectTimeoutNs: CONNECT_TIMEOUT_NS.least + workload.connections * CONNECT_TIMEOUT_NS.perConnection,
    stallTimeoutNs: STALL_TIMEOUT_NS,
    clientCpus: settings.clientCpus,
    edgeFiles,
    traceIds: trial.counter === 'tracepoint' ? tracepoints.map((event) => event.id) : [],
    hardware: trial.counter === 'cpu',
    kernelThreads: model.kernelThreads,
  };
}
