import type { HeatChart } from '../document/chart-schema.ts';
import type { MeasuredTrial } from '../results/schema.ts';
import { expectedLowest } from '../stats/extremes.ts';
import { CLEAN_MIN, uncleanReasons, usualSpeed } from '../summary/clean-trials.ts';
import type { WorkloadSummary } from '../summary/run-summary.ts';
import { type ChartedRun, measuredRows } from './charted-run.ts';

/** As `compare` takes a run: the expected lowest of so many. */
const BEST_OF = 5;

/**
 * How far each trial lies above the floor of its row, block by block: what one block did to all rows is a column, what
 * a row does by itself is a line. Null where no row has times.
 */
export function blocksChart(run: ChartedRun, summary: WorkloadSummary): HeatChart | null {
  const rows = measuredRows(summary).filter(({ timed }) => timed);
  const all = rows.map(({ label }) => run.trialsOf(summary.workload.id, label));
  const blocks = [...new Set(all.flat().map(({ block }) => block))].sort((a, b) => a - b);
  if (rows.length === 0 || blocks.length === 0) return null;
  const { calibrations } = run.result;
  const usual = usualSpeed(calibrations);
  return {
    kind: 'heat',
    title: `${summary.workload.id}: CPU per request above the floor of each row, block by block`,
    says: 'A strong column is a block that was disturbed as a whole.',
    columns: { label: 'block', names: blocks.map((block) => String(block + 1)) },
    rows: { label: 'row', names: rows.map(({ label }) => label) },
    value: { label: 'above the floor', scale: 'linear', unit: 'percent' },
    middle: null,
    shown: false,
    markName: 'contaminated, or the machine was slow',
    cells: all.flatMap((trials, row) => {
      const floor = floorOf(trials, run.clean);
      return trials.map((trial) => {
        const reasons = uncleanReasons(trial, calibrations, usual);
        return {
          row,
          column: blocks.indexOf(trial.block),
          value: floor === null ? null : 100 * (costOf(trial) / floor - 1),
          marked: reasons.length > 0,
          note: reasons.join('; '),
        };
      });
    }),
  };
}

function costOf({ observation }: MeasuredTrial): number {
  return observation.server.cpuNsPerRequest;
}

/** Of the clean trials where there are enough of them, else of all. */
function floorOf(trials: readonly MeasuredTrial[], clean: ReadonlySet<MeasuredTrial>): number | null {
  const own = trials.filter((trial) => clean.has(trial));
  const costs = (own.length >= CLEAN_MIN ? own : trials).map(costOf).filter((cost) => cost > 0);
  return costs.length === 0 ? null : expectedLowest(costs, Math.min(BEST_OF, costs.length));
}
