import type { Host } from '../host/host.ts';

/**
 * CPUs that this process's cgroup may use, the tightest of all levels; null: no quota. cpu.max and
 * cpu.cfs_quota_us: Documentation/admin-guide/cgroup-v2.rst, Documentation/scheduler/sched-bwc.rst.
 */
export function cpuQuota(host: Host): number | null {
  return smallest(cpuLimits(host).map(({ cpus }) => cpus));
}

/** Where the kernel counts how often a quota stopped the tasks: `cpu.stat` of every level that has one. */
export function quotaStatFiles(host: Host): readonly string[] {
  return cpuLimits(host)
    .filter(({ cpus }) => isLimit(cpus))
    .map(({ folder }) => `${folder}/cpu.stat`);
}

/** How often a quota stopped the tasks of a cgroup since it was made. */
export interface Throttling {
  readonly periods: number;
  readonly throttledPeriods: number;
}

/** Reads `cpu.stat`, of either version of cgroups. Null where it tells nothing. */
export function parseThrottling(text: string): Throttling | null {
  const field = (name: string) => {
    const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
    return value === undefined ? null : Number(value);
  };
  const [periods, throttledPeriods] = [field('nr_periods'), field('nr_throttled')];
  if (periods === null || throttledPeriods === null) return null;
  return { periods, throttledPeriods };
}

/** Tasks that this process's cgroup may hold; null: no limit. */
export function pidsMax(host: Host): number | null {
  const limits = [...readV2(host, 'pids.max'), ...readV1(host, 'pids', 'pids.max')];
  return smallest(limits.map(({ text }) => Number(text)));
}

interface CpuLimit {
  readonly folder: string;
  /** Not a limit where it is not finite, or negative. */
  readonly cpus: number;
}

function cpuLimits(host: Host): CpuLimit[] {
  const v2 = readV2(host, 'cpu.max').map(({ folder, text }) => {
    const [quota, period] = text.split(/\s+/).map(Number);
    return { folder, cpus: (quota ?? Number.NaN) / (period ?? Number.NaN) };
  });
  const periods = new Map(
    readV1(host, 'cpu', 'cpu.cfs_period_us').map(({ folder, text }) => [folder, Number(text)]),
  );
  const v1 = readV1(host, 'cpu', 'cpu.cfs_quota_us').map(({ folder, text }) => ({
    folder,
    cpus: Number(text) / (periods.get(folder) ?? Number.NaN),
  }));
  return [...v2, ...v1];
}

/** "max" and -1 stand for no limit. */
function isLimit(value: number): boolean {
  return Number.isFinite(value) && value > 0;
}

function smallest(values: readonly number[]): number | null {
  const limits = values.filter(isLimit);
  return limits.length > 0 ? Math.min(...limits) : null;
}

/** A file of one level of the hierarchy. */
interface LevelFile {
  readonly folder: string;
  readonly text: string;
}

/** A file of cgroup version 2 at every level that has it. */
function readV2(host: Host, file: string): LevelFile[] {
  const path = groups(host).find(({ controllers }) => controllers.length === 0)?.path;
  return path === undefined ? [] : readLevels(host, { root: '/sys/fs/cgroup', path, file });
}

/** The same of version 1, whose controllers are mounted by their names. */
function readV1(host: Host, controller: string, file: string): LevelFile[] {
  const path = groups(host).find(({ controllers }) => controllers.includes(controller))?.path;
  return path === undefined ? [] : readLevels(host, { root: `/sys/fs/cgroup/${controller}`, path, file });
}

/** Lines of /proc/self/cgroup: `0::/path` for version 2, `4:cpu,cpuacct:/path` for version 1. */
function groups(host: Host): { controllers: string[]; path: string }[] {
  const lines = (host.readText('/proc/self/cgroup') ?? '').split('\n');
  return lines.flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) return [];
    return [{ controllers: controllers === '' ? [] : controllers.split(','), path }];
  });
}

/** From the process's own group up to the root of what is mounted, in a container its own group. */
function readLevels(host: Host, where: { root: string; path: string; file: string }): LevelFile[] {
  const steps = where.path.split('/').filter((step) => step !== '');
  return Array.from({ length: steps.length + 1 }, (_, up) => steps.slice(0, steps.length - up)).flatMap(
    (level) => {
      const folder = [where.root, ...level].join('/');
      const text = host.readText(`${folder}/${where.file}`)?.trim();
      return text ? [{ folder, text }] : [];
    },
  );
}
