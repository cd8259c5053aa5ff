import { median } from 'simple-statistics';
import type { Metric } from '../metrics/metric.ts';
import type { Calibration } from '../results/schema.ts';
import { groupBy } from '../stats/group-by.ts';
import { SPEED_LIMIT, slowBlock, type UsualSpeed, usualSpeed } from '../summary/clean-trials.ts';
import type { Workload } from '../workloads/schema.ts';
import { AGREEING, type CellRun, type ComparedRun } from './compared-run.ts';
import { isSeen, logOf } from './levels.ts';
import { type CellPair, trialsOfCell, workloadDifference } from './match-cells.ts';
import { perObject } from './per-object.ts';

export const READINGS = ['spinNs', 'syscallNs', 'pingNs'] as const;
export const READING_TITLES = { spinNs: 'loop', syscallNs: 'system call', pingNs: 'round trip' } as const;

type RunTrial = ComparedRun['trials'][number];

/** What was usual where some runs were measured, and what of them is clean by it. */
export interface Conditions {
  /** Of the host of a run, under its kernel since it was booted; null: no run says it. */
  readonly usualOf: (run: ComparedRun) => UsualSpeed | null;
  /** The clean trials of a run. */
  readonly clean: (run: ComparedRun) => ReadonlySet<RunTrial>;
  /** Why its other trials are not, the most frequent first. */
  readonly reasons: (run: ComparedRun) => readonly string[];
  /** A cell in all of the runs that have trials of it, under the same load. */
  readonly cellsOf: (cell: CellPair, takenFrom: Metric['takenFrom']) => readonly CellRun[];
}

/**
 * What is usual is learned per host, kernel and boot, from all runs that are known. A run most of whose calibrations
 * lie above it has no clean trials, whatever single blocks say.
 */
export function conditionsOf(known: readonly ComparedRun[]): Conditions {
  const usual = new Map(
    [...groupBy(known, placeOf)].map(([place, runs]) => [
      place,
      usualSpeed(runs.flatMap(({ calibrations }) => calibrations)),
    ]),
  );
  const usualOf = (run: ComparedRun) => usual.get(placeOf(run)) ?? null;
  const stateOf = perObject((run: ComparedRun) => runState(run, usualOf(run)));
  const cells = new Map<string, readonly CellRun[]>();
  return {
    usualOf,
    clean: (run) => stateOf(run).clean,
    reasons: (run) => stateOf(run).reasons,
    cellsOf: (cell, takenFrom) => {
      const key = JSON.stringify([takenFrom, cell.label, cell.workload]);
      const found =
        cells.get(key) ??
        [...new Set(known)].flatMap((run) => {
          const trials = hasLoad(run, cell.workload)
            ? trialsOfCell(run, { label: cell.label, workload: cell.workload.id }, takenFrom)
            : [];
          return trials.length === 0
            ? []
            : [cellRun({ run, trials, takenFrom, undisturbed: stateOf(run).clean })];
        });
      cells.set(key, found);
      return found;
    },
  };
}

/** A load of the same name may have been another one when the run was measured. */
function hasLoad({ record }: ComparedRun, load: Workload): boolean {
  const own = record.settings.workloads.find(({ id }) => id === load.id);
  return own !== undefined && workloadDifference([own, load]) === null;
}

/** Of trials in which the CPU counts all are clean: no weather moves what they are taken for. */
function cellRun({
  run,
  trials,
  takenFrom,
  undisturbed,
}: Pick<CellRun, 'run' | 'trials'> & {
  readonly takenFrom: Metric['takenFrom'];
  readonly undisturbed: ReadonlySet<RunTrial>;
}): CellRun {
  if (takenFrom === 'cpu') return { run, trials, clean: trials, agrees: true };
  const clean = trials.filter((trial) => undisturbed.has(trial));
  const agrees = AGREEING.every((metric) =>
    isSeen(
      metric,
      clean.flatMap((trial) => logOf(metric)(trial) ?? []),
    ),
  );
  return { run, trials, clean, agrees };
}

/** A host under one kernel, since it was booted. */
function placeOf({ record: { environment } }: ComparedRun): string {
  const { host, kernel, kernelVersion, bootId } = environment;
  return JSON.stringify([host, kernel, kernelVersion, bootId]);
}

interface RunState {
  readonly clean: ReadonlySet<RunTrial>;
  readonly reasons: readonly string[];
}

function runState({ trials, calibrations }: ComparedRun, usual: UsualSpeed | null): RunState {
  const slow = usual === null ? [] : slowReadings(calibrations, usual);
  const slowBlocks = new Map<number, readonly string[]>();
  const clean = new Set<RunTrial>();
  const all: string[] = [];
  for (const trial of trials) {
    if (trial.status !== 'measured') continue;
    // As `uncleanReasons`, once for a block.
    const ofBlock = slowBlocks.get(trial.block) ?? slowBlock(trial.block, calibrations, usual);
    slowBlocks.set(trial.block, ofBlock);
    const { marks } = trial.observation.contamination;
    if (marks.length + ofBlock.length + slow.length === 0) clean.add(trial);
    all.push(...marks, ...ofBlock);
  }
  return { clean, reasons: [...slow, ...mostFrequent(all)] };
}

/** Readings of which the middle one of the run is beyond what is usual. */
function slowReadings(calibrations: readonly Calibration[], usual: UsualSpeed): string[] {
  if (calibrations.length === 0) return [];
  return READINGS.flatMap((key) => {
    const ratio = median(calibrations.map((calibration) => calibration[key])) / usual[key];
    return ratio > 1 + SPEED_LIMIT
      ? [
          `all of the run was measured while a ${READING_TITLES[key]} took ${(100 * (ratio - 1)).toFixed(0)} % more than usual here`,
        ]
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
