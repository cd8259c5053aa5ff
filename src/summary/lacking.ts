import { cellKey } from '../results/cells.ts';
import type { Cell, CellName, MeasuredTrial, RunResult } from '../results/schema.ts';
import { cleanTrials, uncleanReasons, usualSpeed } from './clean-trials.ts';

/** Rows that were measured again so often in a row without being clean once are not a matter of luck. */
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
}

/**
 * What a run lacks of its planned clean trials. A row's rivals are the reference and the rows of its own model (doubles,
 * variants): those that it is compared with. Cells of which a trial failed are left alone, and those that were measured
 * again several times without ever being clean.
 * @param planned blocks: as many clean trials of every cell, and as many clean pairs with each rival.
 */
export function lackingCells(
  run: Pick<RunResult, 'record' | 'trials' | 'calibrations'>,
  planned: number,
): Lacking {
  const clean = new Set(cleanTrials(run));
  const { settings } = run.record;
  const measurable = run.record.cells.filter((cell) => canBeRepeated(cell, run, { clean, planned }));
  const blocksOf = new Map(
    measurable.map((cell) => [
      cellKey(cell),
      new Set([...clean].filter((trial) => isOf(trial, cell)).map(({ block }) => block)),
    ]),
  );
  const cleanBlocks = (cell: CellName) => blocksOf.get(cellKey(cell)) ?? new Set<number>();
  const cells: LackingCell[] = [];
  const again = new Map<string, CellName>();
  for (const cell of measurable) {
    const own = cleanBlocks(cell);
    const rivals = measurable.filter((other) => isRival(cell, other, settings.baseline));
    const pairs = rivals.map((other) => [...own].filter((block) => cleanBlocks(other).has(block)).length);
    const clean = Math.min(own.size, ...pairs);
    if (clean >= planned) continue;
    cells.push({ label: cell.label, workload: cell.workload, clean });
    for (const { label, workload } of [cell, ...rivals])
      again.set(cellKey({ label, workload }), { label, workload });
  }
  return { cells, again: [...again.values()] };
}

function isOf(trial: CellName, cell: CellName): boolean {
  return trial.label === cell.label && trial.workload === cell.workload;
}

function isRival(cell: Cell, other: Cell, reference: string): boolean {
  if (other === cell || other.workload !== cell.workload) return false;
  return other.label === reference || other.model === cell.model;
}

function canBeRepeated(
  cell: Cell,
  { trials }: Pick<RunResult, 'trials'>,
  { clean, planned }: { readonly clean: ReadonlySet<MeasuredTrial>; readonly planned: number },
): boolean {
  const own = trials.filter((trial) => isOf(trial, cell) && trial.counter === 'own');
  if (cell.skipReason !== null || own.length === 0 || own.some(({ status }) => status === 'failed'))
    return false;
  const repeats = own.filter(({ block }) => block >= planned).slice(-TRIES_MAX);
  const hopeless = repeats.every((trial) => trial.status === 'measured' && !clean.has(trial));
  return repeats.length < TRIES_MAX || !hopeless;
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
