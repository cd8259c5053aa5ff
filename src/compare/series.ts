import { median, standardDeviation } from 'simple-statistics';
import type { Calibration, MeasuredTrial, RunResult } from '../results/schema.ts';
import { studentTQuantile } from '../stats/student-t.ts';

/** A trial of a side, with the run it is of and the calibration of its block. */
export interface SideTrial {
  readonly run: number;
  readonly block: number;
  readonly trial: MeasuredTrial;
  readonly calibration: Calibration | null;
}

/** One value of a cell: a logarithm, and the block it is of. */
export interface Point {
  readonly run: number;
  readonly block: number;
  readonly log: number;
}

/** From here on the runs of a side say by themselves how far runs lie apart. */
export const RUNS_FOR_SPREAD = 3;
const INTERVAL_ERROR = 0.05;

/** Measured trials of a cell over all runs of a side; audits are none. */
export function trialsOfCell(runs: readonly RunResult[], label: string, workload: string): SideTrial[] {
  return runs.flatMap((result, run) => {
    const calibrations = new Map(result.calibrations.map((calibration) => [calibration.block, calibration]));
    return result.trials.flatMap((trial) =>
      trial.status === 'measured' && trial.label === label && trial.workload === workload
        ? [{ run, block: trial.block, trial, calibration: calibrations.get(trial.block) ?? null }]
        : [],
    );
  });
}

/** What each trial says, as logarithms; trials of which `read` knows nothing are left out. */
export function pointsOf(
  trials: readonly SideTrial[],
  read: (trial: SideTrial) => number | null,
  offset = 0,
): Point[] {
  return trials.flatMap((entry) => {
    const value = read(entry);
    if (value === null || !Number.isFinite(value) || value + offset <= 0) return [];
    return [{ run: entry.run, block: entry.block, log: Math.log(value + offset) }];
  });
}

/** The values alone. */
export function logsOf(points: readonly Point[]): number[] {
  return points.map((point) => point.log);
}

/**
 * What all cells of a side did together, block by block: how far the host moved within each run, as
 * standard deviations of logarithms. A block's value is the median over its cells of their distance
 * from their own median in the run. Empty where no run has two blocks.
 */
export function wanderings(cells: readonly (readonly Point[])[]): number[] {
  const runs = new Set(cells.flatMap((points) => points.map((point) => point.run)));
  return [...runs].flatMap((run) => {
    const distances = new Map<number, number[]>();
    for (const points of cells) {
      const own = points.filter((point) => point.run === run);
      if (own.length === 0) continue;
      const middle = median(logsOf(own));
      for (const { block, log } of own) distances.set(block, [...(distances.get(block) ?? []), log - middle]);
    }
    const common = [...distances.values()].map((values) => median(values));
    return common.length < 2
      ? []
      : [standardDeviation(common) * Math.sqrt(common.length / (common.length - 1))];
  });
}

/**
 * How far two sides may lie apart for no other reason than their time, in logarithms: `factor` times
 * the movement within the runs, as if each run were one draw of it, however many blocks it has. From
 * three runs a side on, their own distances say it (Student's quantile times their standard error).
 */
export function driftAllowance(
  base: readonly (readonly Point[])[],
  current: readonly (readonly Point[])[],
  factor: number,
): number {
  const sides = [base, current].map((cells) => ({ within: wanderings(cells), between: runLevels(cells) }));
  const counts = sides.map(({ between }) => Math.max(1, between.length));
  const share = Math.sqrt(counts.reduce((sum, count) => sum + 1 / count, 0));
  if (counts.every((count) => count >= RUNS_FOR_SPREAD)) {
    const degrees = counts.reduce((sum, count) => sum + count - 1, 0);
    const squares = sides.flatMap(({ between }) => {
      const middle = between.reduce((sum, level) => sum + level, 0) / between.length;
      return between.map((level) => (level - middle) ** 2);
    });
    const deviation = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / degrees);
    return studentTQuantile(1 - INTERVAL_ERROR / 2, degrees) * deviation * share;
  }
  const within = sides.flatMap((side) => side.within);
  if (within.length === 0) return Number.POSITIVE_INFINITY;
  return factor * Math.sqrt(within.reduce((sum, size) => sum + size ** 2, 0) / within.length) * share;
}

/** Where each run lies among the runs of its side: the median over the cells. */
function runLevels(cells: readonly (readonly Point[])[]): number[] {
  const runs = new Set(cells.flatMap((points) => points.map((point) => point.run)));
  return [...runs].map((run) => {
    const distances = cells.flatMap((points) => {
      const own = logsOf(points.filter((point) => point.run === run));
      return own.length === 0 ? [] : [median(own) - median(logsOf(points))];
    });
    return distances.length === 0 ? 0 : median(distances);
  });
}
