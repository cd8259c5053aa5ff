import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Artifacts } from './build/compile.ts';
import { parseCpuList } from './config/cpus.ts';
import { cpusOfRow } from './config/workers.ts';
import { conductShape, jobArguments } from './drive/file.ts';
import { EDGE_FILES_MAX } from './load/abi.ts';
import type { LoadGenerator, LoadReport, LoadRequest } from './load/generator.ts';
import { findModel } from './models/registry.ts';
import type { ModelSpec } from './models/spec.ts';
import { auditSyscalls, type SyscallCounts } from './observe/audit.ts';
import { observe, SYSCALL_PREFIX } from './observe/observe.ts';
import { edgeFilesOf } from './observe/procfs.ts';
import { tracedCalls } from './observe/traced.ts';
import type { Tracepoint } from './observe/tracepoints.ts';
import { modelsFor } from './plan/foreign-models.ts';
import { CONNECTIONS_SPARE } from './plan/plan-run.ts';
import type {
  AuditRecord,
  Environment,
  ForeignServer,
  Observation,
  RunSettings,
  Trial,
  TrialResult,
} from './results/schema.ts';
import { LOGS_FOLDER, type RunStore } from './results/store.ts';
import type { ForeignRequest } from './server/foreign.ts';
import { LaunchError, type ServerEnd, type ServerHandle } from './server/launch.ts';
import { acceptedByWorkerOf, type Ready, type ServerStats } from './server/protocol.ts';
import type { TracedServer } from './server/strace.ts';
import { messageOf } from './util/errors.ts';
import { NS_PER_MS, NS_PER_S } from './util/units.ts';
import { connectionsOf, type FileWorkload, type Workload } from './workloads/schema.ts';

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
  launch(
    path: string,
    args: readonly string[],
    options: { readonly loadgenPath: string; readonly signal: AbortSignal },
  ): Promise<ServerHandle>;
  /** As `launch`, with strace counting. */
  launchTraced(
    path: string,
    args: readonly string[],
    options: { readonly outputFile: string; readonly signal: AbortSignal },
  ): Promise<TracedServer>;
  /** @param oneByOne bytes of messages that are sent one after another; without them the usual ones. */
  preflight(port: number, signal: AbortSignal, oneByOne?: readonly number[]): Promise<void>;
  /** A server that was not built for this. */
  launchForeign(
    request: ForeignRequest,
    options: { readonly loadgenPath: string; readonly signal: AbortSignal },
  ): Promise<ServerHandle>;
  /** The calls by name that strace wrote into a file. */
  straceCounts(file: string): Promise<SyscallCounts>;
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

/** The files of a run. */
export interface JobFiles {
  pathOf(workload: FileWorkload): string;
  /** Where the kernel counts what their device does; null: not known. */
  readonly deviceStat: string | null;
}

/** What all trials of a run share. */
export interface Execution {
  readonly settings: RunSettings;
  readonly artifacts: Artifacts;
  readonly generator: LoadGenerator;
  readonly environment: Environment;
  /** `cpu.stat` of the cgroups whose CPU quota holds for this process. */
  readonly quotaFiles: readonly string[];
  /** Where workloads of files find theirs; null: there are none. */
  readonly files: JobFiles | null;
  readonly store: RunStore;
  readonly deps: TrialDeps;
  readonly signal: AbortSignal;
  /** Those that an audit counts; none without one. */
  readonly tracepoints: readonly Tracepoint[];
  readonly ending: Ending;
  readonly upcoming: Upcoming;
  /** What is to be known of the run, each once: it is added to its warnings. */
  readonly notes: Set<string>;
  /** Set-up counts of traced servers, by command line; filled as trials need them. */
  readonly idleLives: Map<string, Promise<IdleLife>>;
  /** The like of servers that were not built for this, by cell. */
  readonly briefLives: Map<string, Promise<BriefLife>>;
}

/**
 * One trial, on a server of its own.
 * @param next the trial after it: its server is started as soon as this load is over.
 * Rejects only for aborts and bugs: what breaks is a result.
 */
