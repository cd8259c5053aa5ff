import { mean, median } from 'simple-statistics';
import { findMetric, PATH_LENGTH_ID } from '../metrics/registry.ts';
import { findModel } from '../models/registry.ts';
import type { Guest, MeasuredTrial, RunResult } from '../results/schema.ts';
import { groupBy } from '../stats/group-by.ts';
import { twoGroups } from '../stats/two-groups.ts';
import { type CompareOptions, compareRuns } from './compare-runs.ts';
import type { KernelMatrix, MatrixCell } from './kernel-matrix-schema.ts';
import type { Comparison } from './result.ts';

interface GuestRun extends RunResult {
  readonly guest: Guest;
}

/**
 * Boots of kernels in guests as matrices, one for every kind of guest that they were in, the first kernel being what the
 * others are compared with: by its place in the series. Runs of no guest are left out.
 */
export function kernelMatrices(
  runs: readonly RunResult[],
  options?: CompareOptions,
): readonly KernelMatrix[] {
  const guests = runs.flatMap((run): GuestRun[] => {
    const { guest } = run.record.environment;
    return guest === null ? [] : [{ ...run, guest }];
  });
  const kinds = groupBy(guests, ({ guest: { clock, qemu, cpu, smp } }) =>
    JSON.stringify([smp, clock, qemu, cpu]),
  );
  return [...kinds]
    .sort(([, a], [, b]) => (a[0]?.guest.smp ?? 0) - (b[0]?.guest.smp ?? 0))
    .flatMap(([, own]) => matrixOf(own, options) ?? []);
}

function matrixOf(runs: readonly GuestRun[], options?: CompareOptions): KernelMatrix | null {
  const [first] = runs;
  if (first === undefined) return null;
  const kernels = [...groupBy(runs, kernelOf).values()].sort((a, b) => placeOf(a) - placeOf(b));
  const [base = []] = kernels;
  const comparisons = kernels.map((own) => (own === base ? null : compareRuns(base, own, options)));
  const { clock, qemu, cpu, smp } = first.guest;
  return {
    guest: { clock, qemu, cpu, smp },
    kernels: kernels.map((own, i) => ({
      release: own[0]?.record.environment.kernel ?? 'unknown',
      build: own[0]?.record.environment.kernelVersion ?? 'unknown',
      runs: own.map(({ record }) => record.runId),
      comparison: comparisons[i] ?? null,
    })),
    rows: cellsOf(runs).map((cell) => ({
      ...cell,
      cells: kernels.map((own, kernel) =>
        cellUnder(own, cell, { kernel, comparison: comparisons[kernel] ?? null }),
      ),
    })),
  };
}

/** Builds of one release are kernels of their own, and so is an image that is named once more under another path. */
function kernelOf({ record: { environment }, guest }: GuestRun): string {
  return JSON.stringify([environment.kernel, environment.kernelVersion, guest.place]);
}

function placeOf(runs: readonly GuestRun[]): number {
  return Math.min(...runs.map(({ guest }) => guest.place));
}

type Names = Pick<KernelMatrix['rows'][number], 'label' | 'model' | 'workload'>;

function cellsOf(runs: readonly GuestRun[]): readonly Names[] {
  const cells = runs.flatMap(({ record }) => record.cells);
  const first = groupBy(cells, ({ label, workload }) => JSON.stringify([workload, label]));
  return [...first.values()].flatMap(([cell]) =>
    cell === undefined ? [] : [{ label: cell.label, model: cell.model, workload: cell.workload }],
  );
}

function cellUnder(
  runs: readonly GuestRun[],
  names: Names,
  { kernel, comparison }: { readonly kernel: number; readonly comparison: Comparison | null },
): MatrixCell {
  const isOwn = ({ label, workload }: Pick<Names, 'label' | 'workload'>) =>
    label === names.label && workload === names.workload;
  const boots = runs
    .map(({ trials }) =>
      trials
        .filter((trial): trial is MeasuredTrial => trial.status === 'measured' && isOwn(trial))
        .flatMap(({ observation }) => findMetric(PATH_LENGTH_ID)?.ofTrial(observation) ?? []),
    )
    .filter((values) => values.length > 0);
  const judged = comparison?.metrics.find((one) => isOwn(one) && one.metric === PATH_LENGTH_ID);
  const value = boots.length === 0 ? null : mean(boots.map((values) => median(values)));
  return {
    kernel,
    value,
    boots: boots.length,
    modes: twoGroups(boots.flat()),
    change: judged?.change ?? null,
    verdict: judged?.verdict ?? null,
    reason: value === null ? whyNothing(runs, names) : (judged?.reason ?? null),
  };
}

function whyNothing(runs: readonly GuestRun[], { label, workload, model }: Names): string {
  const isOwn = (one: Pick<Names, 'label' | 'workload'>) => one.label === label && one.workload === workload;
  const skipped = runs.flatMap(({ record }) =>
    record.cells.flatMap((cell) => (isOwn(cell) ? (cell.skipReason ?? []) : [])),
  );
  if (skipped[0] !== undefined) return skipped[0];
  const failed = runs.flatMap(({ trials }) =>
    trials.flatMap((trial) =>
      isOwn(trial) && trial.status === 'failed' ? [`${trial.stage}: ${trial.message}`] : [],
    ),
  );
  if (failed[0] !== undefined) return failed[0];
  if (findModel(model)?.spins === true)
    return 'not meaningful: it polls instead of waiting, and spends what the others would execute';
  const open = runs.some(({ record }) =>
    record.settings.workloads.some(({ id, mode }) => id === workload && mode === 'open'),
  );
  if (open) return 'not meaningful: the rate is given, and the clock jumps to the next request';
  return runs.some(({ guest }) => guest.clock !== 'icount') ? 'not counted by this clock' : 'not measured';
}
