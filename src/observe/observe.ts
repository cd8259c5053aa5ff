import type { LoadEdge, LoadLatency, LoadReport } from '../load/generator.ts';
import type { ModelSpec } from '../models/spec.ts';
import { countsInstructions } from '../results/guest.ts';
import type { Guest, Latency, Observation } from '../results/schema.ts';
import { encodeHistogram } from '../stats/histogram.ts';
import { counted, NS_PER_S } from '../util/units.ts';
import { judgeContamination, type SideCpus } from './contamination.ts';
import { hardwareOf } from './hardware.ts';
import { cpuTicksBetween, deviceBetween, edgeFilesOf, parseRunDelayNs, parseStatus } from './procfs.ts';
import { judgeSaturation } from './saturation.ts';

/** Counter names with this prefix are system calls by the kernel's name. */
export const SYSCALL_PREFIX = 'sys.';

/** TCP congestion control that both sides ask for: `CONGESTION_PINNED` of `c-helpers/wire/congestion.h`. */
export const PINNED_CONGESTION = 'reno';

export interface TrialReadings {
  readonly report: LoadReport;
  readonly model: ModelSpec;
  readonly serverPid: number;
  readonly serverCpus: readonly number[] | null;
  readonly clientCpus: readonly number[] | null;
  /** CPUs that an unpinned process could use. */
  readonly cpusAllowed: number;
  /** Whether the kernel leaves the time of interrupts out of the CPU time of tasks; null: not known. */
  readonly irqTimeAccounting: boolean | null;
  /** `cpu.stat` of the cgroups with a quota, among the files of the report. */
  readonly quotaFiles: readonly string[];
  /** TCP congestion control of the server's connections. */
  readonly serverCongestion: string;
  /** The guest that it was measured in; null: on the host itself. */
  readonly guest: Pick<Guest, 'clock' | 'smp'> | null;
  /** What is known of a server that was not built for this; null or absent: it is ours, and tells of itself. */
  readonly foreign?: {
    /** Why its connections do not have our congestion control, an errno; null: they were given it. */
    readonly congestionError: string | null;
    /** The congestion control that the host gives to connections of which nothing is said. */
    readonly hostCongestion: string | null;
  } | null;
  /** Where the kernel counts what the device of a file does, among the files of the report; null: no file, or not known. */
  readonly deviceStat?: string | null;
  /** Whether a job writes: what the kernel's own threads do for it later, or on its CPU, is no disturbance. */
  readonly writes?: boolean;
  /** Whether requests are due at a rate, so that there are times at which nobody has anything to do. */
  readonly isPaced: boolean;
}

/** Turns the two readings around a window into what the trial measured. Throws if nothing was answered. */
export function observe(trial: TrialReadings): Observation {
  const { report } = trial;
  const { start, end } = report;
  const accounted = report.completed + report.drained;
  if (accounted === 0 || report.windowNs === 0) throw new Error('no request was answered in the window');
  const accountedNs = end.timeNs - start.timeNs;
  const counters = differences(start.counters, end.counters);
  const server = serverSide(trial, counters, accounted, accountedNs);
  const client = clientSide(trial, accounted, accountedNs);
  return {
    windowNs: report.windowNs,
    accountedNs,
    connectNs: report.connectNs,
    requests: {
      warmup: report.warmupCompleted,
      sent: report.sent,
      completed: report.completed,
      errors: report.errors,
      inFlightAtDeadline: report.inFlightAtDeadline,
      drained: report.drained,
      dueUnsent: report.dueUnsent,
      accounted,
      bytesVerified: report.bytesVerified,
      connectionErrors: report.connectionErrors,
      connectionsChurned: report.connectionsChurned,
    },
    throughputPerS: report.completed / (report.windowNs / NS_PER_S),
    response: latency(report.response),
    service: sameLatency(report.response, report.service) ? null : latency(report.service),
    server,
    client,
    saturation: countsInstructions(trial.guest)
      ? 'neither'
      : judgeSaturation({
          serverUtilisation: server.utilisation,
          client: client.threads.map(({ utilisation, runDelayNs }) => ({
            utilisation,
            waitingShare: apart(trial) ? (runDelayNs ?? 0) / accountedNs : 0,
          })),
          serverSpins: trial.model.spins,
          serverIdleShare: idleShare(counters),
          shareCpus: shareCpus(trial),
        }),
    pathLength: pathLength(trial, accountedNs, { server, client }),
    file: fileSide(trial),
    congestion: report.file === null ? { server: serverCongestion(trial), client: report.congestion } : null,
    contamination: countsInstructions(trial.guest)
      ? UNDISTURBED
      : contamination(trial, accountedNs, { server, client }),
    warnings: warningsOf(trial, counters),
  };
}

