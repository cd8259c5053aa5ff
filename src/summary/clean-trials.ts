import type { Calibration, MeasuredTrial, RunResult } from '../results/schema.ts';
import { halfSampleMode } from '../stats/mode.ts';

/** How fast the machine usually is: each calibration of `calibrationSchema` where most of them lie. */
export type UsualSpeed = Pick<Calibration, 'spinNs' | 'syscallNs' | 'pingNs'>;

/**
 * By how much, as a share, a calibration may lie above what is usual. Readings of an undisturbed VM lie within
 * 8 % (a round trip takes 14 or 15 us); while whatever wakes another task costs a quarter more they lie 10 to 40 %
 * above. See docs/statistics.md.
 */
export const SPEED_LIMIT = 0.09;

/** With fewer clean trials the floor of a cell was not seen. */
export const CLEAN_MIN = 3;

const READINGS = [
  { key: 'spinNs', title: 'loop' },
  { key: 'syscallNs', title: 'system call' },
  { key: 'pingNs', title: 'round trip' },
] as const satisfies readonly { readonly key: keyof UsualSpeed; readonly title: string }[];

/** What is usual over these calibrations: of runs of one host under one kernel. Null without one. */
export function usualSpeed(calibrations: readonly Calibration[]): UsualSpeed | null {
  const [spinNs, syscallNs, pingNs] = READINGS.map(({ key }) =>
    halfSampleMode(calibrations.map((calibration) => calibration[key])),
  );
  return spinNs == null || syscallNs == null || pingNs == null ? null : { spinNs, syscallNs, pingNs };
}

/** What is above the usual in a calibration, as in `round trip 19.0 us, usually 14.0 us`; none: nothing is. */
export function unusualReadings(calibration: Calibration, usual: UsualSpeed): string[] {
  return READINGS.flatMap(({ key, title }) =>
    calibration[key] > usual[key] * (1 + SPEED_LIMIT)
      ? [`${title} ${shownNs(calibration[key])}, usually ${shownNs(usual[key])}`]
      : [],
  );
}

function shownNs(ns: number): string {
  return ns < 1000 ? `${ns.toFixed(0)} ns` : `${(ns / 1000).toFixed(1)} us`;
}

/**
 * The calibrations at both ends of a block: its own, and the next one, which is the one of the block after it or,
 * after the last block, the closing one. Runs of versions without a closing one have a single end there.
 */
export function endsOfBlock(calibrations: readonly Calibration[], block: number): readonly Calibration[] {
  return calibrations.filter((calibration) => calibration.block === block || calibration.block === block + 1);
}

/** What says whether a trial is clean. */
export interface MarkedTrial extends Pick<MeasuredTrial, 'block'> {
  readonly observation: {
    readonly contamination: Pick<MeasuredTrial['observation']['contamination'], 'marks'>;
  };
}

/**
 * Why a trial is not clean; none: it is. It is clean when nobody else had its CPUs (its own marks) and the machine
 * was not slow at both ends of its block: then all of the block lies in a slow spell, and nothing in it tells its floor
 * from the usual one. Bursts shorter than a block show at one end at most; they hit single trials, and are what the
 * best of several trials is taken for.
 */
export function uncleanReasons(
  trial: MarkedTrial,
  calibrations: readonly Calibration[],
  usual: UsualSpeed | null,
): string[] {
  return [...trial.observation.contamination.marks, ...slowBlock(trial.block, calibrations, usual)];
}

/** What was above the usual at both ends of a block; none: it was not slow at one of them. */
export function slowBlock(
  block: number,
  calibrations: readonly Calibration[],
  usual: UsualSpeed | null,
): string[] {
  if (usual === null) return [];
  const ends = endsOfBlock(calibrations, block).map((calibration) => unusualReadings(calibration, usual));
  return ends.every((readings) => readings.length > 0) ? ends.flat() : [];
}

/**
 * The clean trials of a run.
 * @param usual of its host and kernel, where other runs say it; null: as it mostly was in this run.
 */
export function cleanTrials(
  { trials, calibrations }: Pick<RunResult, 'trials' | 'calibrations'>,
  usual: UsualSpeed | null = usualSpeed(calibrations),
): MeasuredTrial[] {
  return trials.filter(
    (trial): trial is MeasuredTrial =>
      trial.status === 'measured' && uncleanReasons(trial, calibrations, usual).length === 0,
  );
}
