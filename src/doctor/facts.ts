import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { CpuTopology } from '../config/cpus.ts';
import type { Host } from '../host/host.ts';
import { cpuQuota, pidsMax } from '../observe/cgroup.ts';
import { readEnvironment, readLimit } from '../observe/environment.ts';
import { parseCpuStat } from '../observe/procfs.ts';
import { readTopology } from '../observe/topology.ts';
import type { Environment, Support } from '../results/schema.ts';
import { messageOf } from '../util/errors.ts';
import type { Workload } from '../workloads/schema.ts';
import { type CallCost, clockStepNs, timeCall } from './call-cost.ts';

/** Capabilities that decide what can be measured: bits of capabilities(7). */
const CAPABILITIES = {
  CAP_SYS_ADMIN: 21,
  CAP_SYS_RESOURCE: 24,
  CAP_PERFMON: 38,
} as const;
export type Capability = keyof typeof CAPABILITIES;

/** A folder that a run writes to. */
export interface FolderFacts {
  readonly use: 'results' | 'cache';
  readonly path: string;
  /** In the file system of the nearest folder that exists. */
  readonly freeBytes: number | null;
  readonly writable: boolean;
}

/** What was compiled and probed, or why that failed. */
export type HelperFacts =
  | {
      readonly status: 'ready';
      readonly support: readonly Support[];
      readonly ffi: CallCost;
      readonly congestion: string | null;
      /** By `HARDWARE_EVENTS`: 0, or the errno with which counting it fails. */
      readonly hardwareErrnos: readonly number[];
    }
  | { readonly status: 'failed'; readonly reason: string };

export type CompilerFacts =
  | { readonly status: 'found'; readonly command: string; readonly version: string }
  | { readonly status: 'missing'; readonly reason: string };

/** All that the checks look at; plain data, so that a check is a pure function. */
export interface Facts {
  readonly environment: Environment;
  readonly topology: CpuTopology;
  readonly workloads: readonly Workload[];
  readonly compiler: CompilerFacts;
  readonly helpers: HelperFacts;
  /** `ID` and `ID_LIKE` of os-release(5). */
  readonly distributions: readonly string[];
  /** Effective ones, of those that matter here; null: could not be read. */
  readonly capabilities: readonly Capability[] | null;
  /** Whether this is user 0 of the host itself, not of a user namespace. */
  readonly hostRoot: boolean;
  /** Whether a seccomp filter lies over this process; null: could not be read. */
  readonly seccompFilter: boolean | null;
  /** CPUs that the cgroup may use; null: no quota, or none that can be read. */
  readonly cpuQuota: number | null;
  /** Tasks that the cgroup may hold; null: no limit. */
  readonly pidsMax: number | null;
  /** Signals that may be queued: RLIMIT_SIGPENDING. */
  readonly sigpending: number | null;
  /** Events that native AIO contexts of the whole host have reserved: fs.aio-nr. */
  readonly aioReserved: number | null;
  readonly clocksources: readonly string[];
  readonly timer: CallCost & { readonly stepNs: number };
  /** Share of CPU time that the hypervisor took while the facts were gathered. */
  readonly stealShare: number | null;
  /** Share of the last 10 s in which some task waited for a CPU: `some avg10` of PSI. */
  readonly cpuPressureShare: number | null;
  readonly loadAverage: number | null;
  readonly folders: readonly FolderFacts[];
}

/** Where the facts come from; only these are asked. */
export interface FactSources {
  readonly host: Host;
  /** Rejects with the reason where there is none. */
  findCompiler(): Promise<{ command: string; version: string }>;
  /**
   * Compiles what is missing, probes every model; `ffiCall` is the cheapest call into the library, and
   * `congestion` what TCP's congestion control is once it is pinned.
   */
  prepareHelpers(): Promise<{
    readonly support: readonly Support[];
    readonly ffiCall: () => void;
    readonly congestion: string | null;
    readonly hardwareErrnos: readonly number[];
  }>;
  readonly workloads: readonly Workload[];
  readonly resultsDir: string;
  readonly cacheDir: string;
}

/**
 * Gathers them all, in about a second once the helpers are compiled. Changes nothing on the host but
 * the cache of compiled helpers. What cannot be found out is null or says why.
 */