export async function measureTrial(
  trial: Trial,
  execution: Execution,
  next: Trial | null = null,
): Promise<TrialResult> {
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
        const { away } = execution.deps;
        const { observation } = await (away
          ? serveAway(subject, execution, away)
          : serve(subject, execution, { next }));
        return { ...common(), status: 'measured', observation };
      }
      case 'cpu': {
        const { observation } = await serve(subjectOf(trial, execution), execution, { next });
        return { ...common(), status: 'counted', observation };
      }
      case 'tracepoint': {
        const subject = subjectOf(trial, execution);
        const count = subject.foreign === null ? auditByTracepoints : countByTracepoints;
        const { observation, audit } = await count(subject, execution);
        return { ...common(), status: 'audited', observation, audit };
      }
      case 'strace': {
        const subject = subjectOf(trial, execution);
        const count = subject.foreign === null ? auditByStrace : countByStrace;
        const { observation, audit } = await count(subject, execution);
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
  /** Null: it is of the registry. */
  readonly foreign: ForeignServer | null;
  /** That it may run on; null: not pinned. */
  readonly serverCpus: readonly number[] | null;
  readonly hasWorkers: boolean;
}

function subjectOf(trial: Trial, { settings, artifacts, files }: Execution): Subject {
  const entry = settings.entries.find(({ label }) => label === trial.label);
  const model = findModel(trial.model, modelsFor(settings.entries));
  const workload = settings.workloads.find((candidate) => candidate.id === trial.workload);
  if (!model || !workload)
    throw new Error(`the plan names ${trial.model} under ${trial.workload}, which do not exist`);
  const prefix = entry?.variant?.prefix ?? [];
  if (entry?.server) {
    const { server } = entry;
    const [path = '', ...args] = server.command;
    const { serverCpus } = settings;
    return {
      ...{ trial, model, workload, path, args, prefix, serverCpus },
      foreign: server,
      hasWorkers: false,
    };
  }
  const path = artifacts.servers.get(model.program);
  if (path === undefined) throw new Error(`${model.program} was not compiled`);
  const connsMax = Math.min(
    connectionsOf(workload) + CONNECTIONS_SPARE,
    model.connectionsMax ?? Number.POSITIVE_INFINITY,
  );
  const args = [...model.options, `--conns-max=${connsMax}`];
  if (workload.mode === 'job') {
    if (files === null) throw new Error(`${workload.id} has no file`);
    args.push(...jobArguments(model, workload, { path: files.pathOf(workload), seed: trial.seed }));
  }
  const workers = entry?.workers;
  const serverCpus =
    workload.mode === 'job' ? cpusOfJob(model, settings) : cpusOfRow(settings.serverCpus, entry ?? {});
  if (serverCpus) args.push(`--cpu=${serverCpus.join(',')}`);
  if (workers !== undefined && workers > 1) args.push(`--workers=${workers}`);
  const { handicap } = settings;
  if (handicap?.labels.includes(trial.label)) args.push(`--handicap-ns=${handicap.ns}`);
  const [command, ...rest] = [...prefix, path, ...args];
  return {
    ...{ trial, model, workload, path: command ?? path, args: rest, prefix, serverCpus },
    foreign: null,
    hasWorkers: workers !== undefined,
  };
}

/** Whoever conducts a job sleeps meanwhile: helper threads of a program may have the client's CPUs as well. */
function cpusOfJob(
  { tasks }: Pick<ModelSpec, 'tasks'>,
  { serverCpus, clientCpus }: Pick<RunSettings, 'serverCpus' | 'clientCpus'>,
): readonly number[] | null {
  if (tasks === 'one' || serverCpus === null || clientCpus === null) return serverCpus;
  return [...new Set([...serverCpus, ...clientCpus])].sort((a, b) => a - b);
}

type Launch = (subject: Subject, execution: Execution) => Promise<ServerHandle>;

/** As it is measured: not traced. */
const startServer: Launch = (subject, { artifacts, deps, settings, signal }) =>
  subject.foreign === null
    ? deps.launch(subject.path, subject.args, { loadgenPath: artifacts.loadgen, signal })
    : deps.launchForeign(foreignRequest(subject, { settings, traceTo: null }), {
        loadgenPath: artifacts.loadgen,
        signal,
      });

function foreignRequest(
  { trial, foreign, path, args, prefix }: Subject,
  { settings, traceTo }: { readonly settings: RunSettings; readonly traceTo: string | null },
): ForeignRequest {
  return {
    name: trial.label,
    command: [...prefix, path, ...args],
    env: foreign?.env ?? {},
    cpus: settings.serverCpus,
    traceTo,
  };
}

/** What came of a server's life: what was observed, and its own totals. */
interface Served {
  readonly observation: Observation;
  readonly report: LoadReport;
  readonly stats: Promise<ServerStats | null>;
}

