import { type Artifacts, type CompileRequest, compiledCalibration } from './build/compile.ts';
import { type Calibrator, calibratorOf } from './calibration/calibrator.ts';
import { parseCpuList } from './config/cpus.ts';
import { BLOCKS_MAX } from './config/run-config.ts';
import { fileWorkloads, type JobFilesRequest, jobsToTry, type OpenedFiles } from './drive/job-files.ts';
import type { CpuLock, CpuLockRequest } from './host/cpu-lock.ts';
import type { LoadGenerator } from './load/generator.ts';
import { findModel, programsOf } from './models/registry.ts';
import type { ModelSpec } from './models/spec.ts';
import { uncountedEvents } from './observe/hardware.ts';
import type { Tracepoint } from './observe/tracepoints.ts';
import { modelsFor } from './plan/foreign-models.ts';
import {
  countTrials,
  planRun,
  type RunPlan,
  repeatTrials,
  serverSizes,
  trialsOfBlock,
} from './plan/plan-run.ts';
import { cellKey } from './results/cells.ts';
import type {
  AuditInstrument,
  Calibration,
  Environment,
  ForeignServer,
  InstrumentSupport,
  RunKind,
  RunRecord,
  RunResult,
  RunSettings,
  Support,
  Trial,
  TrialResult,
} from './results/schema.ts';
import { SCHEMA_VERSION } from './results/schema.ts';
import type { RunStore } from './results/store.ts';
import type { DescribedServer } from './server/describe.ts';
import { fileSupportOf, type ProbeModel, supportOf } from './server/probe.ts';
import { groupBy } from './stats/group-by.ts';
import { sumOf } from './stats/sums.ts';
import { lackingCells, lackWarnings } from './summary/lacking.ts';
import { shortfalls, wantsMore } from './summary/precision.ts';
import { type HalfWidth, halfWidths, summarize } from './summary/summarize.ts';
import { Ending, type Execution, measureTrial, type TrialDeps, Upcoming } from './trial.ts';
import { EnvironmentError, InterruptedError, NothingMeasuredError } from './util/errors.ts';
import { MS_PER_S, NS_PER_MS } from './util/units.ts';
import type { FileWorkload } from './workloads/schema.ts';

/** The world as `run` sees it; each part has a fake beside it. */
export interface RunDeps extends TrialDeps {
  compile(request: Pick<CompileRequest, 'programs' | 'libs' | 'packages' | 'signal'>): Promise<Artifacts>;
  /** What a server that was not built for this is, and whether it can run here. */
  describeServer(model: string, server: ForeignServer, pinned: boolean): Promise<DescribedServer>;
  probe: ProbeModel;
  /** A folder for the files of a run; none is made yet. */
  openFiles(
    request: Omit<JobFilesRequest, 'tryLock' | 'elsewhere'>,
    loadgenPath: string,
  ): Promise<OpenedFiles>;
  /** Why a variant's command does not start a server; null: it does. */
  whyNotVariant(
    prefix: readonly string[],
    server: string,
    options: readonly string[],
  ): Promise<string | null>;
  /** Why none of this process's threads may run on a CPU; null: one may. */
  whyNotCpu(cpu: number, loadgenPath: string): string | null;
  /** Finds out what this process may count with, beside the servers' own counts. */
  prepareAudit(loadgenPath: string): Promise<AuditMeans>;
  /** Whether this process may count each of `HARDWARE_EVENTS`: 0, or an errno. */
  hardwareErrnos(loadgenPath: string): readonly number[];
  readEnvironment(): Environment;
  /** `cpu.stat` of the cgroups whose CPU quota holds for this process. */
  quotaFiles(): readonly string[];
  loadGenerator(libraryPath: string): LoadGenerator;
  /** Null where what it would measure says nothing. */
  readonly calibrator: ((libraryPath: string) => Calibrator) | null;
  createStore(runId: string): Promise<RunStore>;
  /** Locks the CPUs that are measured on against other runs of this host; see `host/cpu-lock.ts`. */
  lockCpus(
    request: Pick<CpuLockRequest, 'cpus' | 'holder' | 'wait' | 'onWait' | 'signal'>,
    loadgenPath: string,
  ): Promise<CpuLock>;
  readonly tool: { readonly name: string; readonly version: string };
}

