import { mean } from 'simple-statistics';
import type { Metric } from '../metrics/metric.ts';
import { derivedSeed } from '../plan/order.ts';
import { type Estimate, meanOfRows, signFlipP } from '../stats/paired.ts';
import { counted } from '../util/units.ts';
import { explain } from './batching.ts';
import { type Draft, spreadOf } from './draft.ts';
import { changeOf, directionOf, furtherBlocks } from './judge.ts';
import { changeOfLevels, runsFor, type Spread, spreadWith } from './levels.ts';
import type { MetricComparison, Overall } from './result.ts';
import type { RunLevel } from './seen.ts';
import { decidingReach, NO_SPREAD, verdictOf } from './verdict.ts';

/** Fewer of the cells say too little about all of them. */
const CELLS_SHARE_MIN = 0.5;

/** What moves a metric of which the mean over cells says something. */
const OVERALL: readonly Metric['movedBy'][] = ['boot', 'cpu', 'wall'];

/** One metric over all cells, before Holm. */
export interface OverallDraft {
  readonly overall: Omit<Overall, 'adjustedP' | 'verdict' | 'reason' | 'furtherBlocks' | 'runsNeeded'>;
  readonly estimate: Estimate;
  readonly moreIsWorse: boolean;
  readonly barred: string | null;
  readonly pairs: number | null;
  readonly spread: Spread | null;
}

export interface OverallInput {
  readonly drafts: readonly Draft[];
  /** The same drafts, judged. */
  readonly judged: readonly MetricComparison[];
  readonly gate: boolean;
  readonly detect: number;
}

/**
 * The geometric mean over the cells of a metric that can be judged: see `whyLeft`, and of runs those whose
 * floor both sides saw. Its p is of pairs, or of one
 * value per run: the mean over the cells. Null
 * where no cell of the metric is there, or it is no time.
 */
export function overallDraft(input: OverallInput): OverallDraft | null {
  // Memory, and counts that vary, are a matter of each cell.
  const timed = input.drafts.filter(
    ({ kind, metric }) => kind === 'timed' && OVERALL.includes(metric.movedBy),
  );
  const [first] = timed;
  if (first === undefined) return null;
  const judged = new Map(input.judged.map((one) => [`${one.label}/${one.workload}`, one]));
  const left = timed.flatMap((draft) => {
    const why = whyLeft(draft, judged.get(`${draft.cell.label}/${draft.cell.workload.id}`));
    return why === null ? [] : [{ draft, why }];
  });
  const used = timed.filter((draft) => !left.some((one) => one.draft === draft));
  const { estimate, pairs, spread, pValue, why } = estimateOf(used);
  const overall = {
    metric: first.metric.id,
    gate: input.gate,
    change: changeOf(estimate),
    cells: used.length,
    of: timed.length,
    left: left.map(({ draft, why }) => `${draft.cell.label}/${draft.cell.workload.id}: ${why}`),
    decidedBy: first.decidedBy,
    pValue,
    detect: input.detect,
  };
  return {
    overall,
    estimate,
    moreIsWorse: first.metric.better === 'lower',
    barred: tooFew(used, timed, left) ?? why,
    pairs,
    spread,
  };
}

/**
 * A cell that batches otherwise than before counts where its change is sure and batching does not explain it: dearer
 * although it batches more, cheaper although it batches less. What may have been made or hidden by it does not.
 */
function whyLeft({ batching, barred, metric }: Draft, judged: MetricComparison | undefined): string | null {
  if (barred !== null) return barred;
  if (batching === null || !batching.moved || judged === undefined) return null;
  const { explained, says } = explain(batching, directionOf(judged.change, metric));
  return explained ? says : null;
}

function tooFew(
  used: readonly Draft[],
  all: readonly Draft[],
  left: readonly { readonly why: string }[],
): string | null {
  if (used.length > 0 && used.length >= CELLS_SHARE_MIN * all.length) return null;
  return `only ${used.length} of ${counted(all.length, 'cell')} can be judged: ${left[0]?.why ?? ''}`;
}

/** An estimate, and why there is none that says anything; null: it does. */
type Estimated = Pick<OverallDraft, 'estimate' | 'pairs' | 'spread'> & {
  readonly pValue: number | null;
  readonly why: string | null;
};