interface ServeOptions {
  readonly launch?: Launch;
  /** What is to be another load than the plan's. */
  readonly load?: Partial<LoadRequest>;
  readonly next?: Trial | null;
}

/** Its server ends by itself, while what comes next begins; see `Ending`. */
async function serve(
  subject: Subject,
  execution: Execution,
  { launch = startServer, load = {}, next = null }: ServeOptions = {},
): Promise<Served> {
  const server = await launchFor(subject, execution, launch);
  let stats: Promise<ServerStats | null> | undefined;
  const end = () => {
    if (stats !== undefined) return stats;
    stats = endServer(subject, execution, server);
    execution.ending.add(stats);
    return stats;
  };
  // What comes is begun before what was is worked out.
  const onEnded = () => {
    void end();
    if (next !== null) beginNext(next, execution);
  };
  try {
    const driven = await drive(subject, execution, { server, load, onEnded });
    const stats = end();
    // Only a server with workers has last words that are waited for.
    const { observation } = driven;
    if (!subject.hasWorkers) return { ...driven, stats };
    return { ...driven, observation: withWorkersOf(observation, await stats), stats };
  } finally {
    void end();
  }
}

/** Stops it, and keeps what it said. */
async function endServer(
  { trial, workload }: Subject,
  { store, notes }: Execution,
  server: ServerHandle,
): Promise<ServerStats | null> {
  const stats = await server.stop();
  const said = server.stderr();
  if (said) await store.saveLog(`${trial.index}-${trial.label}-${workload.id}.stderr`, said);
  const stubborn = server.foreign?.stubborn() ?? null;
  if (stubborn !== null) notes.add(`${trial.label}: the server ${stubborn}, and was killed`);
  return stats;
}

/** Starts the server of a trial that comes next, where it is started as any other. */
function beginNext(trial: Trial, execution: Execution): void {
  if (execution.signal.aborted || execution.deps.away !== null || trial.counter === 'strace') return;
  execution.upcoming.begin(trial, startServer(subjectOf(trial, execution), execution));
}

/** The server of the trial that comes next, while the last one dies. */
export class Upcoming {
  #trial: Trial | null = null;
  #server: Promise<ServerHandle> | null = null;

  begin(trial: Trial, server: Promise<ServerHandle>): void {
    // Told to whoever takes it.
    server.catch(() => {});
    this.#trial = trial;
    this.#server = server;
  }

  /** Null: none was started for this trial. */
  take(trial: Trial): Promise<ServerHandle> | null {
    const server = this.#trial === trial ? this.#server : null;
    if (server !== null) this.#trial = this.#server = null;
    return server;
  }

  /** Ends one that nobody took. */
  async discard(): Promise<void> {
    const server = await this.#server?.catch(() => null);
    this.#trial = this.#server = null;
    await server?.stop();
  }
}

/** Servers whose trials are over and that are on their way out. None is left when a window opens, or at the end. */
export class Ending {
  readonly #all = new Set<Promise<unknown>>();

  add(server: Promise<unknown>): void {
    this.#all.add(server);
    // Told to whoever waits.
    server.catch(() => {});
  }

  /** Resolves when all are gone; rejects where one could not be stopped, or what it said not be kept. */
  async gone(): Promise<void> {
    const all = [...this.#all];
    this.#all.clear();
    await Promise.all(all);
  }
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
    return { observation: withWorkersOf(observation, stats), report, stats: Promise.resolve(stats) };
  } catch (cause) {
    throw new TrialError('measure', why(messageOf(cause)), { cause });
  }
}

/**
 * The echo check; of a file the blocks are proof. A row that is known to fail it shows by the bytes of the load that it echoes that; of a server of which
 * nothing is known, it is what the load will ask of it.
 */
async function preflight(
  { model, foreign, workload }: Subject,
  { deps, signal }: Execution,
  server: ServerHandle,
) {
  if (workload.mode === 'job') return;
  const { messageBytes } = workload;
  const messages = foreign === null ? undefined : [messageBytes, messageBytes, messageBytes];
  if (model.preflight)
    await inStage('preflight', server, () => deps.preflight(server.port, signal, messages));
}

interface Drive {
  readonly server: ServerHandle;
  readonly load: Partial<LoadRequest>;
  /** Called when the load went well and is over. */
  readonly onEnded: () => void;
}