/** What an audit can count with. */
export interface AuditMeans {
  readonly counters: readonly InstrumentSupport[];
  /** None where they are not available. */
  readonly tracepoints: readonly Tracepoint[];
}

const NO_AUDIT: AuditMeans = { counters: [], tracepoints: [] };

/** What a run tells while it goes on. */
export interface RunListener {
  /** Another run has the CPUs, and this one waits for it. */
  waiting(message: string): void;
  planned(plan: RunPlan, folder: string): void;
  trialStarted(trial: Trial, done: number, planned: number, load: LoadGenerator): void;
  trialEnded(result: TrialResult): void;
  blockEnded(block: number, blocks: number): void;
  /** Contaminated trials are measured again, in a block of so many trials. */
  repeating(block: number, trials: number): void;
}

export interface RunRequest {
  readonly kind: RunKind;
  readonly settings: RunSettings;
  readonly runId: string;
  readonly warnings: readonly string[];
  /** Whether to wait for another run on the same CPUs. */
  readonly wait: boolean;
}

export interface RunOutcome {
  readonly result: RunResult;
  readonly folder: string;
}

/**
 * Plans a run, compiles and probes what it needs, measures it block by block and saves every trial as
 * it ends. An abort ends it early with status `interrupted`; what is saved stays. Throws
 * `EnvironmentError` without a compiler, if another run measures on the same CPUs, if no cell can be measured, or if results cannot be written.
 */
export async function runBenchmark(
  request: RunRequest,
  deps: RunDeps,
  options: RunOptions,
): Promise<RunOutcome> {
  const startedMs = deps.monotonicMs();
  const prepared = await prepare(request.settings, deps, options.signal);
  try {
    return await runPrepared(request, deps, { ...options, prepared, startedMs });
  } finally {
    await prepared.files?.remove();
  }
}

async function runPrepared(
  request: RunRequest,
  deps: RunDeps,
  options: RunOptions & { readonly prepared: Prepared; readonly startedMs: number },
): Promise<RunOutcome> {
  const { prepared, startedMs } = options;
  requireCpus(request.settings, prepared, deps);
  const waitingMs = deps.monotonicMs();
  const lock = await deps.lockCpus(
    {
      cpus: measuredCpus(request.settings, prepared.environment),
      holder: `run ${request.runId} (process ${process.pid}, begun ${deps.now()})`,
      wait: request.wait,
      onWait: options.listener.waiting,
      signal: options.signal,
    },
    prepared.artifacts.loadgen,
  );
  const warnings = [
    ...request.warnings,
    ...(prepared.files?.warnings ?? []),
    ...(lock.warning === null ? [] : [lock.warning]),
  ];
  try {
    const waitedMs = deps.monotonicMs() - waitingMs;
    return await measure({ ...request, warnings }, deps, {
      ...options,
      startedMs: startedMs + waitedMs,
    });
  } finally {
    lock.release();
  }
}

interface RunOptions {
  readonly listener: RunListener;
  readonly signal: AbortSignal;
}

/** Those that this process does not run on may be allowed all the same, as isolated ones are: it is tried. */
function requireCpus(settings: RunSettings, { environment, artifacts }: Prepared, deps: RunDeps): void {
  const allowed = parseCpuList(environment.cpusAllowed ?? '') ?? [];
  const asked = [...new Set([...(settings.serverCpus ?? []), ...(settings.clientCpus ?? [])])];
  const refused = asked
    .filter((cpu) => !allowed.includes(cpu))
    .flatMap((cpu) => {
      const why = deps.whyNotCpu(cpu, artifacts.loadgen);
      return why === null ? [] : [`CPU ${cpu} may not be used by this process: ${why}`];
    });
  if (refused.length > 0) throw new EnvironmentError(refused.join('\n'));
}

