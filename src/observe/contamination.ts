import { NS_PER_S, NS_PER_US } from '../util/units.ts';
import { parseThrottling, type Throttling } from './cgroup.ts';
import { cpuTicksBetween, parseCpuPressureUs } from './procfs.ts';

/** From these shares of the window on, a trial is marked; it is kept all the same. */
export const CONTAMINATION_LIMITS = {
  /** Time that the hypervisor took from a CPU in use. Ticks are 10 ms, so a short trial needs two. */
  steal: 0.02,
  stealTicksMin: 2,
  /** Time that a task which has a CPU of its own waited for it. */
  runDelay: 0.03,
  /**
   * CPU time of others on the CPUs of a side. /proc/stat tells it in ticks of 10 ms, cut off in idle time
   * and in waiting for I/O, at both edges: below 20 ms nothing is certain.
   */
  others: 0.05,
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
  for (const { who, ns, share } of taken)
    if (share >= CONTAMINATION_LIMITS.others && ns >= CONTAMINATION_LIMITS.othersTicksMin * NS_PER_TICK)
      marks.push(`others took ${percent(share)} of the CPU time of ${who}`);
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

/**
 * What is left of the time of a side's CPUs without idling, waiting, what the hypervisor took and its own.
 * Idle time is exact where the kernel stops its tick; the time of tasks in /proc/stat is sampled by it.
 */
function takenByOthers(
  { who, cpus, ownCpuNs }: SideCpus,
  { cpuStat, filesNs, interruptsApart }: DisturbanceReadings,
): { who: string; ns: number; share: number } | null {
  const ticks = cpuTicksBetween(...cpuStat, cpus);
  if (ticks === null || ticks.cpus < cpus.length || filesNs <= 0) return null;
  const wallNs = filesNs * cpus.length;
  const unusedTicks = ticks.idle + ticks.steal + (interruptsApart ? ticks.irq + ticks.softirq : 0);
  const ns = Math.max(0, wallNs - unusedTicks * NS_PER_TICK - ownCpuNs);
  return { who, ns, share: ns / wallNs };
}

/** Null where no period ended in between, or nothing is told. */
function throttling([before, after]: readonly [string, string]): Throttling | null {
  const [from, to] = [parseThrottling(before), parseThrottling(after)];
  if (from === null || to === null || to.periods <= from.periods) return null;
  return {
    periods: to.periods - from.periods,
    throttledPeriods: to.throttledPeriods - from.throttledPeriods,
    throttledNs: to.throttledNs - from.throttledNs,
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
