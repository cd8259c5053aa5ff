import { NS_PER_US } from '../util/units.ts';
import { cpuTicksBetween, parseCpuPressureUs } from './procfs.ts';

/** From these shares of the window on, a trial is marked; it is kept all the same. */
export const CONTAMINATION_LIMITS = {
  /** Time that the hypervisor took from a CPU in use. Ticks are 10 ms, so a short trial needs two. */
  steal: 0.02,
  stealTicksMin: 2,
  /** Time that a task which has a CPU of its own waited for it. */
  runDelay: 0.03,
} as const;

/** Both readings of everything that tells of disturbance from outside. */
export interface DisturbanceReadings {
  readonly windowNs: number;
  readonly cpuStat: readonly [string, string];
  readonly cpuPressure: readonly [string, string];
  /** CPUs that client and server were pinned to; null: not pinned, all CPUs count. */
  readonly cpus: readonly number[] | null;
  readonly clientRunDelayNs: number | null;
  readonly serverRunDelayNs: number | null;
  /** Whether client and server each had a CPU to themselves: only then is waiting for it outside disturbance. */
  readonly clientAlone: boolean;
  readonly serverAlone: boolean;
}

export interface Contamination {
  readonly stealShare: number | null;
  readonly cpuPressureShare: number | null;
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
  return { stealShare: steal?.share ?? null, cpuPressureShare: pressureShare(readings), marks };
}

function stolen({ cpuStat, cpus }: DisturbanceReadings): { share: number; ticks: number } | null {
  const ticks = cpuTicksBetween(...cpuStat, cpus);
  return ticks && { share: ticks.steal / ticks.total, ticks: ticks.steal };
}

function pressureShare(readings: DisturbanceReadings): number | null {
  const [before, after] = readings.cpuPressure.map(parseCpuPressureUs);
  if (before == null || after == null) return null;
  return ((after - before) * NS_PER_US) / readings.windowNs;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
