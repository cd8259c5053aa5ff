import { z } from 'zod';
import { scalePointOf } from '../plan/scale-workloads.ts';
import type { ReadonlyDeep } from '../results/readonly.ts';
import type { RunResult, TrialResult } from '../results/schema.ts';
import { type CostPoint, fitScale, scaleFitSchema } from '../stats/scale-fit.ts';
import {
  type RowSummary,
  type RunSummary,
  rowSummarySchema,
  runSummarySchema,
  type WorkloadSummary,
} from './run-summary.ts';
import { summarize } from './summarize.ts';

const scaleCellSchema = z
  .object({
    idle: z.number(),
    row: rowSummarySchema.describe('its row in the summary of the run, where its numbers are'),
    cpuNsPerRequest: z.number().nullable().describe('of all trials; null where nothing was measured'),
    eventsPerWakeup: z
      .number()
      .nullable()
      .describe('that one return from the wait call brought; null where the server does not count them'),
  })
  .describe('a model at one count of idle connections');

const scaleLineSchema = z
  .object({
    label: z.string(),
    model: z.string(),
    cells: z.array(scaleCellSchema).describe('fewest idle connections first'),
    fit: scaleFitSchema,
  })
  .describe('a model over all counts of idle connections');

const scaleSweepSchema = z
  .object({
    active: z.number(),
    idle: z.array(z.number()).describe('counts of idle connections that were asked for, ascending'),
    lines: z.array(scaleLineSchema),
  })
  .describe('all models with the same active connections');

export const scaleSummarySchema = z.object({
  sweeps: z
    .array(scaleSweepSchema)
    .describe('fewest active connections first; empty if the run holds no sweep'),
  trials: runSummarySchema.shape.trials,
});

export type ScaleCell = ReadonlyDeep<z.infer<typeof scaleCellSchema>>;
export type ScaleLine = ReadonlyDeep<z.infer<typeof scaleLineSchema>>;
export type ScaleSweep = ReadonlyDeep<z.infer<typeof scaleSweepSchema>>;
export type ScaleSummary = ReadonlyDeep<z.infer<typeof scaleSummarySchema>>;

/**
 * What a sweep over idle connections says. Deterministic: its seeds are the run's.
 * @param summary of the result, where it was made already: that takes a while.
 */
export function summarizeScale(result: RunResult, summary: RunSummary = summarize(result)): ScaleSummary {
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