function serverSide(
  trial: TrialReadings,
  counters: Readonly<Record<string, number>>,
  accounted: number,
  accountedNs: number,
): Observation['server'] {
  const { start, end } = trial.report;
  const cpuNs = end.serverCpuNs - start.serverCpuNs;
  const syscalls = syscallsOf(counters);
  const switches = switchesBetween(start, end);
  return {
    cpuNs,
    cpuNsPerRequest: cpuNs / accounted,
    utilisation: cpuNs / (accountedNs * usableCpus(trial)),
    ...switches,
    contextSwitchesPerRequest:
      switches.voluntarySwitches === null || switches.involuntarySwitches === null
        ? null
        : (switches.voluntarySwitches + switches.involuntarySwitches) / accounted,
    syscallsPerRequest: trial.foreign ? null : Object.values(syscalls).reduce((a, b) => a + b, 0) / accounted,
    syscalls,
    counters: nonZero(Object.entries(counters).filter(([name]) => !name.startsWith(SYSCALL_PREFIX))),
    setup: syscallsOf(start.counters),
    setupPerConnection: trial.foreign ? null : setupPerConnection(trial.report),
    kernelThreads: kernelThreads(start, end),
    hardware: hardwareOf(trial.report),
    wakeupsPerConnection: trial.report.file === null ? wakeupsPerConnection(trial.report, counters) : null,
    acceptedByWorker: null,
    softirqShare: softirqShare(trial),
    processes: trial.report.server?.processes ?? null,
    ...sizeOf(trial),
  };
}

/** Threads, memory and run delay, each as far as it is known of all of the server. */
function sizeOf({ report, model, serverPid }: TrialReadings) {
  const { start, end, server } = report;
  // Of the first process alone, which may be no more than a shell, the delay says nothing.
  if (server !== undefined)
    return { threads: server.threads, rssMaxBytes: server.rssMaxBytes, runDelayNs: null };
  if (model.tasks === 'process-per-connection') return processes(end);
  const files = edgeFilesOf(serverPid);
  const status = parseStatus(end.files[files.serverStatus] ?? '');
  return { ...status, runDelayNs: delta(start, end, files.serverSchedstat) };
}

/**
 * A server that serves by processes: what the kernel tells of the first one is not the server's. Each open connection is a
 * task; nobody adds up their memory, most of which they share.
 */
function processes({ counters }: LoadEdge) {
  const open = (counters.accepted ?? 0) - (counters.closed ?? 0);
  return { threads: 1 + open, rssMaxBytes: null, runDelayNs: null };
}

function clientSide(trial: TrialReadings, accounted: number, accountedNs: number): Observation['client'] {
  const { start, end } = trial.report;
  const cpuNs = end.clientCpuNs - start.clientCpuNs;
  const threads = trial.report.clientThreads.map((thread) => ({
    cpu: thread.cpu,
    connections: thread.connections,
    active: thread.active,
    accounted: thread.completed + thread.drained,
    cpuNs: thread.cpuNs,
    utilisation: thread.cpuNs / accountedNs,
    runDelayNs: thread.runDelayNs,
  }));
  return {
    cpuNs,
    cpuNsPerRequest: cpuNs / accounted,
    utilisation: Math.max(0, ...threads.map(({ utilisation }) => utilisation)),
    syscalls: end.clientSyscalls - start.clientSyscalls,
    wakeups: end.clientWakeups - start.clientWakeups,
    runDelayNs: largest(threads.flatMap(({ runDelayNs }) => runDelayNs ?? [])),
    threads,
  };
}

function largest(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}

/** Null where no connection was opened before the load. */
function setupPerConnection({ setup }: LoadReport): Record<string, number> | null {
  const accepted = setup.accepted ?? 0;
  if (accepted === 0) return null;
  const calls = Object.entries(syscallsOf(setup)).map(([name, made]) => [name, made / accepted] as const);
  return Object.fromEntries(calls);
}

