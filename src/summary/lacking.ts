import { cellKey, referenceOf } from '../results/cells.ts';
import type { Cell, CellName, MeasuredTrial, RunResult, TrialResult } from '../results/schema.ts';
import { counted, MS_PER_S } from '../util/units.ts';
import { cleanTrials, uncleanReasons, usualSpeed } from './clean-trials.ts';

/** A row that was measured again so often beside clean ones, and is never clean itself, is not a matter of luck. */
const TRIES_MAX = 5;

/** A cell with fewer clean trials, or clean pairs with a rival, than were planned. */
export interface LackingCell extends CellName {
  readonly clean: number;
}

export interface Lacking {
  /** What lacks clean trials. */
  readonly cells: readonly LackingCell[];
  /** What is to be measured once more: these and their rivals, so that a pair stays a pair. */
  readonly again: readonly CellName[];
  /** What lacks them and is not measured again any more: it was never clean where others beside it were. */
  readonly givenUp: readonly LackingCell[];
}

/**
 * What a run lacks of its planned clean trials. A row's rivals are the reference and the rows of its own model (doubles,
 * variants): those that it is compared with. Cells of which a trial failed are left alone.
 * @param planned blocks: as many clean trials of every cell, and as many clean pairs with each rival.
 */
export function lackingCells(
  run: Pick<RunResult, 'record' | 'trials' | 'calibrations'>,
  planned: number,
): Lacking {
  const clean = new Set(cleanTrials(run));
  const { settings } = run.record;
  const workloadOf = ({ workload }: CellName) => settings.workloads.find(({ id }) => id === workload);
  const cleanBlocksOf = (cell: CellName) =>
    new Set([...clean].filter((trial) => isOf(trial, cell)).map(({ block }) => block));
  const measured = run.record.cells.filter((cell) => isMeasurable(cell, run.trials));
  const hopeless = measured.filter(
    (cell) =>
      cleanBlocksOf(cell).size === 0 && triesBesideClean(cell, run.trials, { clean, planned }) >= TRIES_MAX,
  );
  const measurable = measured.filter((cell) => !hopeless.includes(cell));
  const blocksOf = new Map(measurable.map((cell) => [cellKey(cell), cleanBlocksOf(cell)]));
  const cleanBlocks = (cell: CellName) => blocksOf.get(cellKey(cell)) ?? new Set<number>();
  const cells: LackingCell[] = [];
  const again = new Map<string, CellName>();
  for (const cell of measurable) {
    const own = cleanBlocks(cell);
    const rivals = measurable.filter((other) =>
      isRival(cell, other, referenceOf(settings, workloadOf(cell))),
    );
    const pairs = rivals.map((other) => [...own].filter((block) => cleanBlocks(other).has(block)).length);
    const clean = Math.min(own.size, ...pairs);
    if (clean >= planned) continue;
    cells.push({ label: cell.label, workload: cell.workload, clean });
    for (const { label, workload } of [cell, ...rivals])
      again.set(cellKey({ label, workload }), { label, workload });
  }
  const givenUp = hopeless.map(({ label, workload }) => ({ label, workload, clean: 0 }));
  return { cells, again: [...again.values()], givenUp };
}

function isOf(trial: CellName, cell: CellName): boolean {
  return trial.label === cell.label && trial.workload === cell.workload;
}

function isRival(cell: Cell, other: Cell, reference: string): boolean {
  if (other === cell || other.workload !== cell.workload) return false;
  return other.label === reference || other.model === cell.model;
}

/** Whether a cell was measured, and no trial of it broke. */
function isMeasurable(cell: Cell, trials: readonly TrialResult[]): boolean {
  const own = trials.filter((trial) => isOf(trial, cell) && trial.counter === 'own');
  return cell.skipReason === null && own.length > 0 && own.every(({ status }) => status !== 'failed');
}

/** How often a cell was measured again in a block in which something else was clean: the weather was fit for it. */
function triesBesideClean(
  cell: Cell,
  trials: readonly TrialResult[],
  { clean, planned }: { readonly clean: ReadonlySet<MeasuredTrial>; readonly planned: number },
): number {
  const fit = new Set([...clean].filter((trial) => !isOf(trial, cell)).map(({ block }) => block));
  return trials.filter(
    (trial) => isOf(trial, cell) && trial.counter === 'own' && trial.block >= planned && fit.has(trial.block),
  ).length;
}

/**
 * What a run says of clean trials that it still lacks after measuring again.
 * @param planned as of `lackingCells`.
 */
export function lackWarnings(
  { cells, givenUp }: Lacking,
  run: Pick<RunResult, 'trials' | 'calibrations'>,
  { planned, budgetMs }: { readonly planned: number; readonly budgetMs: number },
): string[] {
  const why = (reason: string | null) => (reason === null ? '' : `; mostly ${reason}`);
  const lack = ({ length }: readonly LackingCell[]) =>
    `${counted(length, 'cell')} ${length === 1 ? 'lacks' : 'lack'} clean trials`;
  const [worst] = cells.toSorted((a, b) => a.clean - b.clean);
  return [
    ...(worst === undefined
      ? []
      : [
          `${lack(cells)} after ${Math.round(budgetMs / MS_PER_S)} s of measuring again (--retry): ${planned} were planned; ${nameOf(worst)} has ${worst.clean}: the host, not the blocks${why(mostlyDisturbedBy(run))}`,
        ]),
    ...(givenUp.length === 0
      ? []
      : [
          `${lack(givenUp)} and ${givenUp.length === 1 ? 'was' : 'were'} given up: never clean where others beside were: ${givenUp.map(nameOf).join(', ')}${why(mostlyDisturbedBy({ ...run, trials: run.trials.filter((trial) => givenUp.some((cell) => isOf(trial, cell))) }))}`,
        ]),
  ];
}

function nameOf({ label, workload }: CellName): string {
  return `${label} under ${workload}`;
}

/** What disturbed a run's trials most often, without its numbers; null: nothing did. */
export function mostlyDisturbedBy({
  trials,
  calibrations,
}: Pick<RunResult, 'trials' | 'calibrations'>): string | null {
  const usual = usualSpeed(calibrations);
  const times = new Map<string, number>();
  for (const trial of trials) {
    if (trial.status !== 'measured') continue;
    for (const reason of uncleanReasons(trial, calibrations, usual)) {
      const kind = reason.replaceAll(/[\d.,]+ (%|ns|us)/g, '…');
      times.set(kind, (times.get(kind) ?? 0) + 1);
    }
  }
  return [...times].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}
