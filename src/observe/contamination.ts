import { NS_PER_S, NS_PER_US } from '../util/units.ts';
import { parseThrottling, type Throttling } from './cgroup.ts';
import { type CpuTicks, cpuTicksBetween, parseCpuPressureUs, tasksRanNs } from './procfs.ts';

/** From these shares of the window on, a trial is marked; it is kept all the same. */
export const CONTAMINATION_LIMITS = {
  /** Time that the hypervisor took from a CPU in use. Ticks are 10 ms, so a short trial needs two. */
  steal: 0.02,
  stealTicksMin: 2,
  /** Time that a task which has a CPU of its own waited for it. */
  runDelay: 0.03,
  /** CPU time of others on the CPUs of a side, where /proc/schedstat tells it to the nanosecond. */
  others: 0.05,
  /** The same from /proc/stat, which samples: see `sampledOthers`. */
  othersSampled: 0.1,
  othersTicksMin: 2,
} as const;

/** Clock ticks of /proc/stat: USER_HZ, which is 100 on every architecture that Node runs on. */
const NS_PER_TICK = NS_PER_S / 100;

/** A side of the load, and the CPUs that it has. */
export interface SideCpus {
  readonly who: string;
  readonly cpus: readonly number[];
  /** CPU time of its own tasks. */
  readonly ownCpuNs: number;
}

/** Both readings of everything that tells of disturbance from outside. */
export interface DisturbanceReadings {
  readonly windowNs: number;
  readonly cpuStat: readonly [string, string];
  /** /proc/schedstat; empty where the kernel has none. */
  readonly schedstat: readonly [string, string];
  readonly cpuPressure: readonly [string, string];
  /** Between the two readings of the files. */
  readonly filesNs: number;
  /** CPUs that client and server were pinned to; null: not pinned, all CPUs count. */
  readonly cpus: readonly number[] | null;
  /** Who has which CPUs, where they are pinned; both together where they share some. */
  readonly sides: readonly SideCpus[];
  /** Whether the time of interrupts is left out of the CPU time of tasks. */
  readonly interruptsApart: boolean;
  /** cpu.stat of every cgroup above with a quota. */
  readonly quotas: readonly (readonly [string, string])[];
  readonly clientRunDelayNs: number | null;
  readonly serverRunDelayNs: number | null;
  /** Whether client and server each had a CPU to themselves: only then is waiting for it outside disturbance. */
  readonly clientAlone: boolean;
  readonly serverAlone: boolean;
}

export interface Contamination {
  readonly stealShare: number | null;
  readonly cpuPressureShare: number | null;
  /** Of the CPUs of the side that lost more; null where it cannot be known. */
  readonly othersShare: number | null;
  /** Periods in which the quota stopped tasks, of all; null without a quota. */
  readonly throttledShare: number | null;
  readonly marks: string[];
}

/** Says which disturbances were seen during a trial; shares are of the window. */
export function judgeContamination(readings: DisturbanceReadings): Contamination {
  const marks: string[] = [];
  const steal = stolen(readings);
  if (steal && steal.ticks >= CONTAMINATION_LIMITS.stealTicksMin && steal.share >= CONTAMINATION_LIMITS.steal)
    marks.push(`the hypervisor took ${percent(steal.share)} of the CPUs in use`);
  const delays = [
    { who: 'client', ns: readings.clientRunDelayNs, alone: readings.clientAlone },
    { who: 'server', ns: readings.serverRunDelayNs, alone: readings.serverAlone },
  ];
  for (const { who, ns, alone } of delays) {
    const share = (ns ?? 0) / readings.windowNs;
    if (alone && share >= CONTAMINATION_LIMITS.runDelay)
      marks.push(`the ${who} waited for its CPU ${percent(share)} of the time`);
  }
  const taken = readings.sides.flatMap((side) => takenByOthers(side, readings) ?? []);
  for (const { who, share, limit } of taken)
    if (share >= limit) marks.push(`others took ${percent(share)} of the CPU time of ${who}`);
  const throttled = readings.quotas.flatMap((quota) => throttling(quota) ?? []);
  for (const { throttledPeriods, periods } of throttled)
    if (throttledPeriods > 0)
      marks.push(`the CPU quota of its cgroup stopped it in ${throttledPeriods} of ${periods} periods`);
  return {
    stealShare: steal?.share ?? null,
    cpuPressureShare: pressureShare(readings),
    othersShare: largest(taken.map(({ share }) => share)),
    throttledShare: largest(throttled.map(({ throttledPeriods, periods }) => throttledPeriods / periods)),
    marks,
  };
}

