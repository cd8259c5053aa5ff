import type { Host } from '../host/host.ts';

/**
 * CPUs that this process's cgroup may use, the tightest of all levels; null: no quota. cpu.max and
 * cpu.cfs_quota_us: Documentation/admin-guide/cgroup-v2.rst, Documentation/scheduler/sched-bwc.rst.
 */
export function cpuQuota(host: Host): number | null {
  const v2 = readV2(host, 'cpu.max').map((text) => {
    const [quota, period] = text.split(/\s+/).map(Number);
    return (quota ?? Number.NaN) / (period ?? Number.NaN);
  });
  const periods = readV1(host, 'cpu', 'cpu.cfs_period_us').map(Number);
  const v1 = readV1(host, 'cpu', 'cpu.cfs_quota_us').map(
    (quota, level) => Number(quota) / (periods[level] ?? Number.NaN),
  );
  return smallest([...v2, ...v1]);
}

/** Tasks that this process's cgroup may hold; null: no limit. */
export function pidsMax(host: Host): number | null {
  return smallest([...readV2(host, 'pids.max'), ...readV1(host, 'pids', 'pids.max')].map(Number));
}

/** "max" and -1 stand for no limit. */
function smallest(values: readonly number[]): number | null {
  const limits = values.filter((value) => Number.isFinite(value) && value > 0);
  return limits.length > 0 ? Math.min(...limits) : null;
}

/** A file of cgroup version 2 at every level that has it. */
function readV2(host: Host, file: string): string[] {
  const path = groups(host).find(({ controllers }) => controllers.length === 0)?.path;
  return path === undefined ? [] : readLevels(host, { root: '/sys/fs/cgroup', path, file });
}

/** The same of version 1, whose controllers are mounted by their names. */
function readV1(host: Host, controller: string, file: string): string[] {
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
function readLevels(host: Host, where: { root: string; path: string; file: string }): string[] {
  const steps = where.path.split('/').filter((step) => step !== '');
  return Array.from({ length: steps.length + 1 }, (_, up) => steps.slice(0, steps.length - up))
    .map((level) => [where.root, ...level, where.file].join('/'))
    .flatMap((path) => host.readText(path)?.trim() ?? []);
}
