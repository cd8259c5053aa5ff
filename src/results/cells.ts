import { domainOf, type Workload } from '../workloads/schema.ts';
import type { CellName, RunRecord, RunSettings, TrialResult } from './schema.ts';

/** A cell that was measured before, and why it is not now. */
export interface LostCell extends CellName {
  readonly reason: string;
}

/** `epoll-lt/ping-pong`: a row under a workload in one word, as patterns name it. */
export function cellKey({ label, workload }: CellName): string {
  return `${label}/${workload}`;
}

/** The label that ratios under a workload refer to. */
export function referenceOf(
  { baseline, fileBaseline }: Pick<RunSettings, 'baseline' | 'fileBaseline'>,
  workload: Pick<Workload, 'domain'> | undefined,
): string {
  return workload !== undefined && domainOf(workload) === 'file' ? (fileBaseline ?? baseline) : baseline;
}

type FailedTrial = Extract<TrialResult, { status: 'failed' }>;

/** What tells which cells of a run were measured. */
export interface RunOfCells {
  readonly record: RunRecord;
  readonly trials: readonly (
    | FailedTrial
    | (CellName & { readonly status: Exclude<TrialResult['status'], 'failed'> })
  )[];
}

/** Cells of which any run of `before` has a measured trial and none of `after` has, each once. */
export function lostCells(
  before: readonly RunOfCells[],
  after: readonly RunOfCells[],
  side: string,
): LostCell[] {
  const now = new Set(measuredCells(after).map(cellKey));
  return measuredCells(before)
    .filter((cell) => !now.has(cellKey(cell)))
    .map((cell) => ({ ...cell, reason: whyNotMeasured(after, cell, side) }));
}

/** Cells of which any run has a measured trial, each once; audits are none. */
function measuredCells(runs: readonly RunOfCells[]): CellName[] {
  const found = runs.flatMap(({ trials }) => trials.filter(({ status }) => status === 'measured'));
  return [
    ...new Map(
      found.map(({ label, workload }) => [cellKey({ label, workload }), { label, workload }]),
    ).values(),
  ];
}

/** Why runs have no measured trial of a cell. @param side what the runs are called. */
export function whyNotMeasured(
  runs: readonly RunOfCells[],
  { label, workload }: CellName,
  side: string,
): string {
  const isOfCell = (other: CellName) => other.label === label && other.workload === workload;
  const cell = runs.flatMap(({ record }) => record.cells).find(isOfCell);
  if (cell === undefined) return `not in ${side}`;
  if (cell.skipReason !== null) return `skipped in ${side}: ${cell.skipReason}`;
  const failures = runs
    .flatMap(({ trials }) => trials.filter(isOfCell))
    .flatMap((trial) => (trial.status === 'failed' ? [`${trial.stage}: ${trial.message}`] : []));
  const [first] = failures;
  return first === undefined ? `no trial was measured in ${side}` : `every trial failed in ${side}: ${first}`;
}