function nothing(why: string): Estimated {
  return {
    estimate: { difference: 0, reach: null, pValue: null },
    pairs: null,
    spread: null,
    pValue: null,
    why,
  };
}

function estimateOf(used: readonly Draft[]): Estimated {
  const [first] = used;
  if (first === undefined) return nothing('no cell can be judged');
  return first.differences === null ? overRuns(used, first.metric) : overPairs(used);
}

/** Student's interval, checked against the permutation test: the larger p counts. */
function overPairs(used: readonly Draft[]): Estimated {
  const rows = used.map(({ differences }) => differences ?? []);
  const pairs = Math.min(...rows.map(({ length }) => length));
  const estimate = meanOfRows(rows);
  const permuted = signFlipP(rows, derivedSeed(pairs, used.length));
  const pValue = estimate.pValue === null || permuted === null ? null : Math.max(estimate.pValue, permuted);
  const why = estimate.reach === null ? `too few pairs for an interval: ${pairs}` : null;
  return { estimate, pairs, spread: null, pValue, why };
}

function overRuns(used: readonly Draft[], metric: Metric): Estimated {
  const meanLevels = (side: 'base' | 'current' | 'history'): RunLevel[] => {
    const [first, ...others] = used.map(({ levels }) => levels?.[side] ?? []);
    return (first ?? []).flatMap(({ run, kind, level }) => {
      const all = others.map((levels) => levels.find((one) => one.run === run)?.level);
      const known = all.filter((value) => value !== undefined);
      return known.length < all.length ? [] : [{ run, kind, level: mean([level, ...known]) }];
    });
  };
  const sides = { base: meanLevels('base'), current: meanLevels('current'), history: meanLevels('history') };
  if (sides.base.length === 0 || sides.current.length === 0)
    return nothing('the host, not the blocks: no run saw the floor of all of these cells');
  const spread = spreadWith(
    spreadOf(sides),
    used.flatMap(({ levels }) => levels?.own ?? []),
    metric,
  );
  const estimate = changeOfLevels(
    sides.base.map(({ level }) => level),
    sides.current.map(({ level }) => level),
    spread,
  );
  return { estimate, pairs: null, spread, pValue: estimate.pValue, why: spread === null ? NO_SPREAD : null };
}

/** The verdict on it. @param adjustedP after Holm, over the metrics of the gate. */
export function overallOf(draft: OverallDraft, adjustedP: number | null): Overall {
  const { overall, estimate, moreIsWorse, barred, pairs, spread } = draft;
  const { detect } = overall;
  const verdict =
    barred === null
      ? verdictOf({ estimate, decidedBy: overall.decidedBy, adjustedP, moreIsWorse, detect })
      : 'inconclusive';
  const open = verdict === 'inconclusive' && barred === null;
  const wanted = decidingReach(estimate, detect);
  return {
    ...overall,
    adjustedP,
    verdict,
    reason: open ? 'the interval is too wide to say' : barred,
    furtherBlocks: open && pairs !== null ? furtherBlocks(estimate, pairs, wanted) : null,
    runsNeeded: open && spread !== null ? runsFor(spread, wanted) : null,
  };
}

/** Of a metric whose cells are all counts: the worst of them, for no weather moves a count. */
export function overallOfCounts({ judged, gate, detect }: OverallInput): Overall | null {
  const own = judged.filter(({ kind }) => kind === 'counted');
  const [first] = own;
  if (first === undefined) return null;
  const has = (verdict: Overall['verdict']) => own.some((one) => one.verdict === verdict);
  const verdict = has('regressed')
    ? 'regressed'
    : has('inconclusive')
      ? 'inconclusive'
      : has('improved')
        ? 'improved'
        : 'same';
  return {
    metric: first.metric,
    gate,
    change: { ratio: Math.exp(mean(own.map(({ change }) => Math.log(change.ratio)))), interval: null },
    cells: own.length,
    of: own.length,
    left: [],
    decidedBy: 'counts',
    pValue: Math.min(...own.map(({ pValue }) => pValue ?? 1)),
    adjustedP: null,
    detect,
    verdict,
    reason: own.find(({ verdict: one }) => one === 'inconclusive')?.reason ?? null,
    furtherBlocks: null,
    runsNeeded: null,
  };
}
