import type { RunResult } from '../results/schema.ts';
import type { Workload } from '../workloads/schema.ts';
import { axesOf, numbersOf } from './axes.ts';
import { answerCase } from './case.ts';
import { type CallCost, changesOf } from './changes.ts';
import { chooseIn, comparisonsOf } from './choose.ts';
import { crossingText } from './crossing-text.ts';
import { crossingComparisons, crossingsOf } from './crossings.ts';
import { loadsOf } from './loads.ts';
import type { Answer, Crossing, Recommendation } from './recommendation-schema.ts';

export interface RecommendOptions {
  /** The case that is asked for. */
  readonly asked?: Workload | undefined;
  /** Which models may be recommended. */
  readonly wanted?: (model: string) => boolean;
  readonly callCost?: CallCost | null;
}

/**
 * Which model for which load, from stored runs of one host: the choice under every load that was measured, where two families cost
 * the same, and what would change the answer. Deterministic: its seeds are the runs'.
 * @param runs at least one; the first that knows a load names it.
 */
export function recommend(
  runs: readonly RunResult[],
  { asked, wanted = () => true, callCost = null }: RecommendOptions = {},
): Recommendation {
  const loads = loadsOf(runs, wanted).filter(({ rows }) => rows.length > 0);
  const comparisons = comparisonsOf(loads);
  const choices = loads
    .map((load) => chooseIn(load, comparisons))
    .sort((a, b) => orderOf(a.workload) - orderOf(b.workload) || byNumbers(a.workload, b.workload));
  const axes = axesOf(loads);
  const seed = runs[0]?.record.settings.seed ?? 0;
  const all = crossingComparisons(axes);
  const crossings = axes.flatMap((axis) => crossingsOf(axis, { seed, comparisons: all }));
  const told = axes.filter(({ axis }) => crossings.some((crossing) => crossing.axis === axis.id));
  const only = asked === undefined ? null : answerCase(asked, loads);
  return {
    runs: runs.map(({ record }) => ({
      runId: record.runId,
      kind: record.kind,
      startedAt: record.startedAt,
      kernel: record.environment.kernel,
    })),
    costsId: callCost?.id ?? null,
    comparisons,
    choices,
    axes: told.map(({ axis }) => axis),
    crossings,
    changes: changesOf(choices, runs, callCost),
    answer: only === null ? null : answerOf(only, { runs, callCost, crossings }),
  };
}

function answerOf(
  only: Omit<Answer, 'changes'>,
  {
    runs,
    callCost,
    crossings,
  }: {
    readonly runs: readonly RunResult[];
    readonly callCost: CallCost | null;
    readonly crossings: readonly Crossing[];
  },
): Answer {
  const ids = new Set(only.choices.map(({ workload }) => workload.id));
  // Where the load would have to go for another answer: along an axis that its cells lie on.
  const near = crossings.filter(
    ({ points, outcome, first, second }) =>
      ['crosses', 'begins', 'ends'].includes(outcome) &&
      points.some(({ workload }) => ids.has(workload)) &&
      [first, second].some((label) => only.among.includes(label)),
  );
  return {
    ...only,
    changes: [
      ...near.map((crossing) => ({ kind: 'load' as const, text: crossingText(crossing) })),
      ...changesOf(only.choices, runs, callCost),
    ],
  };
}

/** Others, such as those of files, come last. */
const MODES: readonly string[] = ['closed', 'open', 'churn'];

function orderOf({ mode }: Workload): number {
  const place = MODES.indexOf(mode);
  return place < 0 ? MODES.length : place;
}

function byNumbers(a: Workload, b: Workload): number {
  const [x, y] = [numbersOf(a), numbersOf(b)];
  return (
    x.messageBytes - y.messageBytes ||
    x.depth - y.depth ||
    x.connections - y.connections ||
    x.active - y.active ||
    x.ratePerSecond - y.ratePerSecond
  );
}
