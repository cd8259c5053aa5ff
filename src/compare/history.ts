import { median } from 'simple-statistics';
import type { Metric } from '../metrics/metric.ts';
import type { RunRecord } from '../results/schema.ts';
import { changePoints } from '../stats/change-points.ts';
import { groupBy } from '../stats/group-by.ts';
import { CLEAN_MIN } from '../summary/clean-trials.ts';
import { type CompareOptions, compareRuns } from './compare-runs.ts';
import type { CellRun, ComparedRun, UsedTrial } from './compared-run.ts';
import { conditionsOf } from './conditions.ts';
import type { PastRun, RunHistory } from './history-result.ts';
import { BEST_OF, kindOf, levelOf, pooledSpread, type Spread, spreadWith } from './levels.ts';
import type { CellPair } from './match-cells.ts';
import type { Comparison } from './result.ts';
import { logsOf, seenValues } from './seen.ts';
import { cellRuns } from './side.ts';

/** Over all cells together there is a change where there is none in so many histories. */
const CHANGE_ERROR = 0.05;

export interface HistoryQuestion {
  readonly metric: Metric;
  /** Of which run the cells are told. */
  readonly like: RunRecord;
  readonly compare: CompareOptions;
}

/** A cell in one run, with what stands for it. */
interface Seen {
  readonly cell: CellRun;
  /** As logarithms; null: too little was seen. */
  readonly values: readonly number[] | null;
}

/**
 * One metric in stored runs: per cell what `compare` takes each run for, what it says of it beside the one before, and how
 * far equal runs lie apart.
 * @param runs of one host with the same settings, the oldest first.
 */
export function historyOf(
  runs: readonly ComparedRun[],
  { metric, like, compare }: HistoryQuestion,
): RunHistory {
  const conditions = conditionsOf(runs);
  const steps = stepsOf(runs, { ...compare, metrics: [metric.id], mayBeMissing: () => true, conditions });
  const cells = cellsOf(like).map((cell) => {
    const sides = { base: [], current: [], history: runs };
    const own = cellRuns(cell, { runs: sides, conditions }, metric.takenFrom).history;
    return { cell, seen: own.map((one): Seen => ({ cell: one, values: seenValues(metric, one) })) };
  });
  const spreads = cells.map(({ seen }) => spreadOf(metric, seen));
  return {
    metric: metric.id,
    detect: compare.detects[metric.id] ?? compare.detect,
    runs: runs.length,
    cells: cells.map(({ cell, seen }, i) => {
      const own = spreads[i];
      const spread = own === undefined ? null : spreadWith(own, spreads, metric);
      const past = seen.map((one) => {
        const { run } = one.cell;
        return pastRun(one, {
          cell,
          metric,
          step: steps.get(run) ?? null,
          worst: conditions.reasons(run)[0],
        });
      });
      return {
        label: cell.label,
        model: cell.model,
        workload: cell.workload.id,
        runs: past,
        changes: changesOf(past, { level: CHANGE_ERROR / cells.length, seed: like.settings.seed }),
        spread: spread && {
          share: Math.sqrt(spread.variance),
          degrees: spread.degrees,
          runs: counting(metric, seen).length,
        },
      };
    }),
  };
}

/** Where the levels part, of the runs that have one. */
function changesOf(
  past: readonly PastRun[],
  options: { readonly level: number; readonly seed: number },
): RunHistory['cells'][number]['changes'] {
  const levels = past.flatMap(({ runId, level }) => (level === null || level <= 0 ? [] : [{ runId, level }]));
  const found = changePoints(
    levels.map(({ level }) => Math.log(level)),
    options,
  );
  return found.flatMap(({ at, pValue, before, after }) => {
    const first = levels[at];
    return first === undefined ? [] : [{ runId: first.runId, ratio: Math.exp(after - before), pValue }];
  });
}