/** While the connections of the load open, when there is nothing else to wake for; where they come and go, over the window. */
function wakeupsPerConnection(
  { setup }: LoadReport,
  window: Readonly<Record<string, number>>,
): number | null {
  const { accepted = 0, wakeups = 0 } = (setup.accepted ?? 0) > 0 ? setup : window;
  return accepted > 0 ? wakeups / accepted : null;
}

/** Growth between the edges; a worker that ended in between took its time with it. */
function kernelThreads(start: LoadEdge, end: LoadEdge): Observation['server']['kernelThreads'] {
  if (!start.kernelThreads || !end.kernelThreads) return null;
  return {
    sqpCpuNs: Math.max(0, end.kernelThreads.sqpCpuNs - start.kernelThreads.sqpCpuNs),
    workerCpuNs: Math.max(0, end.kernelThreads.wrkCpuNs - start.kernelThreads.wrkCpuNs),
  };
}

const UNDISTURBED: Observation['contamination'] = {
  stealShare: null,
  cpuPressureShare: null,
  othersShare: null,
  throttledShare: null,
  marks: [],
};

/**
 * Where the clock counts instructions, what passed of it is what was executed, by whomever. CPUs of one guest share the
 * clock and run in turns, so that with several of them a task counts as running while the other one executes: then
 * nothing is known of the sides. Who spins burns what others could not have executed at the same time. Where everybody
 * sleeps until the next request is due, the clock jumps there: then only the sides are known.
 */
function pathLength(
  { guest, model, isPaced }: TrialReadings,
  accountedNs: number,
  { server, client }: Pick<Observation, 'server' | 'client'>,
): Observation['pathLength'] {
  if (guest === null || guest.clock === 'kvm') return null;
  if (guest.clock === 'tcg' || model.spins) return { total: null, server: null, client: null };
  const alone = guest.smp === 1;
  return {
    total: isPaced ? null : accountedNs,
    server: alone ? server.cpuNs : null,
    client: alone ? client.cpuNs : null,
  };
}

function softirqShare(trial: TrialReadings): number | null {
  const ticks = cpuTicksBetween(...bothTexts(trial, edgeFilesOf(trial.serverPid).cpuStat), pinnedCpus(trial));
  return ticks && ticks.softirq / ticks.total;
}

/** The text of a file at both edges. */
function bothTexts({ report }: TrialReadings, path: string): readonly [string, string] {
  return [report.start.files[path] ?? '', report.end.files[path] ?? ''];
}

/** CPUs that the client's threads ran on: a load of few connections leaves some of its own without any. */
function clientCpusUsed({ clientCpus, report }: TrialReadings): readonly number[] | null {
  return clientCpus && [...new Set(report.clientThreads.flatMap(({ cpu }) => cpu ?? clientCpus))];
}

/** CPUs in use; null where a side is not pinned, and all may be. */
function pinnedCpus(trial: TrialReadings): readonly number[] | null {
  const { serverCpus } = trial;
  const clientCpus = clientCpusUsed(trial);
  return serverCpus && clientCpus ? [...new Set([...serverCpus, ...clientCpus])] : null;
}

/** How many CPUs the model's tasks could keep busy at once. */
function usableCpus(trial: TrialReadings): number {
  const cpus = trial.serverCpus?.length ?? trial.cpusAllowed;
  const many = Number.POSITIVE_INFINITY;
  const tasks = {
    one: 1,
    'one-and-kernel-thread': 2,
    'per-connection': many,
    'per-operation': many,
    'process-per-connection': many,
    workers: many,
  };
  return Math.min(cpus, tasks[trial.model.tasks]);
}

/** Whether client and server can only run in turns. */
function shareCpus(trial: TrialReadings): boolean {
  const { serverCpus, cpusAllowed } = trial;
  const clientCpus = clientCpusUsed(trial);
  if (serverCpus === null || clientCpus === null) return cpusAllowed < 2;
  return serverCpus.some((cpu) => clientCpus.includes(cpu));
}

/** Whether client and server have CPUs of their own. */
function apart(trial: TrialReadings): boolean {
  return trial.serverCpus !== null && trial.clientCpus !== null && !shareCpus(trial);
}

