import type { Comparison, MetricComparison } from '../compare/result.ts';
import type { IntervalRow, IntervalsChart } from '../document/chart-schema.ts';
import { groupBy } from '../stats/group-by.ts';
import { metricName } from '../tables/metric-value.ts';
import { CHANGES, changePoint, detectBand, VERDICT_MARKS } from './change-axis.ts';
import { chartedTogether, ROWS_MAX } from './compare-charts.ts';

type Twice = Pick<MetricComparison, 'label' | 'change' | 'again' | 'reason' | 'detect'>;

/**
 * What seemed to have regressed beside what a second measurement says of it: all cells together, then a chart for each
 * metric. None where nothing was measured again.
 */
export function confirmationCharts({ metrics, overall }: Comparison): readonly IntervalsChart[] {
  const together = overall.filter(({ again }) => again !== undefined);
  const cells = metrics.filter(({ confirmed }) => confirmed !== null);
  return [
    ...(together.length === 0
      ? []
      : [
          chartOf('All cells together', [
            { label: '', own: together.map((one) => ({ ...one, label: metricName(one.metric) })) },
          ]),
        ]),
    ...chartedTogether(cells, ROWS_MAX / 2).map(({ name, own }) =>
      chartOf(
        name,
        [...groupBy(own, ({ workload }) => workload)].map(([label, part]) => ({ label, own: part })),
      ),
    ),
  ];
}

function chartOf(
  name: string,
  groups: readonly { readonly label: string; readonly own: readonly Twice[] }[],
): IntervalsChart {
  return {
    ...CHANGES,
    title: `${name}, measured again: both changes, with 95 % intervals`,
    says: 'What is worse both times has regressed.',
    band: detectBand(groups.flatMap(({ own }) => own.map(({ detect }) => detect))),
    groups: groups.map(({ label, own }) => ({ label, rows: own.flatMap(bothRows) })),
  };
}

/** As it was judged at first, and below it as it was judged again. */
function bothRows({ label, change, again, reason }: Twice): IntervalRow[] {
  const notes = reason === null ? [] : [reason];
  const first = { mark: VERDICT_MARKS.regressed, notes: again === undefined ? notes : [] };
  const rows = [{ label, points: [changePoint(change, first)] }];
  if (again === undefined) return rows;
  const second = { mark: VERDICT_MARKS[again.verdict], notes };
  return [...rows, { label: `again: ${label}`, points: [changePoint(again.change, second)] }];
}