/** All that may be used where nothing is pinned. */
function measuredCpus({ serverCpus, clientCpus }: RunSettings, environment: Environment): readonly number[] {
  if (serverCpus === null || clientCpus === null) return parseCpuList(environment.cpusAllowed ?? '') ?? [];
  return [...new Set([...serverCpus, ...clientCpus])];
}

async function measure(
  request: RunRequest,
  deps: RunDeps,
  options: RunOptions & { readonly prepared: Prepared; readonly startedMs: number },
): Promise<RunOutcome> {
  const { listener, signal, startedMs } = options;
  const { artifacts, support, environment, servers, files, refusals } = options.prepared;
  const foreign = request.settings.entries.some(({ server }) => server !== undefined);
  const means = request.settings.audit || foreign ? await deps.prepareAudit(artifacts.loadgen) : NO_AUDIT;
  const audit = request.settings.audit ? means : NO_AUDIT;
  const [syscallCounter] = foreign ? auditsOf(means) : [];
  const errnos = request.settings.cpuCounters ? deps.hardwareErrnos(artifacts.loadgen) : [];
  const plan = planRun({
    settings: request.settings,
    models: modelsFor(request.settings.entries),
    nofile: environment.limits.nofile,
    support,
    refusals,
    syscallCounter,
    instruments: [...auditsOf(audit), ...(errnos.includes(0) ? (['cpu'] as const) : [])],
  });
  requireSomething(plan);
  const jobs = jobsOf(plan);
  const program = jobs.length === 0 ? undefined : fileProgramOf(plan, artifacts);
  if (files !== null && program !== undefined) await files.layOut(program, jobs, signal);
  const store = await deps.createStore(request.runId);
  const execution: Execution = {
    settings: plan.settings,
    idleLives: new Map(),
    briefLives: new Map(),
    ending: new Ending(),
    upcoming: new Upcoming(),
    notes: new Set(),
    tracepoints: means.tracepoints,
    artifacts,
    environment,
    quotaFiles: deps.quotaFiles(),
    files: files && { pathOf: files.pathOf, deviceStat: files.fileSystem.deviceStat },
    store,
    deps,
    signal,
    generator: deps.loadGenerator(artifacts.loadgen),
  };
  const { calibrator } = deps;
  const meter = calibrator && calibratorOf(() => calibrator(compiledCalibration(artifacts)));
  const uncounted = foreign && syscallCounter === undefined ? [uncountedCalls(means)] : [];
  let record = newRecord(
    { ...request, warnings: [...request.warnings, ...uncounted] },
    {
      ...{ plan, execution, support, servers, files: filesRecord(files), tool: deps.tool },
      counters: audit.counters,
      uncountedEvents: uncountedEvents(errnos),
    },
  );
  await store.saveRecord(record);
  listener.planned(plan, store.folder);

  const trials: TrialResult[] = [];
  const calibrations: Calibration[] = [];
  const warnings: string[] = [];
  const finish = async (status: RunRecord['status']) => {
    const timing = timingOf(measuring);
    const all = [...record.warnings, ...warnings, ...execution.notes];
    record = { ...record, warnings: all, status, finishedAt: deps.now(), timing };
    await store.saveRecord(record);
  };
  const measuring: Measuring = {
    ...{ plan, execution, meter, record, trials, calibrations, warnings, startedMs },
    firstRepeat: null,
  };
  try {
    await measureBlocks(measuring, listener);
    await execution.ending.gone();
    if (files !== null && program !== undefined && record.files !== null)
      record = {
        ...record,
        files: { ...record.files, ...(await verified(files.verify(program, jobs, signal), warnings)) },
      };
    warnings.push(...whatIsShort(measuring));
  } catch (error) {
    await execution.upcoming.discard().catch(() => {});
    await execution.ending.gone().catch(() => {});
    // The record is worth less than the reason: a full disk fails both.
    if (signal.aborted) await calibrateAfterAbort(measuring).catch(() => {});
    await finish(signal.aborted ? 'interrupted' : 'broken').catch(() => {});
    if (!signal.aborted) throw error;
    return { result: { record, trials, calibrations, problems: [] }, folder: store.folder };
  }
  await finish('complete');
  return { result: { record, trials, calibrations, problems: [] }, folder: store.folder };
}