export async function gatherFacts(sources: FactSources): Promise<Facts> {
  const { host } = sources;
  const statBefore = host.readText('/proc/stat') ?? '';
  // Before the compiler runs: the pressure of the last 10 s is to be that of others.
  const cpuPressureShare = pressure(host);
  const loadAverage = numberOf(host.readText('/proc/loadavg')?.split(' ')[0]);
  const compiler = await findCompiler(sources);
  const helpers = await prepareHelpers(sources);
  const now = () => process.hrtime.bigint();
  return {
    environment: readEnvironment(host),
    topology: readTopology(host),
    workloads: sources.workloads,
    compiler,
    helpers,
    distributions: distributions(host),
    capabilities: capabilities(host),
    hostRoot: host.uid === 0 && /^\s*0\s+0\s+4294967295\s*$/.test(host.readText('/proc/self/uid_map') ?? ''),
    seccompFilter: seccompFilter(host),
    cpuQuota: cpuQuota(host),
    pidsMax: pidsMax(host),
    sigpending: readLimit(host, 'Max pending signals', 'soft'),
    aioReserved: numberOf(host.readText('/proc/sys/fs/aio-nr')?.trim()),
    clocksources: words(
      host.readText('/sys/devices/system/clocksource/clocksource0/available_clocksource') ?? '',
    ),
    timer: { ...(await timeCall(now)), stepNs: clockStepNs(now) },
    stealShare: stealShare(statBefore, host.readText('/proc/stat') ?? ''),
    cpuPressureShare,
    loadAverage,
    folders: [await folder('results', sources.resultsDir), await folder('cache', sources.cacheDir)],
  };
}

async function findCompiler(sources: FactSources): Promise<CompilerFacts> {
  try {
    const { command, version } = await sources.findCompiler();
    return { status: 'found', command, version };
  } catch (error) {
    return { status: 'missing', reason: messageOf(error) };
  }
}

async function prepareHelpers(sources: FactSources): Promise<HelperFacts> {
  try {
    const { ffiCall, ...ready } = await sources.prepareHelpers();
    return { status: 'ready', ...ready, ffi: await timeCall(ffiCall) };
  } catch (error) {
    return { status: 'failed', reason: messageOf(error) };
  }
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && text !== '' && Number.isFinite(Number(text)) ? Number(text) : null;
}

function distributions(host: Host): string[] {
  const text = host.readText('/etc/os-release') ?? '';
  return [...text.matchAll(/^(?:ID|ID_LIKE)="?([^"\n]+)"?$/gm)].flatMap((match) => words(match[1] ?? ''));
}

function capabilities(host: Host): Capability[] | null {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(host.readText('/proc/self/status') ?? '')?.[1];
  if (mask === undefined) return null;
  const bits = BigInt(`0x${mask}`);
  const names = Object.keys(CAPABILITIES) as Capability[];
  return names.filter((name) => (bits >> BigInt(CAPABILITIES[name])) & 1n);
}

/** Mode 2 of `Seccomp` in proc(5) is a filter; 1 (strict) would have ended this process long ago. */
function seccompFilter(host: Host): boolean | null {
  const mode = /^Seccomp:\s*(\d)$/m.exec(host.readText('/proc/self/status') ?? '')?.[1];
  return mode === undefined ? null : mode === '2';
}

function pressure(host: Host): number | null {
  const percent = /^some avg10=([\d.]+)/m.exec(host.readText('/proc/pressure/cpu') ?? '')?.[1];
  return percent === undefined ? null : Number(percent) / 100;
}

function stealShare(before: string, after: string): number | null {
  const [from, to] = [parseCpuStat(before), parseCpuStat(after)];
  let [total, steal] = [0, 0];
  for (const [cpu, ticks] of to) {
    total += ticks.total - (from.get(cpu)?.total ?? ticks.total);
    steal += ticks.steal - (from.get(cpu)?.steal ?? ticks.steal);
  }
  return total > 0 ? steal / total : null;
}

async function folder(use: FolderFacts['use'], path: string): Promise<FolderFacts> {
  const existing = await nearestExisting(resolve(path));
  const writable = await access(existing, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  const freeBytes = await statfs(existing).then(
    (fs) => fs.bavail * fs.bsize,
    () => null,
  );
  return { use, path, freeBytes, writable };
}

async function nearestExisting(path: string): Promise<string> {
  const exists = await access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
  return exists || path === dirname(path) ? path : nearestExisting(dirname(path));
}
