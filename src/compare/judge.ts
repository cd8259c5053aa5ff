import type { Metric } from '../metrics/metric.ts';
import { holm } from '../stats/holm.ts';
import type { Estimate } from '../stats/paired.ts';
import { type Explanation, explain } from './batching.ts';
import { type Draft, spreadOfDraft, withSpread } from './draft.ts';
import { runsFor, type Spread } from './levels.ts';
import type { Batching, Change, MetricComparison, Verdict } from './result.ts';
import { decidingReach, NO_SPREAD, SIGNIFICANT, verdictOf } from './verdict.ts';

/** Blocks beyond which more of them are no advice. */
const FURTHER_MAX = 1000;

/**
 * Verdicts of one family: all metrics of all cells of one kind, for one false alarm among them is one too many.
 * @param detectOf what is to be found, by draft.
 */
export function judge(family: readonly Draft[], detectOf: (draft: Draft) => number): MetricComparison[] {
  const known = family.map((draft) => {
    const spread = spreadOfDraft(draft, family);
    return { draft, spread, estimate: withSpread(draft, spread) };
  });
  const tested = known.filter(({ draft, estimate }) => draft.barred === null && estimate.pValue !== null);
  const adjusted = holm(tested.map(({ estimate }) => estimate.pValue ?? 1));
  return known.map((one) =>
    comparisonOf({ ...one, adjustedP: adjusted[tested.indexOf(one)] ?? null, detect: detectOf(one.draft) }),
  );
}

interface Known {
  readonly draft: Draft;
  readonly spread: Spread | null;
  readonly estimate: Estimate;
  readonly adjustedP: number | null;
  readonly detect: number;
}

function comparisonOf(known: Known): MetricComparison {
  const { draft, spread, estimate, adjustedP, detect } = known;
  const { metric, cell } = draft;
  return {
    label: cell.label,
    model: cell.model,
    workload: cell.workload.id,
    metric: metric.id,
    kind: draft.kind,
    base: draft.base,
    current: draft.current,
    decidedBy: draft.decidedBy,
    change: changeOf(estimate),
    medians: Math.exp(draft.medians),
    detect,
    spread: spread && { share: Math.sqrt(spread.variance), degrees: spread.degrees },
    batching: batchingOf(draft, changeOf(estimate)),
    pValue: estimate.pValue,
    adjustedP,
    ...decisionOf(known),
    confirmed: null,
  };
}

type Decision = Pick<MetricComparison, 'verdict' | 'reason' | 'furtherBlocks' | 'runsNeeded'>;

function decisionOf({ draft, spread, estimate, adjustedP, detect }: Known): Decision {
  const moreIsWorse = draft.metric.better === 'lower';
  const final = (verdict: Verdict, reason: string | null): Decision => ({
    verdict,
    reason,
    furtherBlocks: null,
    runsNeeded: null,
  });
  if (draft.barred !== null) return final('inconclusive', draft.barred);
  if (estimate.reach === null) return final('inconclusive', NO_SPREAD);
  const verdict = verdictOf({ estimate, decidedBy: draft.decidedBy, adjustedP, moreIsWorse, detect });
  if (draft.tiny && verdict !== 'same') return final('same', 'too small to matter');
  if (verdict !== 'inconclusive') {
    const batching = explanation(draft, estimate, verdict);
    return batching?.explained ? final('inconclusive', batching.says) : final(verdict, null);
  }
  const wanted = decidingReach(estimate, detect);
  const clear =
    Math.abs(estimate.difference) > estimate.reach && (adjustedP ?? 1) >= SIGNIFICANT[draft.decidedBy];
  return {
    verdict,
    reason: clear ? 'a change, but not significant among so many cells' : 'the interval is too wide to say',
    furtherBlocks: spread === null ? furtherBlocks(estimate, blocksOf(draft), wanted) : null,
    runsNeeded: spread === null ? null : runsFor(spread, wanted),
  };
}

function blocksOf({ differences, base, current }: Draft): number {
  return differences?.length ?? Math.min(base.trials, current.trials);
}

/** What batching has to do with the verdict; null: it hardly varies, or the metric is no cost. */
function explanation(
  { batching, metric }: Draft,
  { difference }: Estimate,
  verdict: Verdict,
): Explanation | null {
  if (batching === null) return null;
  return explain(batching, verdict === 'same' ? null : difference > 0 === (metric.better === 'lower'));
}

/** In words, with the direction of the change whether or not it is significant. */
function batchingOf({ batching, metric }: Draft, change: Change): Batching | null {
  return batching === null
    ? null
    : { ...batching, says: explain(batching, directionOf(change, metric)).says };
}

/** Whether a change is for the worse; null: its interval does not say that there is one. */
export function directionOf({ ratio, interval }: Change, { better }: Pick<Metric, 'better'>): boolean | null {
  if (interval === null || (interval.low <= 1 && interval.high >= 1)) return null;
  return ratio > 1 === (better === 'lower');
}

/** Further blocks until the reach is what is wanted: it shrinks with the square root of their number. */
export function furtherBlocks({ reach }: Estimate, blocks: number, wanted: number): number | null {
  if (reach === null) return null;
  const further = Math.max(1, Math.ceil(blocks * (reach / wanted) ** 2) - blocks);
  return further > FURTHER_MAX ? null : further;
}

/** As a ratio. */
export function changeOf({ difference, reach }: Estimate): Change {
  return {
    ratio: Math.exp(difference),
    interval:
      reach === null || !Number.isFinite(reach)
        ? null
        : { low: Math.exp(difference - reach), high: Math.exp(difference + reach) },
  };
}