/** What is verified at the end, where all of it is what was written; else a warning says what is not. */
async function verified(
  blocks: Promise<number>,
  warnings: string[],
): Promise<{ readonly blocksVerified: number | null }> {
  try {
    return { blocksVerified: await blocks };
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    warnings.push(`the files are not whole at the end of the run: ${error.message}`);
    return { blocksVerified: null };
  }
}

/** Workloads of files that any row is measured under. */
function jobsOf({ settings, cells }: RunPlan): FileWorkload[] {
  const measured = new Set(
    cells.filter(({ skipReason }) => skipReason === null).map((cell) => cell.workload),
  );
  return fileWorkloads(settings.workloads).filter(({ id }) => measured.has(id));
}

/** A program of files; all of them can make and verify one. */
function fileProgramOf({ settings }: RunPlan, { servers }: Artifacts): string | undefined {
  return distinctModels(settings)
    .filter(({ domain }) => domain === 'file')
    .map(({ program }) => servers.get(program))
    .find((path) => path !== undefined);
}

function filesRecord(files: OpenedFiles | null): RunRecord['files'] {
  if (files === null) return null;
  const { directory, bytes, fileSystem } = files;
  const { type, inMemory, freeBytes } = fileSystem;
  return { directory, fileSystem: type, inMemory, bytes, freeBytes, blocksVerified: null };
}

/** Counters that can be used. */
function auditsOf({ counters }: AuditMeans): AuditInstrument[] {
  return counters.flatMap(({ counter, available }) =>
    counter !== 'own' && counter !== 'cpu' && available ? [counter] : [],
  );
}