function stolen({ cpuStat, cpus }: DisturbanceReadings): { share: number; ticks: number } | null {
  const ticks = cpuTicksBetween(...cpuStat, cpus);
  return ticks && { share: ticks.steal / ticks.total, ticks: ticks.steal };
}

/** What tasks and interrupts did on a side's CPUs without its own; with the share that is marked. */
function takenByOthers(
  side: SideCpus,
  readings: DisturbanceReadings,
): { who: string; share: number; limit: number } | null {
  const { who, cpus, ownCpuNs } = side;
  const wallNs = readings.filesNs * cpus.length;
  const ticks = cpuTicksBetween(...readings.cpuStat, cpus);
  if (ticks === null || ticks.cpus < cpus.length || wallNs <= 0) return null;
  const interruptsNs = readings.interruptsApart ? (ticks.irq + ticks.softirq) * NS_PER_TICK : 0;
  const ranNs = tasksRanNs(...readings.schedstat, cpus);
  if (ranNs === null) return { who, ...sampledOthers(side, { ticks, wallNs, interruptsNs }) };
  const takenNs = ranNs - ticks.steal * NS_PER_TICK - interruptsNs - ownCpuNs;
  return { who, share: Math.max(0, takenNs) / wallNs, limit: CONTAMINATION_LIMITS.others };
}

/**
 * From /proc/stat, which knows two things of it, each with a fault: what was not idle, which is exact but
 * holds the way into idling and out of it, a fifth of a CPU where it wakes 30,000 times a second; and what the
 * tick found at work, which is sampled. Others took what both of them say. Its ticks are 10 ms, cut off at
 * both edges: below two of them nothing is certain.
 */
function sampledOthers(
  { ownCpuNs }: SideCpus,
  {
    ticks,
    wallNs,
    interruptsNs,
  }: { readonly ticks: CpuTicks; readonly wallNs: number; readonly interruptsNs: number },
): { share: number; limit: number } {
  const notIdleNs = wallNs - (ticks.idle + ticks.steal) * NS_PER_TICK;
  const foundNs = ticks.work * NS_PER_TICK;
  const takenNs = Math.min(notIdleNs, foundNs) - interruptsNs - ownCpuNs;
  const leastNs = CONTAMINATION_LIMITS.othersTicksMin * NS_PER_TICK;
  return {
    share: Math.max(0, takenNs) / wallNs,
    limit: Math.max(CONTAMINATION_LIMITS.othersSampled, leastNs / wallNs),
  };
}

/** Null where no period ended in between, or nothing is told. */
function throttling([before, after]: readonly [string, string]): Throttling | null {
  const [from, to] = [parseThrottling(before), parseThrottling(after)];
  if (from === null || to === null || to.periods <= from.periods) return null;
  return {
    periods: to.periods - from.periods,
    throttledPeriods: to.throttledPeriods - from.throttledPeriods,
  };
}

function pressureShare(readings: DisturbanceReadings): number | null {
  const [before, after] = readings.cpuPressure.map(parseCpuPressureUs);
  if (before == null || after == null) return null;
  return ((after - before) * NS_PER_US) / readings.windowNs;
}

function largest(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
