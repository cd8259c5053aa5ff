import { median } from 'simple-statistics';
import { SPEED_LIMIT, type UsualSpeed, usualSpeed } from '../summary/clean-trials.ts';
import type { ComparedRun } from './compared-run.ts';
import { type Conditions, conditionsOf, READING_TITLES, READINGS } from './conditions.ts';
import type { CalibrationShift, KernelFinding } from './result.ts';

/** From so many runs on, at as many moments, a machine that is slower in each of them is no weather. */
const RUNS_FOR_FINDING = 3;
/** How long a slow spell lasts (docs/statistics.md): runs that lie closer together may share one. */
const SPELL_MS = 30_000;

/** How the machine around the trials was, for all runs that are known. */
export interface Weather extends Conditions {
  /** Why the sides cannot be compared at all: the machine itself was another; empty: it was not. */
  readonly unlike: readonly string[];
  /** A new kernel under which the machine itself is slower or faster, in every run, and at three moments at least. */
  readonly finding: KernelFinding | null;
  readonly shift: CalibrationShift | null;
}

/**
 * Sides of which what is usual differs were not measured on the same machine, unless a new kernel is the reason: see
 * `findingOf`. @param conditions of all of these runs.
 */
export function weatherOf(
  base: readonly ComparedRun[],
  current: readonly ComparedRun[],
  history: readonly ComparedRun[],
  conditions: Conditions = conditionsOf([...base, ...current, ...history]),
): Weather {
  const { usualOf } = conditions;
  const { finding, doubt } = findingOf({ base, current, history }, usualOf);
  const lacking = doubt === null ? '' : `; ${doubt}`;
  return {
    ...conditions,
    unlike: finding === null ? unlikeSides(base, current, usualOf).map((why) => `${why}${lacking}`) : [],
    finding,
    shift: shiftOf(base, current),
  };
}

type UsualOf = Conditions['usualOf'];

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

function unlikeSides(
  base: readonly ComparedRun[],
  current: readonly ComparedRun[],
  usualOf: UsualOf,
): string[] {
  const found = base.flatMap((before) =>
    current.flatMap((after) =>
      shifts(usualOf(before), usualOf(after)).map(
        ({ key, ratio }) =>
          `the machine itself was another: a ${READING_TITLES[key]} usually took ${change(ratio)} on the current side`,
      ),
    ),
  );
  return [...new Set(found)];
}

interface Known {
  readonly base: readonly ComparedRun[];
  readonly current: readonly ComparedRun[];
  readonly history: readonly ComparedRun[];
}

/** A finding, or why what looks like one is none yet. */
interface FindingOrDoubt {
  readonly finding: KernelFinding | null;
  readonly doubt: string | null;
}

const NO_FINDING: FindingOrDoubt = { finding: null, doubt: null };

/**
 * A machine that is slower by itself in every run of a new kernel, and in none of the base, is no weather where these runs lie
 * at three moments at least, with more than a slow spell from each to the next: the kernel made everything dearer that does what
 * the calibration does. It is asked of the slower side, for noise makes nothing faster; runs of its kernel that are stored speak
 * for it, or against it.
 */
function findingOf(known: Known, usualOf: UsualOf): FindingOrDoubt {
  const { base, current } = known;
  const shown = shownByAll(base, current, usualOf);
  if (shown === null) return NO_FINDING;
  const { key, ratio, usual } = shown;
  const isSlower = ratio > 1;
  const slower = isSlower ? 'the new kernel' : 'the old kernel';
  const doubted = (doubt: string): FindingOrDoubt => ({ finding: null, doubt });
  const asked = witnessesOf(isSlower ? current : base, known);
  const ratioOf = (run: ComparedRun) =>
    shifts(usual, usualSpeed(run.calibrations)).find((one) => one.key === key)?.ratio ?? 1;
  if (asked.some((run) => (isSlower ? ratioOf(run) <= 1 : ratioOf(run) < 1)))
    return doubted(`not in all stored runs of ${slower}, so that it is no finding about it`);
  const moments = momentsOf(asked.flatMap((run) => middleMs(run) ?? []));
  if (moments < RUNS_FOR_FINDING)
    return doubted(
      `runs at ${RUNS_FOR_FINDING} moments, more than ${SPELL_MS / 1000} s apart, tell a kernel from a slow spell, and those of ${slower} lie at ${moments}: measure it again later`,
    );
  const verdict = isSlower ? 'regressed' : 'improved';
  return { finding: { reading: READING_TITLES[key], ratio, runs: current.length, verdict }, doubt: null };
}

interface Shown {
  readonly key: keyof UsualSpeed;
  readonly ratio: number;
  /** Of the base. */
  readonly usual: UsualSpeed;
}

/** The reading that moved most in every run of another kernel than that of the base, and in none of the base; null: none did. */
function shownByAll(
  base: readonly ComparedRun[],
  current: readonly ComparedRun[],
  usualOf: UsualOf,
): Shown | null {
  const [before, after] = [base, current].map((runs) => new Set(runs.map(kernelOf)));
  if (before?.size !== 1 || after?.size !== 1 || [...before][0] === [...after][0]) return null;
  const [first] = base;
  const usual = first === undefined ? null : usualOf(first);
  if (usual === null) return null;
  const readingsOf = (run: ComparedRun) => shifts(usual, usualSpeed(run.calibrations));
  if (base.some((run) => readingsOf(run).length > 0)) return null;
  const found = READINGS.flatMap((key) => {
    const ratios = current
      .flatMap((run) => readingsOf(run).filter((one) => one.key === key))
      .map(({ ratio }) => ratio);
    const agree = ratios.every((ratio) => ratio > 1) || ratios.every((ratio) => ratio < 1);
    return ratios.length === current.length && agree ? [{ key, ratio: median(ratios), usual }] : [];
  });
  const [largest] = found.toSorted((a, b) => Math.abs(Math.log(b.ratio)) - Math.abs(Math.log(a.ratio)));
  return largest ?? null;
}

function kernelOf({ record: { environment } }: ComparedRun): string {
  return `${environment.kernel} ${environment.kernelVersion}`;
}

/** A side, and what is stored of its kernel on its hosts; runs without calibrations saw nothing. */
function witnessesOf(side: readonly ComparedRun[], { history }: Known): readonly ComparedRun[] {
  const placeOfKernel = (run: ComparedRun) => `${run.record.environment.host} ${kernelOf(run)}`;
  const places = new Set(side.map(placeOfKernel));
  const stored = history.filter((run) => places.has(placeOfKernel(run)));
  return [...side, ...stored].filter(({ calibrations }) => calibrations.length > 0);
}

/** When a run was measured, in ms since 1970: the middle of its calibrations; null: they do not say. */
function middleMs({ calibrations }: ComparedRun): number | null {
  const times = calibrations.map(({ startedAt }) => Date.parse(startedAt)).filter(Number.isFinite);
  return times.length === 0 ? null : median(times);
}

/** How many of these times lie more than a slow spell apart. */
function momentsOf(times: readonly number[]): number {
  let [moments, last] = [0, Number.NEGATIVE_INFINITY];
  for (const time of times.toSorted((a, b) => a - b))
    if (time - last > SPELL_MS) [moments, last] = [moments + 1, time];
  return moments;
}

function shiftOf(base: readonly ComparedRun[], current: readonly ComparedRun[]): CalibrationShift | null {
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
