import type { CellName } from '../results/schema.ts';
import { outcomeOf } from './compare-runs.ts';
import type { Comparison, MetricComparison, Verdict } from './result.ts';

/** Cells of which anything is called a regression: those to measure again. */
export function suspiciousCells(comparison: Comparison): readonly CellName[] {
  const found = comparison.metrics.filter(({ verdict }) => verdict === 'regressed');
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
  const metrics = comparison.metrics.map((first) => {
    if (first.verdict !== 'regressed') return first;
    const second = again.metrics.find(
      ({ label, workload, metric }) =>
        label === first.label && workload === first.workload && metric === first.metric,
    );
    return confirmOne(first, second);
  });
  const counts: Record<Verdict, number> = { regressed: 0, improved: 0, same: 0, inconclusive: 0 };
  for (const { verdict } of metrics) counts[verdict]++;
  return { ...comparison, metrics, counts, outcome: outcomeOf({ counts, missing: comparison.missing }) };
}

function confirmOne(first: MetricComparison, second: MetricComparison | undefined): MetricComparison {
  if (second?.verdict === 'regressed')
    return { ...first, confirmed: true, reason: 'measured again: regressed again' };
  if (second === undefined)
    return { ...first, verdict: 'inconclusive', confirmed: false, reason: 'could not be measured again' };
  return {
    ...first,
    verdict: second.verdict === 'same' ? 'same' : 'inconclusive',
    confirmed: false,
    reason: `measured again: ${second.verdict}${second.reason === null ? '' : `, ${second.reason}`}`,
    furtherBlocks: second.furtherBlocks,
  };
}