function contamination(
  trial: TrialReadings,
  windowNs: number,
  { server, client }: Pick<Observation, 'server' | 'client'>,
): Observation['contamination'] {
  const files = edgeFilesOf(trial.serverPid);
  const { report, model } = trial;
  return judgeContamination({
    windowNs,
    cpuStat: bothTexts(trial, files.cpuStat),
    schedstat: bothTexts(trial, files.schedstat),
    cpuPressure: bothTexts(trial, files.cpuPressure),
    filesNs: report.end.filesNs - report.start.filesNs,
    cpus: pinnedCpus(trial),
    sides: sides(trial, { server, client }),
    // Where it is not known, interrupts are nobody's: better to miss a neighbour than to invent one.
    interruptsApart: trial.irqTimeAccounting ?? true,
    quotas: trial.quotaFiles.map((path) => bothTexts(trial, path)),
    clientRunDelayNs: client.runDelayNs,
    serverRunDelayNs: server.runDelayNs,
    clientAlone: apart(trial) && trial.report.file === null,
    // Several tasks of one server wait for each other, and one that never sleeps waits for every little
    // thing of the kernel: that is the model, not a disturbance. What others took of its CPU tells.
    serverAlone: apart(trial) && model.tasks === 'one' && !model.spins && !trial.writes,
  });
}

/** What a job on a file showed beside what every load shows. */
function fileSide(trial: TrialReadings): Observation['file'] {
  const { report, deviceStat } = trial;
  const { file, start, end } = report;
  if (file === null) return null;
  const threads = kernelThreads(start, end);
  const ofKernel = threads === null ? 0 : threads.sqpCpuNs + threads.workerCpuNs;
  return {
    submit: latency(file.submit),
    bytes: file.bytesMoved,
    helperCpuNs: file.helperCpuNs + ofKernel,
    blocksChecked: file.blocksChecked,
    blocksSeen: file.blocksSeen,
    pages: file.pages,
    pagesCachedStart: file.pagesCachedStart,
    pagesCachedEnd: file.pagesCachedEnd,
    device: deviceStat ? deviceBetween(...bothTexts(trial, deviceStat)) : null,
  };
}

/** Where nothing is pinned, others have CPUs enough of their own: nothing can be said of them. */
function sides(
  trial: TrialReadings,
  { server, client }: Pick<Observation, 'server' | 'client'>,
): readonly SideCpus[] {
  const { serverCpus } = trial;
  // Who conducts a job sleeps meanwhile, and what the kernel does for it elsewhere is its own.
  if (trial.report.file !== null)
    return serverCpus === null || trial.writes
      ? []
      : [{ who: 'the program', cpus: serverCpus, ownCpuNs: server.cpuNs }];
  const clientCpus = clientCpusUsed(trial);
  if (serverCpus === null || clientCpus === null) return [];
  if (apart(trial))
    return [
      { who: 'the client', cpus: clientCpus, ownCpuNs: client.cpuNs },
      { who: 'the server', cpus: serverCpus, ownCpuNs: server.cpuNs },
    ];
  const cpus = [...new Set([...serverCpus, ...clientCpus])];
  return [{ who: 'client and server', cpus, ownCpuNs: client.cpuNs + server.cpuNs }];
}

function warningsOf(trial: TrialReadings, counters: Readonly<Record<string, number>>): string[] {
  const warnings: string[] = [];
  const seen = (name: string) => counters[name] ?? 0;
  if (seen('cq_overflows') > 0)
    warnings.push(`${counted(seen('cq_overflows'), 'completion')} overflowed the CQ`);
  if (seen('signal_overflows') > 0)
    warnings.push(`the signal queue overflowed ${counted(seen('signal_overflows'), 'time')}`);
  if (seen('refused') > 0)
    warnings.push(
      `${counted(seen('refused'), 'connection')} ${seen('refused') === 1 ? 'was' : 'were'} refused`,
    );
  if (trial.report.errors > 0) warnings.push(`${counted(trial.report.errors, 'request')} failed`);
  if (trial.report.dueUnsent > 0)
    warnings.push(
      'requests were due and never sent: the offered rate was not achieved; in the response times they count with what they had waited',
    );
  if (!trial.foreign && (!trial.report.start.sample || !trial.report.end.sample))
    warnings.push('the server did not answer for its context switches');
  warnings.push(...foreignWarnings(trial));
  for (const [side, used] of [
    ['server', trial.serverCongestion],
    ['client', trial.report.congestion],
  ] as const)
    if (used && used !== PINNED_CONGESTION)
      warnings.push(
        `the kernel refused ${PINNED_CONGESTION} as congestion control: the ${side} used ${used}; allow it in net.ipv4.tcp_allowed_congestion_control`,
      );
  const cpus = trial.serverCpus?.length ?? trial.cpusAllowed;
  if (trial.model.tasks === 'one-and-kernel-thread' && cpus < 2)
    warnings.push(`the kernel thread that polls shares one CPU with the server; ${adviceOnCpus(trial)}`);
  return warnings;
}

