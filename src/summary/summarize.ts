import type { Cell, MeasuredTrial, RunRecord, RunResult, TrialResult } from '../results/schema.ts';
import { BLOCKS_MIN, halfWidth, type Pair, pairedRatio } from '../stats/bootstrap.ts';
import type { Workload } from '../workloads/schema.ts';
import { totalAudits } from './audit-summary.ts';
import { rankRows } from './rank.ts';
import type { RankedBy, RowRatio, RowSummary, RunSummary } from './run-summary.ts';
import { summarizeRow, summarizeSaturation } from './summarize-row.ts';

interface CellTrials {
  readonly cell: Cell;
  readonly measured: readonly MeasuredTrial[];
  readonly failures: readonly string[];
  readonly failed: number;
}

/** What all trials of a run say together. Deterministic: bootstrap seeds derive from the run's seed. */
export function summarize(result: RunResult): RunSummary {
  const { record } = result;
  const groups = record.settings.workloads.map((workload) => ({
    workload,
    cells: record.cells
      .filter((cell) => cell.workload === workload.id)
      .map((cell) => trialsOf(cell, result.trials)),
  }));
  const comparisons = groups.reduce((sum, { cells }) => sum + countComparisons(cells, record), 0);
  const measured = result.trials.filter((trial) => trial.status === 'measured');
  return {
    comparisons,
    trials: {
      measured: measured.length,
      failed: result.trials.filter((trial) => trial.status === 'failed').length,
      contaminated: measured.filter(isContaminated).length,
    },
    audits: totalAudits(result),
    workloads: groups.map(({ workload, cells }) => ({
      workload,
      baseline: record.settings.baseline,
      rows: rankRows(cells.map((cell) => rowOf(cell, { workload, cells, record, comparisons }))),
    })),
  };
}

/** Half-widths of the ratio intervals, in units of the ratio; null where there is no interval yet. */
export function halfWidths(summary: RunSummary): readonly HalfWidth[] {
  return summary.workloads.flatMap(({ workload, rows }) =>
    rows.flatMap((row) =>
      row.status === 'measured' && row.comparison !== null
        ? [{ workload: workload.id, label: row.label, halfWidth: row.comparison.halfWidth }]
        : [],
    ),
  );
}

/** How well the ratio of a cell is known: half of its interval; null where it has none. */
export interface HalfWidth {
  readonly workload: string;
  readonly label: string;
  readonly halfWidth: number | null;
}

interface RowContext {
  readonly workload: Workload;
  readonly cells: readonly CellTrials[];
  readonly record: RunRecord;
  readonly comparisons: number;
}

function trialsOf(cell: Cell, trials: readonly TrialResult[]): CellTrials {
  const own = trials.filter((trial) => trial.workload === cell.workload && trial.label === cell.label);
  const failed = own.filter((trial) => trial.status === 'failed');
  return {
    cell,
    measured: own.filter((trial) => trial.status === 'measured'),
    failures: [...new Set(failed.map((trial) => `${trial.stage}: ${trial.message}`))],
    failed: failed.length,
  };
}

function countComparisons(cells: readonly CellTrials[], record: RunRecord): number {
  const { baseline } = record.settings;
  const measured = cells.filter((cell) => cell.measured.length > 0);
  return measured.some(({ cell }) => cell.label === baseline) ? measured.length - 1 : 0;
}

function rowOf(trials: CellTrials, context: RowContext): RowSummary {
  const { cell, measured, failures, failed } = trials;
  const baseline = cell.label === context.record.settings.baseline;
  const common = { label: cell.label, model: cell.model, baseline };
  if (cell.skipReason !== null) return { ...common, status: 'skipped', reason: cell.skipReason };
  if (measured.length === 0) {
    return { ...common, status: failed > 0 ? 'failed' : 'not-run', trials: { failed }, failures };
  }
  const contaminated = measured.filter(isContaminated).length;
  return {
    ...common,
    status: 'measured',
    ...summarizeRow(measured, context.workload),
    trials: { measured: measured.length, failed, contaminated },
    failures,
    comparison: baseline ? null : compare(trials, context),
    rank: null,
  };
}

function compare(trials: CellTrials, context: RowContext): RowRatio {
  const label = context.record.settings.baseline;
  const baseline = context.cells.find(({ cell }) => cell.label === label);
  const rankedBy = rankedByOf(trials, baseline, context.workload);
  if (baseline === undefined || baseline.measured.length === 0) {
    return noComparison(rankedBy, `the reference ${label} was not measured`);
  }
  const result = pairedRatio(pairsOf(trials, baseline, rankedBy), {
    seed: seedOf(context.record.settings.seed, `${context.workload.id}/${trials.cell.label}`),
    comparisons: context.comparisons,
  });
  const { ratio, interval, simultaneous, blocks, differs } = result;
  const verdict =
    ratio === null || interval === null
      ? 'unknown'
      : interval.low <= 1 && interval.high >= 1
        ? 'no-difference'
        : !differs
          ? 'unclear'
          : ratio > 1
            ? 'better'
            : 'worse';
  const reason =
    interval === null ? `too few blocks: ${blocks} with both, an interval needs ${BLOCKS_MIN}` : null;
  return {
    rankedBy,
    ratio,
    interval,
    simultaneous,
    halfWidth: halfWidth(interval),
    blocks,
    verdict,
    reason,
  };
}

function noComparison(rankedBy: RankedBy, reason: string): RowRatio {
  const nothing = { ratio: null, interval: null, simultaneous: null, halfWidth: null };
  return { rankedBy, ...nothing, blocks: 0, verdict: 'unknown', reason };
}

/**
 * Throughput ranks servers only where it is theirs: not where the rate is given (open loop), nor where
 * the client was the limit of either cell. There the CPU per request says who is cheaper. Where neither
 * was saturated in a closed loop, throughput is requests in flight over response time: a fair measure.
 */
function rankedByOf(row: CellTrials, baseline: CellTrials | undefined, workload: Workload): RankedBy {
  if (workload.mode === 'open') return 'cpu';
  const clientLimited = [row, baseline].some(
    (cell) => cell !== undefined && summarizeSaturation(cell.measured).verdict === 'client',
  );
  return clientLimited ? 'cpu' : 'throughput';
}

function pairsOf(row: CellTrials, baseline: CellTrials, rankedBy: RankedBy): readonly Pair[] {
  const merit = ({ observation }: MeasuredTrial): number =>
    rankedBy === 'throughput' ? observation.throughputPerS : perCpuNs(observation.server.cpuNsPerRequest);
  const baselines = new Map(baseline.measured.map((trial) => [trial.block, merit(trial)]));
  return row.measured.flatMap((trial) => {
    const other = baselines.get(trial.block);
    return other === undefined ? [] : [{ value: merit(trial), baseline: other }];
  });
}

/** Zero, which no ratio is made of, where no CPU time was seen. */
function perCpuNs(cpuNsPerRequest: number): number {
  return cpuNsPerRequest > 0 ? 1 / cpuNsPerRequest : 0;
}

function isContaminated(trial: MeasuredTrial): boolean {
  return trial.observation.contamination.marks.length > 0;
}

/** A 32-bit seed of its own for each cell: FNV-1a over its name, from the run's seed. */
function seedOf(seed: number, name: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}
