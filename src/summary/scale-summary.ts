import { z } from 'zod';
import { scalePointOf } from '../plan/scale-workloads.ts';
import { countsInstructions } from '../results/guest.ts';
import type { ReadonlyDeep } from '../results/readonly.ts';
import type { MeasuredTrial, RunResult } from '../results/schema.ts';
import {
  type CostPoint,
  fitScale,
  SCALE_BLOCKS_MIN,
  SCALE_COSTS,
  type ScaleCost,
  scaleFitSchema,
} from '../stats/scale-fit.ts';
import { cleanTrials } from './clean-trials.ts';
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
    cpuNsPerRequest: z
      .number()
      .nullable()
      .describe('of all trials; null where nothing was measured, and of path lengths'),
    instructionsPerRequest: z
      .number()
      .nullable()
      .default(null)
      .describe('of the guest, both ends; null of CPU time, and where nothing was measured'),
    requestsFewest: z
      .number()
      .nullable()
      .default(null)
      .describe('accounted requests of the trial that has the fewest; null where nothing was measured'),
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
    trials: z.object({
      measured: z.number().int().nonnegative(),
      clean: z
        .number()
        .int()
        .nonnegative()
        .describe('neither contaminated nor measured while the machine was slow by itself'),
      used: z
        .enum(['clean', 'all'])
        .describe('which of them the fit is of: clean ones where every count has enough'),
    }),
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
  cost: z
    .enum(SCALE_COSTS)
    .default('server-cpu')
    .describe(
      'what is compared: CPU time of the server, or, in a guest whose clock counts them, instructions of both ends',
    ),
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
  const clean = new Set(cleanTrials(result));
  const cost: ScaleCost = countsInstructions(result.record.environment.guest) ? 'path-length' : 'server-cpu';
  const actives = [...new Set(points.map((point) => point.active))].sort((a, b) => a - b);
  return {
    cost,
    trials: summary.trials,
    sweeps: actives.map((active) => {
      const own = points.filter((point) => point.active === active).sort((a, b) => a.idle - b.idle);
      return {
        active,
        idle: own.map((point) => point.idle),
        lines: result.record.settings.entries.map((entry) => ({
          ...entry,
          ...lineOf(entry.label, own, { result, clean, cost }),
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
  {
    result,
    clean,
    cost,
  }: {
    readonly result: RunResult;
    readonly clean: ReadonlySet<MeasuredTrial>;
    readonly cost: ScaleCost;
  },
): Pick<ScaleLine, 'cells' | 'trials' | 'fit'> {
  const counts = points.map(({ idle, workload }) => ({
    idle,
    trials: result.trials.filter(
      (trial): trial is MeasuredTrial =>
        trial.status === 'measured' && trial.label === label && trial.workload === workload.workload.id,
    ),
  }));
  const cells = points.flatMap(({ idle, workload }, i) => {
    const row = workload.rows.find((candidate) => candidate.label === label);
    const requests = (counts[i]?.trials ?? []).map(({ observation }) => observation.requests.accounted);
    const requestsFewest = requests.length === 0 ? null : Math.min(...requests);
    return row === undefined ? [] : [{ ...cellOf(idle, row, cost), requestsFewest }];
  });
  const own = counts.flatMap(({ trials }) => trials);
  const cleanCounts = counts.map(({ idle, trials }) => ({
    idle,
    trials: trials.filter((t) => clean.has(t)),
  }));
  const used = counts.every(
    ({ trials }, i) => trials.length === 0 || (cleanCounts[i]?.trials.length ?? 0) >= SCALE_BLOCKS_MIN,
  )
    ? 'clean'
    : 'all';
  const blocks = pointsOfBlocks(used === 'clean' ? cleanCounts : counts, cost);
  return {
    cells,
    trials: { measured: own.length, clean: own.filter((trial) => clean.has(trial)).length, used },
    fit: fitScale(blocks, { seed: result.record.settings.seed, of: cost }),
  };
}

function cellOf(idle: number, row: RowSummary, cost: ScaleCost): Omit<ScaleCell, 'requestsFewest'> {
  const nothing = { cpuNsPerRequest: null, instructionsPerRequest: null, eventsPerWakeup: null };
  if (row.status !== 'measured') return { idle, row, ...nothing };
  const { events, wakeups } = row.server.counters;
  return {
    idle,
    row,
    ...(cost === 'server-cpu'
      ? { cpuNsPerRequest: row.server.cpuNsPerRequest, instructionsPerRequest: null }
      : {
          cpuNsPerRequest: null,
          instructionsPerRequest: row.metrics.guestInstructionsPerRequest?.value ?? null,
        }),
    eventsPerWakeup: events === undefined || wakeups === undefined ? null : events / wakeups,
  };
}

/** What a request cost at a count; null where nothing was measured. */
export function costOfCell({ cpuNsPerRequest, instructionsPerRequest }: ScaleCell): number | null {
  return cpuNsPerRequest ?? instructionsPerRequest;
}

/** The points of each block; a trial without any CPU time seen, or that nothing counted, has no cost to tell of. */
function pointsOfBlocks(
  counts: readonly { readonly idle: number; readonly trials: readonly MeasuredTrial[] }[],
  of: ScaleCost,
): CostPoint[][] {
  const blocks = new Map<number, CostPoint[]>();
  for (const { idle, trials } of counts)
    for (const { block, observation } of trials) {
      const cost = of === 'server-cpu' ? observation.server.cpuNsPerRequest : pathOf(observation);
      if (cost > 0) blocks.set(block, [...(blocks.get(block) ?? []), { idle, cost }]);
    }
  return [...blocks.values()];
}

/** Guest instructions per request; 0 where none were counted. */
function pathOf({ pathLength, requests }: MeasuredTrial['observation']): number {
  return requests.accounted === 0 ? 0 : (pathLength?.total ?? 0) / requests.accounted;
}