/** As it says itself, as the kernel says of its sockets, or else what the host gives those of which nothing is said. */
function serverCongestion({ serverCongestion: told, report, foreign }: TrialReadings): string | null {
  return told || (report.server?.congestion ?? foreign?.hostCongestion ?? null);
}

/** What makes the numbers of a server that was not built for this less than those of ours. */
function foreignWarnings(trial: TrialReadings): string[] {
  const { foreign, report } = trial;
  if (!foreign) return [];
  const warnings: string[] = [];
  const congestion = serverCongestion(trial);
  const isKnown = report.server?.congestion != null;
  if (congestion !== PINNED_CONGESTION)
    warnings.push(
      `its connections use ${congestion ?? 'an unknown'} congestion control${isKnown ? '' : ', as far as is known'}, those of the models ${PINNED_CONGESTION}: not ranked${foreign.congestionError === null ? '; it sets its own' : `; its socket could not be given another (${foreign.congestionError}: that takes the right to trace it)`}`,
    );
  const ended = report.server?.tasksEnded ?? 0;
  if (ended > 0)
    warnings.push(
      'threads or processes of it ended during the window: their context switches are not known, and their CPU time is to a clock tick where they were processes',
    );
  return warnings;
}

/** Two CPUs for the server are worth asking for only where the client keeps one of its own. */
function adviceOnCpus({ cpusAllowed }: TrialReadings): string {
  if (cpusAllowed > 2) return 'give it two with --server-cpus';
  return `with ${counted(cpusAllowed, 'CPU')} to run on, this host has none to give it`;
}

/** Share of the server's wakeups that found nothing to do; null if it had none. */
function idleShare(counters: Readonly<Record<string, number>>): number | null {
  const wakeups = counters.wakeups ?? 0;
  return wakeups > 0 ? (counters.idle_wakeups ?? 0) / wakeups : null;
}

function switchesBetween(start: LoadEdge, end: LoadEdge) {
  if (!start.sample || !end.sample) return { voluntarySwitches: null, involuntarySwitches: null };
  return {
    voluntarySwitches: end.sample.voluntarySwitches - start.sample.voluntarySwitches,
    involuntarySwitches: end.sample.involuntarySwitches - start.sample.involuntarySwitches,
  };
}

/** Growth of the run delay between the edges; null where the kernel does not tell. */
function delta(start: LoadEdge, end: LoadEdge, path: string): number | null {
  const [before, after] = [start, end].map((edge) => parseRunDelayNs(edge.files[path] ?? ''));
  return before == null || after == null ? null : Math.max(0, after - before);
}

function differences(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]),
  );
}

function syscallsOf(counters: Readonly<Record<string, number>>): Record<string, number> {
  return nonZero(
    Object.entries(counters)
      .filter(([name]) => name.startsWith(SYSCALL_PREFIX))
      .map(([name, value]) => [name.slice(SYSCALL_PREFIX.length), value]),
  );
}

function nonZero(entries: readonly (readonly [string, number])[]): Record<string, number> {
  return Object.fromEntries(entries.filter(([, value]) => value !== 0));
}

function latency(load: LoadLatency): Latency {
  return {
    count: load.counts.reduce((a, b) => a + b, 0),
    sumNs: load.sumNs,
    minNs: load.minNs,
    maxNs: load.maxNs,
    histogram: encodeHistogram(load.counts),
  };
}

function sameLatency(a: LoadLatency, b: LoadLatency): boolean {
  return a.sumNs === b.sumNs && a.counts.every((value, i) => value === b.counts[i]);
}
