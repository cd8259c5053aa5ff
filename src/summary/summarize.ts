import { referenceOf } from '../results/cells.ts';
import type {
  AuditedTrial,
  Cell,
  CountedTrial,
  MeasuredTrial,
  RunRecord,
  RunResult,
  TrialResult,
} from '../results/schema.ts';
import { BLOCKS_MIN, halfWidth, type Pair, pairedRatio } from '../stats/bootstrap.ts';
import { addUp, sumOf } from '../stats/sums.ts';
import type { Workload } from '../workloads/schema.ts';
import { totalAudits } from './audit-summary.ts';
import { cleanTrials } from './clean-trials.ts';
import { rankRows } from './rank.ts';
import type { RankedBy, RowNumbers, RowRatio, RowSummary, RunSummary } from './run-summary.ts';
import { summarizeRow, summarizeSaturation } from './summarize-row.ts';

interface CellTrials {
  readonly cell: Cell;
  readonly measured: readonly MeasuredTrial[];
  /** Of these. */
  readonly clean: ReadonlySet<MeasuredTrial>;
  /** Those in which the CPU counts. */
  readonly counted: readonly CountedTrial[];
  /** Those in which tracepoints or strace count. */
  readonly audited: readonly AuditedTrial[];
  readonly failures: readonly string[];
  readonly failed: number;
}

/** What all trials of a run say together. Deterministic: bootstrap seeds derive from the run's seed. */
export function summarize(result: RunResult): RunSummary {
  const { record } = result;
  const clean = new Set(cleanTrials(result));
  const groups = record.settings.workloads.map((workload) => ({
    workload,
    cells: record.cells
      .filter((cell) => cell.workload === workload.id)
      .map((cell) => trialsOf(cell, result.trials, clean)),
  }));
  const comparisons = groups.reduce(
    (sum, { workload, cells }) => sum + countComparisons(cells, workload, record),
    0,
  );
  const measured = result.trials.filter((trial) => trial.status === 'measured');
  return {
    comparisons,
    trials: {
      measured: measured.length,
      failed: result.trials.filter((trial) => trial.status === 'failed').length,
      contaminated: measured.filter(isContaminated).length,
      clean: clean.size,
      counted: result.trials.filter((trial) => trial.status === 'counted').length,
    },
    audits: totalAudits(result),
    workloads: groups.map(({ workload, cells }) => ({
      workload,
      baseline: referenceOf(record.settings, workload),
      rows: rankRows(cells.map((cell) => rowOf(cell, { workload, cells, record, comparisons }))),
    })),
  };
}

/** Half-widths of the ratio intervals, in units of the ratio; null where there is no interval yet. */
export function halfWidths(summary: RunSummary): readonly HalfWidth[] {
  return summary.workloads.flatMap(({ workload, rows }) =>
    rows.flatMap((row) =>
      row.status === 'measured' && row.comparison !== null
        ? [
            {
              workload: workload.id,
              label: row.label,
              halfWidth: row.comparison.halfWidth,
              blocks: row.comparison.blocks,
            },
          ]
        : [],
    ),
  );
}

/** How well the ratio of a cell is known: half of its interval; null where it has none. */
export interface HalfWidth {
  readonly workload: string;
  readonly label: string;
  readonly halfWidth: number | null;
  /** That hold both it and its reference, and are used. */
  readonly blocks: number;
}

interface RowContext {
  readonly workload: Workload;
  readonly cells: readonly CellTrials[];
  readonly record: RunRecord;
  readonly comparisons: number;
}

function trialsOf(cell: Cell, trials: readonly TrialResult[], clean: ReadonlySet<MeasuredTrial>): CellTrials {
  const own = trials.filter((trial) => trial.workload === cell.workload && trial.label === cell.label);
  const failed = own.filter((trial) => trial.status === 'failed');
  return {
    cell,
    measured: own.filter((trial) => trial.status === 'measured'),
    clean,
    counted: own.filter((trial) => trial.status === 'counted'),
    audited: own.filter((trial) => trial.status === 'audited'),
    failures: [...new Set(failed.map((trial) => `${trial.stage}: ${trial.message}`))],
    failed: failed.length,
  };
}

function countComparisons(cells: readonly CellTrials[], workload: Workload, record: RunRecord): number {
  const baseline = referenceOf(record.settings, workload);
  const measured = cells.filter((cell) => cell.measured.length > 0);
  return measured.some(({ cell }) => cell.label === baseline) ? measured.length - 1 : 0;
}

function rowOf(trials: CellTrials, context: RowContext): RowSummary {
  const { cell, measured, failures, failed } = trials;
  const baseline = cell.label === referenceOf(context.record.settings, context.workload);
  const common = { label: cell.label, model: cell.model, baseline };
  if (cell.skipReason !== null) return { ...common, status: 'skipped', reason: cell.skipReason };
  if (measured.length === 0) {
    return { ...common, status: failed > 0 ? 'failed' : 'not-run', trials: { failed }, failures };
  }
  const contaminated = measured.filter(isContaminated).length;
  const used = usedOf(measured, (trial) => trials.clean.has(trial));
  return {
    ...common,
    status: 'measured',
    ...withTrouble(summarizeRow(used.trials, trials, context.workload), measured),
    trials: {
      measured: measured.length,
      failed,
      contaminated,
      clean: measured.filter((trial) => trials.clean.has(trial)).length,
      used: used.of,
    },
    failures,
    comparison: baseline ? null : compare(trials, context),
    rank: null,
  };
}