function cellsOf({ cells, settings }: RunRecord): CellPair[] {
  return cells.flatMap(({ label, model, workload: id, skipReason }) => {
    const workload = settings.workloads.find((one) => one.id === id);
    return workload === undefined || skipReason !== null ? [] : [{ label, model, workload, sameModel: true }];
  });
}

/** Each run beside the one before it, the others being the history. */
function stepsOf(
  runs: readonly ComparedRun[],
  options: CompareOptions,
): ReadonlyMap<ComparedRun, Comparison> {
  return new Map(
    runs.slice(1).flatMap((run, i) => {
      const before = runs[i];
      if (before === undefined) return [];
      const history = runs.filter((one) => one !== run && one !== before);
      return [[run, compareRuns([before], [run], { ...options, history })] as const];
    }),
  );
}

interface Place {
  readonly cell: CellPair;
  readonly metric: Metric;
  readonly step: Comparison | null;
  /** What disturbed most trials of the run; undefined: nothing. */
  readonly worst: string | undefined;
}

function pastRun({ cell, values }: Seen, place: Place): PastRun {
  const { run, trials, clean } = cell;
  const { metric, worst } = place;
  const { runId, startedAt, environment, settings } = run.record;
  const all = logsOf(metric, cell);
  const unlogged = (log: number) => Math.exp(log) - metric.resolution;
  return {
    runId,
    startedAt,
    kernel: environment.kernel,
    kernelVersion: environment.kernelVersion,
    handicapNs: settings.handicap?.ns ?? null,
    trials: trials.length,
    clean: clean.length,
    level: values === null ? null : unlogged(levelOf(metric, values, Math.min(BEST_OF, values.length))),
    middle: all.length === 0 ? null : unlogged(median([...all])),
    unseen: values === null ? whyUnseen(trials, clean, worst) : null,
    ...beside(place),
  };
}

function whyUnseen(
  trials: readonly UsedTrial[],
  clean: readonly UsedTrial[],
  worst: string | undefined,
): string {
  if (clean.length >= CLEAN_MIN) return `of ${clean.length} clean trials no three agree`;
  return `${clean.length} of ${trials.length} trials were clean${worst === undefined ? '' : ` (${worst})`}`;
}

/** What is said of the cell in this step. */
function beside({ cell, metric, step }: Place): Pick<PastRun, 'before' | 'notCompared'> {
  if (step === null) return { before: null, notCompared: null };
  const refused = step.environment.filter(({ effect }) => effect === 'refused');
  if (refused.length > 0)
    return {
      before: null,
      notCompared: refused.map(({ what, base, current }) => `${what}: ${base}, then ${current}`).join('; '),
    };
  const isOwn = (one: { readonly label: string; readonly workload: string }) =>
    one.label === cell.label && one.workload === cell.workload.id;
  const found = step.metrics.find((one) => isOwn(one) && one.metric === metric.id);
  if (found !== undefined) {
    const { verdict, change, reason } = found;
    return { before: { verdict, change, reason }, notCompared: null };
  }
  const why = [...step.missing, ...step.leftOut].find(isOwn)?.reason;
  return { before: null, notCompared: why ?? 'not measured in the run before' };
}

/** Runs with as many values as `compare` takes of one: fewer make another level. */
function counting(
  metric: Metric,
  seen: readonly Seen[],
): { readonly run: ComparedRun; readonly values: readonly number[] }[] {
  return seen.flatMap(({ cell: { run }, values }) =>
    values === null || values.length < (metric.takenFrom === 'cpu' ? 1 : BEST_OF) ? [] : [{ run, values }],
  );
}

function spreadOf(metric: Metric, seen: readonly Seen[]): Spread {
  const kinds = groupBy(counting(metric, seen), ({ run }) => kindOf(run));
  return pooledSpread(
    [...kinds.values()].map((equal) =>
      equal.map(({ values }) => levelOf(metric, values, Math.min(BEST_OF, values.length))),
    ),
  );
}
