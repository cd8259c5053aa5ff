import { median } from 'simple-statistics';
import type { Calibration, ObservedTrial, RunResult } from '../results/schema.ts';
import { groupBy } from '../stats/group-by.ts';
import {
  cleanTrials,
  SPEED_LIMIT,
  type UsualSpeed,
  uncleanReasons,
  usualSpeed,
} from '../summary/clean-trials.ts';
import type { CalibrationShift, KernelFinding } from './result.ts';

/** From so many runs on a side, a machine that is slower in each of them is no weather. */
export const RUNS_FOR_FINDING = 3;

const READINGS = ['spinNs', 'syscallNs', 'pingNs'] as const;
const TITLES = { spinNs: 'loop', syscallNs: 'system call', pingNs: 'round trip' } as const;

/** How the machine around the trials was, for all runs that are known. */
export interface Weather {
  /** The clean trials of a run, by what is usual on its host under its kernel and boot. */
  readonly clean: (run: RunResult) => ReadonlySet<ObservedTrial>;
  /** Why its other trials are not, the most frequent first. */
  readonly reasons: (run: RunResult) => readonly string[];
  /** Why the sides cannot be compared at all: the machine itself was another; empty: it was not. */
  readonly unlike: readonly string[];
  /** A new kernel under which the machine itself is slower or faster, in every run of at least three. */
  readonly finding: KernelFinding | null;
  readonly shift: CalibrationShift | null;
}

/**
 * What is usual is learned per host, kernel and boot, from the sides and the history. A run most of whose calibrations
 * lie above it has no clean trials, whatever single blocks say. Sides of which what is usual differs were not measured
 * on the same machine, unless a new kernel is the reason: see `findingOf`.
 */
export function weatherOf(
  base: readonly RunResult[],
  current: readonly RunResult[],
  history: readonly RunResult[],
): Weather {
  const known = [...base, ...current, ...history];
  const byPlace = groupBy(known, placeOf);
  const usual = new Map(
    [...byPlace].map(([place, runs]) => [
      place,
      usualSpeed(runs.flatMap(({ calibrations }) => calibrations)),
    ]),
  );
  const usualOf = (run: RunResult) => usual.get(placeOf(run)) ?? null;
  const states = new Map<RunResult, RunState>();
  const stateOf = (run: RunResult): RunState => {
    const state = states.get(run) ?? runState(run, usualOf(run));
    states.set(run, state);
    return state;
  };
  const finding = findingOf(base, current, usualOf);
  return {
    clean: (run) => stateOf(run).clean,
    reasons: (run) => stateOf(run).reasons,
    unlike: finding === null ? unlikeSides(base, current, usualOf) : [],
    finding,
    shift: shiftOf(base, current),
  };
}

/** A host under one kernel, since it was booted. */
function placeOf({ record: { environment } }: RunResult): string {
  const { host, kernel, kernelVersion, bootId } = environment;
  return JSON.stringify([host, kernel, kernelVersion, bootId]);
}

interface RunState {
  readonly clean: ReadonlySet<ObservedTrial>;
  readonly reasons: readonly string[];
}

function runState(run: RunResult, usual: UsualSpeed | null): RunState {
  const slow = usual === null ? [] : slowReadings(run.calibrations, usual);
  const clean = slow.length > 0 ? [] : cleanTrials(run, usual);
  const all = run.trials.flatMap((trial) =>
    trial.status === 'measured' ? uncleanReasons(trial, run.calibrations, usual) : [],
  );
  return { clean: new Set(clean), reasons: [...slow, ...mostFrequent(all)] };
}

/** Readings of which the middle one of the run is beyond what is usual. */
function slowReadings(calibrations: readonly Calibration[], usual: UsualSpeed): string[] {
  if (calibrations.length === 0) return [];
  return READINGS.flatMap((key) => {
    const ratio = median(calibrations.map((calibration) => calibration[key])) / usual[key];
    return ratio > 1 + SPEED_LIMIT
      ? [`all of the run was measured while a ${TITLES[key]} took ${percent(ratio)} more than usual here`]
      : [];
  });
}