/** Why nothing is known of the system calls of servers that do not count them. */
function uncountedCalls({ counters }: AuditMeans): string {
  const reasons = counters.map(({ counter, reason }) => `${counter}: ${reason ?? 'no reason given'}`);
  return `the system calls of servers of your own are not counted here: ${reasons.join('; ')}`;
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

async function prepare(settings: RunSettings, deps: RunDeps, signal: AbortSignal) {
  const models = distinctModels(settings);
  const environment = deps.readEnvironment();
  const sizes = serverSizes(settings.workloads);
  const artifacts = await deps.compile({ ...programsOf(models), signal });
  const servers = await describeServers(settings, deps);
  const ofConnections = models.filter(({ domain }) => domain === 'socket');
  const support = [
    ...(await Promise.all(ofConnections.map((model) => supportOf(model, artifacts, sizes, deps.probe)))),
    ...servers.map((server) => server.support),
  ];
  signal.throwIfAborted();
  const jobs = fileWorkloads(settings.workloads);
  const { directory } = settings;
  const files =
    jobs.length === 0 ? null : await deps.openFiles({ directory, workloads: jobs }, artifacts.loadgen);
  try {
    const refusals = new Map<string, string>();
    if (files !== null)
      for (const model of models.filter(({ domain }) => domain === 'file')) {
        const asked = jobsToTry(model, jobs, files);
        const found = await fileSupportOf(model, artifacts, asked, deps.probe);
        support.push(found.support);
        for (const [workload, why] of found.refusals)
          refusals.set(cellKey({ label: model.id, workload }), why);
        signal.throwIfAborted();
      }
    await requireVariants(settings, { artifacts, support }, deps);
    return { artifacts, support, environment, files, refusals, servers: servers.map((one) => one.files) };
  } catch (error) {
    await files?.remove();
    throw error;
  }
}

/** Each once, whatever its variants. */
function describeServers({ entries, serverCpus }: RunSettings, deps: RunDeps): Promise<DescribedServer[]> {
  const servers = new Map(entries.flatMap(({ model, server }) => (server ? [[model, server]] : [])));
  return Promise.all(
    [...servers].map(([model, server]) => deps.describeServer(model, server, serverCpus !== null)),
  );
}

/** Every command of a variant is tried in front of a probe, before minutes of trials fail. */
async function requireVariants(
  settings: RunSettings,
  { artifacts, support }: { readonly artifacts: Artifacts; readonly support: readonly Support[] },
  deps: RunDeps,
): Promise<void> {
  const model = distinctModels(settings).find(({ id }) =>
    support.some((answer) => answer.model === id && answer.supported),
  );
  const server = model && artifacts.servers.get(model.program);
  if (model === undefined || server === undefined) return;
  const variants = new Map(
    settings.entries.flatMap(({ variant }) => (variant ? [[variant.name, variant]] : [])),
  );
  for (const { name, prefix } of variants.values()) {
    if (prefix.length === 0) continue;
    const why = await deps.whyNotVariant(prefix, server, model.options);
    if (why !== null)
      throw new EnvironmentError(`variant ${name}: ${prefix.join(' ')} starts no server: ${why}`);
  }
}

function distinctModels(settings: RunSettings): ModelSpec[] {
  const ids = [...new Set(settings.entries.map((entry) => entry.model))];
  return ids.flatMap((id) => findModel(id) ?? []);
}

function requireSomething(plan: RunPlan): void {
  if (plan.cells.some((cell) => cell.skipReason === null)) return;
  const reasons = plan.cells.map((cell) => `${cell.label} under ${cell.workload}: ${cell.skipReason}`);
  throw new NothingMeasuredError(`nothing can be measured here:\n${reasons.join('\n')}`);
}

interface RecordInput {
  readonly plan: RunPlan;
  readonly execution: Execution;
  readonly support: readonly Support[];
  readonly servers: RunRecord['servers'];
  readonly files: RunRecord['files'];
  readonly counters: readonly InstrumentSupport[];
  readonly uncountedEvents: RunRecord['uncountedEvents'];
  readonly tool: RunDeps['tool'];
}

function newRecord(
  request: RunRequest,
  { plan, execution, support, servers, files, counters, uncountedEvents, tool }: RecordInput,
): RunRecord {
  return {
    schemaVersion: SCHEMA_VERSION,
    runId: request.runId,
    tool,
    startedAt: execution.deps.now(),
    finishedAt: null,
    kind: request.kind,
    status: 'running',
    settings: request.settings,
    cells: [...plan.cells],
    environment: execution.environment,
    build: execution.artifacts.info,
    support: [...support],
    servers: [...servers],
    files,
    counters: [...counters],
    uncountedEvents,
    warnings: [
      ...request.warnings,
      ...plan.leftOut.map(
        ({ label, workload, counter, reason }) =>
          `audit by ${counter}: ${label} under ${workload} is left out: ${reason}`,
      ),
    ],
    timing: null,
  };
}

interface Measuring {
  readonly plan: RunPlan;
  readonly execution: Execution;
  readonly meter: Calibrator | null;
  readonly record: RunRecord;
  readonly trials: TrialResult[];
  readonly calibrations: Calibration[];
  readonly warnings: string[];
  readonly startedMs: number;
  /** From this block on contaminated trials are measured again; null: that did not begin. */
  firstRepeat: number | null;
}

/**
 * Measures the planned blocks, further ones while the precision asked for is not reached, and contaminated trials again
 * while there is time for it. The calibration at the end of a block is the one at the beginning of the next.
 */
async function measureBlocks(measuring: Measuring, listener: RunListener): Promise<void> {
  const { plan, execution } = measuring;
  const begunMs = execution.deps.monotonicMs();
  let block = 0;
  for (; wantsBlock(measuring, block); block++) {
    await calibrate(measuring, block);
    const blocks = Math.max(plan.settings.blocks, block + 1);
    await measureBlock(measuring, listener, {
      trials: trialsOfBlock(plan, block),
      planned: countTrials(plan, blocks),
    });
    listener.blockEnded(block, blocks);
  }
  await calibrate(measuring, block);
  await measureAgain(measuring, listener, { first: block, begunMs });
  execution.signal.throwIfAborted();
}

async function measureBlock(
  { execution, trials }: Measuring,
  listener: RunListener,
  block: { readonly trials: readonly Trial[]; readonly planned: number },
): Promise<void> {
  for (const [place, trial] of block.trials.entries()) {
    execution.signal.throwIfAborted();
    listener.trialStarted(trial, trial.index, block.planned, execution.generator);
    const result = await measureTrial(trial, execution, block.trials[place + 1] ?? null);
    // What an abort cut short is none; what was measured before it is kept.
    if (result.status === 'failed') execution.signal.throwIfAborted();
    trials.push(result);
    await execution.store.appendTrial(result);
    listener.trialEnded(result);
  }
}

/** Contaminated trials once more, with those that they are compared with, until enough are clean or the time is up. */
async function measureAgain(
  measuring: Measuring,
  listener: RunListener,
  { first, begunMs }: { readonly first: number; readonly begunMs: number },
): Promise<void> {
  const { plan, execution, record, trials, calibrations, warnings } = measuring;
  const { retry } = plan.settings;
  if (retry === null || retry.value === 0) return;
  const endedMs = execution.deps.monotonicMs();
  const budgetMs = retryBudgetMs(retry, endedMs - begunMs);
  // --precision may have made more blocks than were planned: more clean ones are not asked for.
  const planned = Math.min(plan.settings.blocks, first);
  measuring.firstRepeat = first;
  for (let block = first; ; block++) {
    const lacking = lackingCells({ record, trials, calibrations }, planned);
    const again = repeatTrials(plan, { block, first: trials.length, again: lacking.again });
    const passedMs = execution.deps.monotonicMs() - endedMs;
    const fits = passedMs + expectedMs(again, measuring) <= budgetMs && !isOutOfTime(measuring);
    if (again.length === 0 || !fits) {
      warnings.push(...lackWarnings(lacking, { trials, calibrations }, { planned, budgetMs }));
      return;
    }
    listener.repeating(block, again.length);
    await measureBlock(measuring, listener, { trials: again, planned: trials.length + again.length });
    listener.blockEnded(block, block + 1);
    await calibrate(measuring, block + 1);
  }
}

/** Time for measuring again, after planned blocks that took so long. */
function retryBudgetMs(
  { kind, value, withinMs }: NonNullable<RunSettings['retry']>,
  plannedMs: number,
): number {
  const asked = kind === 'time' ? value : value * plannedMs;
  return withinMs === null ? asked : Math.max(0, Math.min(asked, withinMs - plannedMs));
}

/** What a block of these trials will take, by what trials of their cells and calibrations took. */
function expectedMs(planned: readonly Trial[], { trials, calibrations }: Measuring): number {
  const mean = (all: readonly { readonly wallMs: number }[]) =>
    all.length === 0 ? 0 : sumOf(all, ({ wallMs }) => wallMs) / all.length;
  const measured = groupBy(trials, cellKey);
  return mean(calibrations) + sumOf(planned, (trial) => mean(measured.get(cellKey(trial)) ?? []));
}

/** Of what was asked for, what the blocks that there are do not come to. */
function whatIsShort(measuring: Measuring): string[] {
  const { settings } = measuring.execution;
  const widths = settings.precision === null ? [] : widthsOf(measuring);
  return shortfalls(settings, { blocks: blocksOf(ordinaryTrials(measuring)), widths });
}

/** Those of planned blocks and of --precision, without what was measured again. */
function ordinaryTrials({ trials, firstRepeat }: Measuring): TrialResult[] {
  return trials.filter(({ block }) => firstRepeat === null || block < firstRepeat);
}

function blocksOf(trials: readonly TrialResult[]): number {
  return new Set(trials.map((trial) => trial.block)).size;
}

/**
 * How fast the machine is now, before the trials of a block. A run without it is still worth having, so
 * a calibration that fails is a warning.
 */
async function calibrate(
  { execution, meter, calibrations, warnings }: Measuring,
  block: number,
): Promise<void> {
  if (meter === null) return;
  const { deps, settings, store } = execution;
  await execution.ending.gone();
  const startedAt = deps.now();
  const startedMs = deps.monotonicMs();
  const cpu = settings.serverCpus?.[0] ?? null;
  const places = { serverCpu: cpu, clientCpu: settings.clientCpus?.[0] ?? null };
  const costs = await meter.measure(places).catch((error: unknown) => {
    if (!(error instanceof EnvironmentError)) throw error;
    warnings.push(`block ${block} has no calibration: ${error.message}`);
    return null;
  });
  if (costs === null) return;
  const wallMs = Math.round(deps.monotonicMs() - startedMs);
  const calibration: Calibration = { block, startedAt, wallMs, cpu, ...costs };
  calibrations.push(calibration);
  await store.appendCalibration(calibration);
}

/** Trials of a block that an abort cut have a calibration at both ends as well. */
async function calibrateAfterAbort(measuring: Measuring): Promise<void> {
  const last = measuring.trials.at(-1)?.block;
  if (last === undefined || measuring.calibrations.some(({ block }) => block > last)) return;
  await calibrate(measuring, last + 1);
}

function wantsBlock(measuring: Measuring, block: number): boolean {
  const { settings } = measuring.execution;
  // At least one block, whatever the time: a run without a trial helps nobody.
  if (block > 0 && isOutOfTime(measuring)) return false;
  if (block < settings.blocks) return true;
  if (settings.precision === null || block >= BLOCKS_MAX) return false;
  const asked = { precision: settings.precision, planned: settings.blocks, blocks: block };
  return wantsMore(asked, () => widthsOf(measuring));
}

function isOutOfTime({ execution, startedMs }: Measuring): boolean {
  const { maxTimeS } = execution.settings;
  return maxTimeS !== null && (execution.deps.monotonicMs() - startedMs) / MS_PER_S >= maxTimeS;
}

function widthsOf({ record, trials, calibrations }: Measuring): readonly HalfWidth[] {
  return halfWidths(summarize({ record, trials, calibrations, problems: [] }));
}

/** How much of the wall time was load: docs/architecture.md asks for short trials, so the rest must be small. */
function timingOf(measuring: Measuring): RunRecord['timing'] {
  const { execution, trials, startedMs } = measuring;
  const wallMs = execution.deps.monotonicMs() - startedMs;
  const measured = trials.flatMap((trial) => (trial.status === 'failed' ? [] : [trial.observation]));
  const measuredMs = sumOf(measured, ({ accountedNs }) => accountedNs / NS_PER_MS);
  const loadMs = measuredMs + measured.length * execution.settings.warmupMs;
  return {
    wallMs: Math.round(wallMs),
    loadMs: Math.round(loadMs),
    loadShare: wallMs > 0 ? loadMs / wallMs : 0,
    measuredShare: wallMs > 0 ? measuredMs / wallMs : 0,
    blocks: blocksOf(trials),
    repeatBlocks: blocksOf(trials) - blocksOf(ordinaryTrials(measuring)),
  };
}

/** The exit code's reason: whether any trial failed, counts disagreed, or files were not whole at the end. */
export function hasFailures(result: RunResult): boolean {
  const { status, files } = result.record;
  if (status === 'complete' && files !== null && files.blocksVerified === null) return true;
  return result.trials.some(
    (trial) =>
      trial.status === 'failed' || (trial.status === 'audited' && trial.audit.disagreements.length > 0),
  );
}

/** Turns an abort into the error that ends the command. */
export function interrupted(folder: string | null): InterruptedError {
  return new InterruptedError(
    folder === null
      ? 'interrupted before anything was measured'
      : `interrupted; what was measured is in ${folder}`,
  );
}