/** The echo check, the load, and what it showed. */
async function drive(subject: Subject, execution: Execution, { server, load, onEnded }: Drive) {
  await preflight(subject, execution, server);
  await execution.ending.gone();
  const request = { ...loadRequest(subject, server, execution), ...load };
  const report = await inStage('load', server, () =>
    execution.generator.run(request, execution.signal, onEnded),
  );
  if (report.status !== 'ok') throw new TrialError('load', await loadFailure(report, server));
  const observation = await inStage('measure', server, async () =>
    observed(subject, execution, { report, server }),
  );
  return { report, observation };
}

/** What a trial showed. @param readings.server as it named itself. */
function observed(
  { model, workload, serverCpus }: Subject,
  { settings, environment, quotaFiles, files }: Execution,
  {
    report,
    server,
  }: {
    readonly report: LoadReport;
    readonly server: Pick<ServerHandle, 'pid' | 'congestion' | 'foreign'>;
  },
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
    writes: workload.mode === 'job' && workload.action !== 'read',
    deviceStat: workload.mode === 'job' ? (files?.deviceStat ?? null) : null,
    foreign: server.foreign
      ? {
          congestionError: server.foreign.congestionError,
          hostCongestion: environment.sysctls['net.ipv4.tcp_congestion_control'] ?? null,
        }
      : null,
  });
}

/** The same server after no more than the echo check: what strace's lifetime counts start from. */
interface IdleLife {
  readonly own: SyscallCounts;
  readonly counted: SyscallCounts;
}

