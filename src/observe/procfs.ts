/** What is read from the text of files below /proc; every function is pure and total. */

/** Time of one CPU, in clock ticks since boot, from a `cpuN` line of /proc/stat (proc(5)). */
export interface CpuTicks {
  readonly total: number;
  /** Without a task to run, waiting for I/O included. */
  readonly idle: number;
  /** By tasks and interrupts, as the tick found them: user, nice, system, irq and softirq. */
  readonly work: number;
  readonly irq: number;
  readonly softirq: number;
  readonly steal: number;
}

/** The files that the load generator keeps at both edges of a trial's window. */
export function edgeFilesOf(serverPid: number | '{pid}') {
  return {
    cpuStat: '/proc/stat',
    cpuPressure: '/proc/pressure/cpu',
    /** Only in kernels with CONFIG_SCHEDSTATS. */
    schedstat: '/proc/schedstat',
    serverStatus: `/proc/${serverPid}/status`,
    serverSchedstat: `/proc/${serverPid}/schedstat`,
  } as const;
}

/** Of a sector in the kernel's counts of block devices, whatever the device has. */
const SECTOR_BYTES = 512;

/** What a block device did between two readings of its `stat` file; null where they tell nothing. */
export function deviceBetween(
  before: string,
  after: string,
): { reads: number; readBytes: number; writes: number; writeBytes: number } | null {
  const [from, to] = [before, after].map((text) => text.trim().split(/\s+/).map(Number));
  if (!from || !to || from.length < 7 || to.length < 7) return null;
  const grown = (field: number) => Math.max(0, (to[field] ?? 0) - (from[field] ?? 0));
  return {
    reads: grown(0),
    readBytes: grown(2) * SECTOR_BYTES,
    writes: grown(4),
    writeBytes: grown(6) * SECTOR_BYTES,
  };
}

/** Ticks of each CPU, by its number. Guest time is part of user time already and not added again. */
export function parseCpuStat(text: string): Map<number, CpuTicks> {
  const cpus = new Map<number, CpuTicks>();
  for (const line of text.split('\n')) {
    const match = /^cpu(\d+) (.+)$/.exec(line);
    if (!match) continue;
    const ticks = (match[2] ?? '').trim().split(/\s+/).map(Number).slice(0, 8);
    if (ticks.some((tick) => !Number.isFinite(tick))) continue;
    cpus.set(Number(match[1]), {
      total: ticks.reduce((a, b) => a + b, 0),
      idle: (ticks[3] ?? 0) + (ticks[4] ?? 0),
      work: (ticks[0] ?? 0) + (ticks[1] ?? 0) + (ticks[2] ?? 0) + (ticks[5] ?? 0) + (ticks[6] ?? 0),
      irq: ticks[5] ?? 0,
      softirq: ticks[6] ?? 0,
      steal: ticks[7] ?? 0,
    });
  }
  return cpus;
}

/**
 * What the CPUs did between two readings of /proc/stat, added up; all CPUs where none are named. Null
 * where the readings tell nothing.
 */
export function cpuTicksBetween(
  before: string,
  after: string,
  only: readonly number[] | null,
): (CpuTicks & { readonly cpus: number }) | null {
  const [from, to] = [parseCpuStat(before), parseCpuStat(after)];
  const sum = { cpus: 0, total: 0, idle: 0, work: 0, irq: 0, softirq: 0, steal: 0 };
  for (const cpu of only ?? to.keys()) {
    const [a, b] = [from.get(cpu), to.get(cpu)];
    if (!a || !b) continue;
    sum.cpus++;
    for (const key of ['total', 'idle', 'work', 'irq', 'softirq', 'steal'] as const)
      sum[key] += b[key] - a[key];
  }
  return sum.total > 0 ? sum : null;
}

/**
 * Nanoseconds in which tasks ran on the CPUs between two readings of /proc/schedstat: the seventh field of
 * a `cpuN` line (Documentation/scheduler/sched-stats.rst). Null where a reading lacks one of the CPUs.
 */
export function tasksRanNs(before: string, after: string, cpus: readonly number[]): number | null {
  let sum = 0;
  for (const cpu of cpus) {
    const [from, to] = [before, after].map((text) => {
      const fields = new RegExp(`^cpu${cpu} (.+)$`, 'm').exec(text)?.[1]?.split(' ');
      return fields?.[6] === undefined ? null : Number(fields[6]);
    });
    if (from == null || to == null) return null;
    sum += to - from;
  }
  return sum;
}

/** Nanoseconds that a task was ready and waited for a CPU: the second field of schedstat. */
export function parseRunDelayNs(text: string): number | null {
  const field = text.trim().split(/\s+/)[1];
  return field !== undefined && /^\d+$/.test(field) ? Number(field) : null;
}

/** Microseconds since boot in which some task waited for a CPU, from /proc/pressure/cpu. */
export function parseCpuPressureUs(text: string): number | null {
  const match = /^some .*total=(\d+)/m.exec(text);
  return match ? Number(match[1]) : null;
}

/** `Threads` and the peak resident set of /proc/<pid>/status. */
export function parseStatus(text: string): { threads: number | null; rssMaxBytes: number | null } {
  const field = (name: string) => {
    const match = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text);
    return match ? Number(match[1]) : null;
  };
  const rssMaxKib = field('VmHWM');
  return { threads: field('Threads'), rssMaxBytes: rssMaxKib === null ? null : rssMaxKib * 1024 };
}