/** What a reason is about, without its numbers: `the client waited for its CPU`. */
function mostFrequent(reasons: readonly string[]): string[] {
  const kinds = groupBy(reasons, (reason) => reason.replaceAll(/[\d.,]+( %| ns| us)?/g, '').trim());
  return [...kinds.values()]
    .sort((a, b) => b.length - a.length)
    .flatMap(([example]) => (example === undefined ? [] : [example]));
}

type UsualOf = (run: RunResult) => UsualSpeed | null;

/** How the usual speeds of two runs differ beyond the limit: as ratios of current over base. */
function shifts(
  base: UsualSpeed | null,
  current: UsualSpeed | null,
): { key: keyof UsualSpeed; ratio: number }[] {
  if (base === null || current === null) return [];
  return READINGS.map((key) => ({ key, ratio: current[key] / base[key] })).filter(
    ({ ratio }) => Math.abs(Math.log(ratio)) > Math.log1p(SPEED_LIMIT),
  );
}

function unlikeSides(base: readonly RunResult[], current: readonly RunResult[], usualOf: UsualOf): string[] {
  const found = base.flatMap((before) =>
    current.flatMap((after) =>
      shifts(usualOf(before), usualOf(after)).map(
        ({ key, ratio }) =>
          `the machine itself was another: a ${TITLES[key]} usually took ${change(ratio)} on the current side`,
      ),
    ),
  );
  return [...new Set(found)];
}

/**
 * A machine that is slower by itself in all of at least three separate runs of a new kernel, and in none of the base,
 * is no weather: the kernel made everything dearer that does what the calibration does. Separate runs: each by its own
 * calibrations.
 */
function findingOf(
  base: readonly RunResult[],
  current: readonly RunResult[],
  usualOf: UsualOf,
): KernelFinding | null {
  const kernels = (runs: readonly RunResult[]) =>
    new Set(runs.map(({ record: { environment } }) => `${environment.kernel} ${environment.kernelVersion}`));
  const [before, after] = [kernels(base), kernels(current)];
  if (before.size !== 1 || after.size !== 1 || [...before][0] === [...after][0]) return null;
  if (current.length < RUNS_FOR_FINDING) return null;
  const [first] = base;
  const usual = first === undefined ? null : usualOf(first);
  if (usual === null) return null;
  const readingsOf = (run: RunResult) => shifts(usual, usualSpeed(run.calibrations));
  if (base.some((run) => readingsOf(run).length > 0)) return null;
  const found = READINGS.flatMap((key) => {
    const ratios = current
      .flatMap((run) => readingsOf(run).filter((one) => one.key === key))
      .map(({ ratio }) => ratio);
    const agree = ratios.every((ratio) => ratio > 1) || ratios.every((ratio) => ratio < 1);
    return ratios.length === current.length && agree ? [{ reading: TITLES[key], ratio: median(ratios) }] : [];
  });
  const [largest] = found.toSorted((a, b) => Math.abs(Math.log(b.ratio)) - Math.abs(Math.log(a.ratio)));
  if (largest === undefined) return null;
  return { ...largest, runs: current.length, verdict: largest.ratio > 1 ? 'regressed' : 'improved' };
}

function shiftOf(base: readonly RunResult[], current: readonly RunResult[]): CalibrationShift | null {
  const [before, after] = [base, current].map((runs) => runs.flatMap(({ calibrations }) => calibrations));
  if (before === undefined || after === undefined || before.length === 0 || after.length === 0) return null;
  const ratio = (key: keyof UsualSpeed) =>
    median(after.map((calibration) => calibration[key])) /
    median(before.map((calibration) => calibration[key]));
  return { spin: ratio('spinNs'), syscall: ratio('syscallNs'), ping: ratio('pingNs') };
}

function percent(ratio: number): string {
  return `${(100 * (ratio - 1)).toFixed(0)} %`;
}

function change(ratio: number): string {
  return ratio > 1 ? `${percent(ratio)} more` : `${(100 * (1 - ratio)).toFixed(0)} % less`;
}