/** Counts with the kernel's tracepoints over the window, and compares with the server's own counts. */
async function auditByTracepoints(subject: Subject, execution: Execution) {
  const { observation, report } = await serve(subject, execution);
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
  const outputFile = straceFile(execution, `${trial.index}-${trial.label}-${trial.workload}`);
  const launch: Launch = async ({ path, args }, { deps, signal }) => {
    traced = await deps.launchTraced(path, args, { outputFile, signal });
    return traced;
  };
  const { observation, report, ...served } = await serve(subject, execution, { launch });
  const stats = await served.stats;
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

/** What a server that counts nothing is said to have called in the window. */
function withSyscalls(
  observation: Observation,
  counted: SyscallCounts,
  period: AuditRecord['period'],
): { readonly observation: Observation; readonly audit: AuditRecord } {
  const syscalls = withoutZeros(counted);
  const calls = Object.values(syscalls).reduce((sum, count) => sum + count, 0);
  return {
    observation: {
      ...observation,
      server: {
        ...observation.server,
        syscalls,
        syscallsPerRequest: calls / observation.requests.accounted,
      },
    },
    audit: { period, own: {}, counted: syscalls, unclaimed: syscalls, disagreements: [] },
  };
}

/** Of a server that was not built for this: the kernel's counts over the window. */
async function countByTracepoints(subject: Subject, execution: Execution) {
  const { observation, report } = await serve(subject, execution);
  const { counted, unnamed } = tracedCalls(report, execution.tracepoints);
  return withSyscalls(
    observation,
    { ...counted, 'calls without a name': Math.max(0, unnamed ?? 0) },
    'window',
  );
}

/** The load that strace's lifetime counts are taken less: the same connections, and next to no request. */
const BRIEF_LOAD = { warmupNs: 0, measureNs: NS_PER_MS } as const;

/**
 * Of a server that was not built for this: strace counts its whole life, start and connections included. What a life with
 * the same connections and next to no request counts is taken off; what is left belongs to the further requests, and is
 * scaled to those of the window.
 */
async function countByStrace(subject: Subject, execution: Execution) {
  const brief = await briefLife(subject, execution);
  const { observation, report, counts } = await tracedLife(subject, execution, {});
  const further = answered(report) - brief.answered;
  if (further <= 0)
    throw new TrialError(
      'audit',
      `strace slows it so much that it answered ${answered(report)} requests in all`,
    );
  const share = observation.requests.accounted / further;
  const scaled = Object.entries(subtract(counts, brief.counts)).map(
    ([name, count]) => [name, Math.round(count * share)] as const,
  );
  return withSyscalls(observation, Object.fromEntries(scaled), 'window');
}

/** A life of a server with next to no request. */
export interface BriefLife {
  readonly answered: number;
  readonly counts: SyscallCounts;
}

/** Traced once for every row and workload. */
function briefLife(subject: Subject, execution: Execution): Promise<BriefLife> {
  const { label, workload } = subject.trial;
  const key = `${label}/${workload}`;
  const known = execution.briefLives.get(key);
  if (known) return known;
  const measured = tracedLife(subject, execution, BRIEF_LOAD).then(({ report, counts }) => ({
    answered: answered(report),
    counts,
  }));
  execution.briefLives.set(key, measured);
  return measured;
}

async function tracedLife(subject: Subject, execution: Execution, load: Partial<LoadRequest>) {
  const { index, label, workload } = subject.trial;
  const name = `${index}-${label}-${workload}${load.measureNs === undefined ? '' : '-brief'}`;
  const traceTo = straceFile(execution, name);
  const launch: Launch = (asked, { artifacts, deps, settings, signal }) =>
    deps.launchForeign(foreignRequest(asked, { settings, traceTo }), {
      loadgenPath: artifacts.loadgen,
      signal,
    });
  const { observation, report, stats } = await serve(subject, execution, { launch, load });
  await stats;
  try {
    return { observation, report, counts: await execution.deps.straceCounts(traceTo) };
  } catch (cause) {
    throw new TrialError('audit', messageOf(cause), { cause });
  }
}

/** All requests of a load, those of the warm-up included. */
function answered({ warmupCompleted, completed, drained }: LoadReport): number {
  return warmupCompleted + completed + drained;
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
  const server = await launchFor(subject, execution, async ({ path, args }, { deps, signal }) => {
    traced = await deps.launchTraced(path, args, { outputFile, signal });
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
    const begun = launch === startServer ? execution.upcoming.take(subject.trial) : null;
    server = await (begun ?? launch(subject, execution));
  } catch (cause) {
    if (!(cause instanceof LaunchError)) throw cause;
    throw new TrialError('launch', cause.message, { cause });
  }
  // A tracer starts it as its child on purpose.
  if (server.isStarted || subject.prefix.length === 0 || launch !== startServer) return server;
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
  const device = subject.workload.mode === 'job' ? execution.files?.deviceStat : null;
  const files = [
    ...Object.values(edgeFilesOf(server.pid)),
    ...(device ? [device] : []),
    ...execution.quotaFiles,
  ];
  return {
    ...loadOf(subject, execution, { edgeFiles: files.slice(0, EDGE_FILES_MAX) }),
    port: server.port,
    serverPid: server.pid,
    countersPath: server.countersFd === null ? '' : `/proc/${server.pid}/fd/${server.countersFd}`,
    session: subject.foreign !== null,
  };
}

/** All of it that a server does not say. */
function loadOf(
  { trial, model, workload }: Subject,
  { settings, tracepoints }: Execution,
  { edgeFiles }: Pick<LoadRequest, 'edgeFiles'>,
): Omit<LoadRequest, 'port' | 'serverPid' | 'countersPath'> {
  return {
    ...shapeOf(workload),
    seed: trial.seed,
    // A warm-up would bring pages of what is to be cold.
    warmupNs: workload.mode === 'job' && workload.cache === 'cold' ? 0 : settings.warmupMs * NS_PER_MS,
    measureNs: settings.durationMs * NS_PER_MS,
    connectTimeoutNs: CONNECT_TIMEOUT_NS.least + connectionsOf(workload) * CONNECT_TIMEOUT_NS.perConnection,
    stallTimeoutNs: STALL_TIMEOUT_NS,
    clientCpus: settings.clientCpus,
    edgeFiles,
    traceIds: trial.counter === 'tracepoint' ? tracepoints.map((event) => event.id) : [],
    hardware: trial.counter === 'cpu',
    kernelThreads: model.kernelThreads,
  };
}

/** What the load generator is asked for. */
function shapeOf(
  workload: Workload,
): Pick<LoadRequest, 'mode' | 'connections' | 'active' | 'depth' | 'messageBytes' | 'ratePerS'> {
  if (workload.mode === 'job') return conductShape(workload);
  const { connections, messageBytes } = workload;
  if (workload.mode === 'churn')
    return { mode: 'churn', connections, active: connections, depth: 1, messageBytes, ratePerS: 0 };
  const { active, depth } = workload;
  const common = { connections, active, depth, messageBytes };
  return workload.mode === 'open'
    ? { ...common, mode: `open-${workload.arrivals}`, ratePerS: workload.ratePerSecond }
    : { ...common, mode: 'closed', ratePerS: 0 };
}
