import { scalePointOf } from '../plan/scale-workloads.ts';
import type { RunResult, TrialResult } from '../results/schema.ts';
import { type CostPoint, fitScale, type ScaleFit } from '../stats/scale-fit.ts';
import type { RowSummary, RunSummary, WorkloadSummary } from './run-summary.ts';
import { summarize } from './summarize.ts';

/** A model at one count of idle connections. */
export interface ScaleCell {
  readonly idle: number;
  /** Its row in the summary of the run, where its numbers are. */
  readonly row: RowSummary;
  /** Of all trials; null where nothing was measured. */
  readonly cpuNsPerRequest: number | null;
  /** Events that one return from the wait call brought; null where the server does not count them. */
  readonly eventsPerWakeup: number | null;
}

/** A model over all counts of idle connections. */
export interface ScaleLine {
  readonly label: string;
  readonly model: string;
  /** Fewest idle connections first. */
  readonly cells: readonly ScaleCell[];
  readonly fit: ScaleFit;
}

/** All models with the same active connections. */
export interface ScaleSweep {
  readonly active: number;
  /** Counts of idle connections that were asked for, ascending. */
  readonly idle: readonly number[];
  readonly lines: readonly ScaleLine[];
}

export interface ScaleSummary {
  /** Fewest active connections first; empty if the run holds no sweep. */
  readonly sweeps: readonly ScaleSweep[];
  readonly trials: RunSummary['trials'];
}

/** What a sweep over idle connections says. Deterministic: its seeds are the run's. */
export function summarizeScale(result: RunResult): ScaleSummary {
  const summary = summarize(result);
  const points = summary.workloads.flatMap((workload) => {
    const point = scalePointOf(workload.workload);
    return point === null ? [] : [{ ...point, workload }];
  });
  const actives = [...new Set(points.map((point) => point.active))].sort((a, b) => a - b);
  return {
    trials: summary.trials,
    sweeps: actives.map((active) => {
      const own = points.filter((point) => point.active === active).sort((a, b) => a.idle - b.idle);
      return {
        active,
        idle: own.map((point) => point.idle),
        lines: result.record.settings.entries.map((entry) => ({
          ...entry,
          ...lineOf(entry.label, own, result),
        })),
      };
    }),
  };
}

interface SweepPoint {
  readonly idle: number;
  readonly workload: WorkloadSummary;
}

function lineOf(
  label: string,
  points: readonly SweepPoint[],
  result: RunResult,
): Pick<ScaleLine, 'cells' | 'fit'> {
  const cells = points.flatMap(({ idle, workload }) => {
    const row = workload.rows.find((candidate) => candidate.label === label);
    return row === undefined ? [] : [cellOf(idle, row)];
  });
  const measured = points.filter(({ idle }) =>
    cells.some((cell) => cell.idle === idle && cell.row.status === 'measured'),
  );
  const trials = result.trials.filter((trial) => trial.label === label);
  return { cells, fit: fitScale(wholeBlocks(measured, trials), result.record.settings.seed) };
}

function cellOf(idle: number, row: RowSummary): ScaleCell {
  if (row.status !== 'measured') return { idle, row, cpuNsPerRequest: null, eventsPerWakeup: null };
  const { events, wakeups } = row.server.counters;
  return {
    idle,
    row,
    cpuNsPerRequest: row.server.cpuNsPerRequest,
    eventsPerWakeup: events === undefined || wakeups === undefined ? null : events / wakeups,
  };
}

/** Only blocks that hold all the points: a line over fewer of them is another line. */
function wholeBlocks(points: readonly SweepPoint[], trials: readonly TrialResult[]): CostPoint[][] {
  const blocks = [...new Set(trials.map((trial) => trial.block))];
  const costs = new Map(
    trials.flatMap((trial) =>
      trial.status === 'measured'
        ? [[`${trial.block} ${trial.workload}`, trial.observation.server.cpuNsPerRequest]]
        : [],
    ),
  );
  return blocks
    .map((block) =>
      points.flatMap(({ idle, workload }) => {
        const cpuNsPerRequest = costs.get(`${block} ${workload.workload.id}`) ?? 0;
        // Without any CPU time seen there is no cost to tell of.
        return cpuNsPerRequest > 0 ? [{ idle, cpuNsPerRequest }] : [];
      }),
    )
    .filter((found) => found.length > 0 && found.length === points.length);
}
