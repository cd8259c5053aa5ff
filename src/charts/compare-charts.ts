import type { Change, Comparison, MetricComparison, Verdict } from '../compare/result.ts';
import type { IntervalsChart, Mark } from '../document/chart-schema.ts';
import { groupBy } from '../stats/group-by.ts';
import { metricName } from '../tables/metric-value.ts';

const MARK: Readonly<Record<Verdict, Mark>> = {
  regressed: 'worse',
  improved: 'better',
  same: 'same',
  inconclusive: 'unclear',
};
/** A metric with more cells has a chart of its own for each workload. */
const ROWS_MAX = 40;

type Point = IntervalsChart['groups'][number]['rows'][number]['points'][number];

/** Every metric over all of its cells: the main chart of a comparison. Null where nothing was judged. */
export function overallChart({ overall }: Comparison): IntervalsChart | null {
  const judged = overall.filter(({ cells }) => cells > 0);
  const [first] = judged;
  if (first === undefined) return null;
  const detects = [...new Set(judged.map(({ detect }) => detect))];
  const groups = [
    { label: 'what the outcome needs', own: judged.filter(({ gate }) => gate) },
    { label: 'beside it', own: judged.filter(({ gate }) => !gate) },
  ];
  return {
    kind: 'intervals',
    title: 'All cells together: change of each metric, with 95 % intervals',
    says: 'Whether more is better is the metric’s: the mark says which way it went.',
    x: { label: 'change', scale: 'linear', unit: 'percent' },
    reference: { value: 0, text: 'no change' },
    band: detects.length === 1 ? bandOf(first.detect) : null,
    groups: groups
      .filter(({ own }) => own.length > 0)
      .map(({ label, own }) => ({
        label: groups.every((group) => group.own.length > 0) ? label : '',
        rows: own.map((one) => ({
          label: metricName(one.metric),
          points: [
            pointOf(one.change, one.verdict, [
              `${one.cells} of ${one.of} cells`,
              ...(detects.length === 1 ? [] : [`${percentText(one.detect)} to be found`]),
              ...(one.reason === null ? [] : [one.reason]),
            ]),
          ],
        })),
      })),
  };
}

/** Every cell of every metric beside what was to be found; a chart for each metric. */
export function cellCharts({ metrics }: Comparison): readonly IntervalsChart[] {
  return [...groupBy(metrics, ({ metric }) => metric)].flatMap(([metric, own]) => {
    const many = own.length > ROWS_MAX;
    return many
      ? [...groupBy(own, ({ workload }) => workload)].map(([workload, part]) =>
          cellChart(part, `${metricName(metric)}, ${workload}: change of each cell`),
        )
      : [cellChart(own, `${metricName(metric)}: change of each cell`)];
  });
}

function cellChart(own: readonly MetricComparison[], title: string): IntervalsChart {
  const detects = [...new Set(own.map(({ detect }) => detect))];
  const [detect = 0] = detects;
  return {
    kind: 'intervals',
    title: `${title}, with 95 % intervals`,
    says: '',
    x: { label: 'change', scale: 'linear', unit: 'percent' },
    reference: { value: 0, text: 'no change' },
    band: detects.length === 1 ? bandOf(detect) : null,
    groups: [...groupBy(own, ({ workload }) => workload)].map(([workload, part]) => ({
      label: workload,
      rows: part.map((one) => ({
        label: one.label,
        points: [pointOf(one.change, one.verdict, one.reason === null ? [] : [one.reason])],
      })),
    })),
  };
}

function bandOf(detect: number): NonNullable<IntervalsChart['band']> {
  return {
    low: -100 * detect,
    high: 100 * detect,
    text: `less than ${percentText(detect)}, which was to be found`,
  };
}

function percentText(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}

function pointOf({ ratio, interval }: Change, verdict: Verdict, notes: readonly string[]): Point {
  const percent = (of: number) => 100 * (of - 1);
  return {
    name: '',
    value: percent(ratio),
    interval: interval && { low: percent(interval.low), high: percent(interval.high) },
    mark: MARK[verdict],
    note: notes.join('; '),
  };
}
