import type { Comparison, MetricComparison } from '../compare/result.ts';
import type { IntervalsChart } from '../document/chart-schema.ts';
import { formatPercent } from '../document/format.ts';
import { groupBy } from '../stats/group-by.ts';
import { metricName } from '../tables/metric-value.ts';
import { CHANGES, changePoint, detectBand, VERDICT_MARKS } from './change-axis.ts';

/** A metric with more cells has a chart of its own for each workload. */
export const ROWS_MAX = 40;

/** Every metric over all of its cells: the main chart of a comparison. Null where nothing was judged. */
export function overallChart({ overall }: Comparison): IntervalsChart | null {
  const judged = overall.filter(({ cells }) => cells > 0);
  if (judged.length === 0) return null;
  const band = detectBand(judged.map(({ detect }) => detect));
  const groups = [
    { label: 'what the outcome needs', own: judged.filter(({ gate }) => gate) },
    { label: 'beside it', own: judged.filter(({ gate }) => !gate) },
  ];
  return {
    ...CHANGES,
    title: 'All cells together: change of each metric, with 95 % intervals',
    says: 'Whether more is better is the metric’s: the mark says which way it went.',
    band,
    groups: groups
      .filter(({ own }) => own.length > 0)
      .map(({ label, own }) => ({
        label: groups.every((group) => group.own.length > 0) ? label : '',
        rows: own.map((one) => ({
          label: metricName(one.metric),
          points: [
            changePoint(one.change, {
              mark: VERDICT_MARKS[one.verdict],
              notes: [
                `${one.cells} of ${one.of} cells`,
                ...(band === null ? [`${formatPercent(one.detect)} to be found`] : []),
                ...(one.reason === null ? [] : [one.reason]),
              ],
            }),
          ],
        })),
      })),
  };
}

/** Every cell of every metric beside what was to be found; a chart for each metric. */
export function cellCharts({ metrics }: Comparison): readonly IntervalsChart[] {
  return chartedTogether(metrics, ROWS_MAX).map(({ name, own }) =>
    cellChart(own, `${name}: change of each cell`),
  );
}

/** What stands in one chart: the cells of a metric, or where these are more than so many, of a metric under a workload. */
export function chartedTogether(
  metrics: readonly MetricComparison[],
  max: number,
): readonly { readonly name: string; readonly own: readonly MetricComparison[] }[] {
  return [...groupBy(metrics, ({ metric }) => metric)].flatMap(([metric, own]) =>
    own.length <= max
      ? [{ name: metricName(metric), own }]
      : [...groupBy(own, ({ workload }) => workload)].map(([workload, part]) => ({
          name: `${metricName(metric)}, ${workload}`,
          own: part,
        })),
  );
}

function cellChart(own: readonly MetricComparison[], title: string): IntervalsChart {
  return {
    ...CHANGES,
    title: `${title}, with 95 % intervals`,
    says: '',
    band: detectBand(own.map(({ detect }) => detect)),
    groups: [...groupBy(own, ({ workload }) => workload)].map(([workload, part]) => ({
      label: workload,
      rows: part.map((one) => ({
        label: one.label,
        points: [
          changePoint(one.change, {
            mark: VERDICT_MARKS[one.verdict],
            notes: one.reason === null ? [] : [one.reason],
          }),
        ],
      })),
    })),
  };
}
