import type { CellName } from '../results/schema.ts';
import { countsOf, outcomeOf } from './compare-runs.ts';
import type { Change, Comparison, MetricComparison, Overall } from './result.ts';

/** What is to be measured again: the cells of which anything is called a regression; all, where all together did. */
export function suspiciousCells(comparison: Comparison): readonly CellName[] {
  const together = new Set(
    comparison.overall.filter(({ verdict }) => verdict === 'regressed').map(({ metric }) => metric),
  );
  const found = comparison.metrics.filter(
    ({ verdict, metric }) => verdict === 'regressed' || together.has(metric),
  );
  return [
    ...new Map(found.map(({ label, workload }) => [`${workload}/${label}`, { label, workload }])).values(),
  ];
}

/**
 * The comparison after its regressions were measured again: one that the second measurement does not
 * call a regression as well takes over the second verdict, or is inconclusive where that one improved
 * or could not be taken.
 * @param again the same base against the second measurement.
 */
export function confirmComparison(comparison: Comparison, again: Comparison): Comparison {
  const metrics = comparison.metrics.map((first): MetricComparison => {
    const second = again.metrics.find(
      ({ label, workload, metric }) =>
        label === first.label && workload === first.workload && metric === first.metric,
    );
    return first.verdict === 'regressed' ? { ...first, ...confirmed(second) } : first;
  });
  const overall = comparison.overall.map((first): Overall => {
    if (first.verdict !== 'regressed') return first;
    const second = again.overall.find(({ metric }) => metric === first.metric);
    const { confirmed: _, ...verdict } = confirmed(
      second && { ...second, change: second.cells === 0 ? null : second.change },
    );
    return { ...first, ...verdict };
  });
  const { missing, finding } = comparison;
  return {
    ...comparison,
    again: again.current,
    overall,
    metrics,
    counts: countsOf(metrics),
    outcome: outcomeOf({ overall, metrics, missing, finding }),
  };
}

interface Second extends Pick<MetricComparison, 'verdict' | 'reason'> {
  /** Null: of nothing that could be judged. */
  readonly change: Change | null;
}

function confirmed(
  second: Second | undefined,
): Pick<MetricComparison, 'verdict' | 'reason' | 'again'> & { confirmed: boolean } {
  if (second === undefined)
    return { verdict: 'inconclusive', confirmed: false, reason: 'could not be measured again' };
  const { verdict, reason, change } = second;
  const again = change === null ? {} : { again: { change, verdict } };
  if (verdict === 'regressed')
    return { verdict, confirmed: true, reason: 'measured again: regressed again', ...again };
  return {
    verdict: verdict === 'same' ? 'same' : 'inconclusive',
    confirmed: false,
    reason: `measured again: ${verdict}${reason === null ? '' : `, ${reason}`}`,
    ...again,
  };
}