/** What went wrong is told of all trials, whichever its numbers are of. */
function withTrouble(row: RowNumbers, measured: readonly MeasuredTrial[]): RowNumbers {
  const observations = measured.map(({ observation }) => observation);
  return {
    ...row,
    server: { ...row.server, counters: addUp(observations.map((o) => o.server.counters)) },
    errors: sumOf(observations, (o) => o.requests.errors + o.requests.connectionErrors),
    marks: observations.flatMap((o) => o.contamination.marks),
    warnings: [...new Set(observations.flatMap((o) => o.warnings))],
  };
}

/** So many clean trials of a row are enough to leave out the others, or half of all where there are few. */
const CLEAN_ENOUGH = 5;

/** The clean ones where they are enough, else all. */
function usedOf<T>(
  all: readonly T[],
  isClean: (one: T) => boolean,
): { trials: readonly T[]; of: 'clean' | 'all' } {
  const clean = all.filter(isClean);
  return clean.length >= Math.min(CLEAN_ENOUGH, all.length / 2)
    ? { trials: clean, of: 'clean' }
    : { trials: all, of: 'all' };
}

function compare(trials: CellTrials, context: RowContext): RowRatio {
  const label = referenceOf(context.record.settings, context.workload);
  const baseline = context.cells.find(({ cell }) => cell.label === label);
  const rankedBy = rankedByOf(trials, baseline, context.workload);
  if (baseline === undefined || baseline.measured.length === 0) {
    return noComparison(rankedBy, `the reference ${label} was not measured`);
  }
  const unlike = unlikeConnections(trials, baseline);
  if (unlike !== null) return noComparison(rankedBy, unlike);
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

/** Why the connections of two rows are not alike, so that not the servers would be compared; null: they are, or nobody knows. */
function unlikeConnections(row: CellTrials, baseline: CellTrials): string | null {
  const used = ({ measured }: CellTrials) =>
    [...new Set(measured.flatMap(({ observation }) => observation.congestion?.server ?? []))]
      .sort()
      .join(', ');
  const [own, other] = [used(row), used(baseline)];
  return own === '' || other === '' || own === other
    ? null
    : `its connections use ${own} congestion control, those of ${baseline.cell.label} ${other}`;
}

function noComparison(rankedBy: RankedBy, reason: string): RowRatio {
  const nothing = { ratio: null, interval: null, simultaneous: null, halfWidth: null };
  return { rankedBy, ...nothing, blocks: 0, verdict: 'unknown', reason };
}

/**
 * Throughput ranks servers only where it is theirs: not where the rate is given (open loop), nor where
 * the client was the limit of either cell. There the CPU per request says who is cheaper. Where neither
 * was saturated in a closed loop, throughput is requests in flight over response time: a fair measure. The rate of
 * operations on a file is the device's as often as not, and wanders with it. Where no time
 * was measured, instructions are what there is.
 */
function rankedByOf(row: CellTrials, baseline: CellTrials | undefined, workload: Workload): RankedBy {
  if (row.measured.some(({ observation }) => observation.pathLength !== null)) return 'path';
  if (workload.mode === 'open' || workload.mode === 'job') return 'cpu';
  const clientLimited = [row, baseline].some(
    (cell) => cell !== undefined && summarizeSaturation(cell.measured).verdict === 'client',
  );
  return clientLimited ? 'cpu' : 'throughput';
}

/** Pairs of clean trials of a block where they are enough, else all pairs. */
function pairsOf(row: CellTrials, baseline: CellTrials, rankedBy: RankedBy): readonly Pair[] {
  const merit = ({ observation }: MeasuredTrial): number => meritOf(observation, rankedBy);
  const baselines = new Map(baseline.measured.map((trial) => [trial.block, trial]));
  const pairs = row.measured.flatMap((trial) => {
    const other = baselines.get(trial.block);
    return other === undefined ? [] : [{ trial, other }];
  });
  const used = usedOf(pairs, ({ trial, other }) => row.clean.has(trial) && row.clean.has(other));
  return used.trials.map(({ trial, other }) => ({ value: merit(trial), baseline: merit(other) }));
}

/** Zero, which no ratio is made of, where no CPU time was seen, or no path length is known. */
function meritOf(o: MeasuredTrial['observation'], rankedBy: RankedBy): number {
  const inverse = (cost: number | null) => (cost !== null && cost > 0 ? 1 / cost : 0);
  switch (rankedBy) {
    case 'throughput':
      return o.throughputPerS;
    case 'cpu':
      return inverse(o.server.cpuNsPerRequest);
    case 'path':
      return inverse(o.pathLength?.total ?? null) * o.requests.accounted;
  }
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
