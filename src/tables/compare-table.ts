import { COMPARED_METRICS } from '../compare/judged-metrics.ts';
import type {
  Change,
  Comparison,
  DecidedBy,
  MetricComparison,
  MetricId,
  Verdict,
} from '../compare/result.ts';
import type { Column, Row, Table } from '../document/document-schema.ts';
import { NONE, text } from '../document/table.ts';
import type { Value } from '../document/value-schema.ts';
import { findMetric } from '../metrics/registry.ts';
import { metricName, metricValue } from './metric-value.ts';

const DECIDERS: Readonly<Record<DecidedBy, string>> = {
  raw: 'as measured',
  normalised: 'normalised',
  relative: 'beside client',
  paired: 'pairs',
};

const VERDICTS: readonly Verdict[] = ['regressed', 'improved', 'inconclusive', 'same'];

const COLUMNS: readonly Column[] = [
  { key: 'verdict', header: '', align: 'left', priority: 0 },
  { key: 'model', header: 'model', align: 'left', priority: 0 },
  { key: 'workload', header: 'workload', align: 'left', priority: 0 },
  { key: 'metric', header: 'metric', align: 'left', priority: 0 },
  { key: 'base', header: 'base', align: 'right', priority: 2 },
  { key: 'current', header: 'current', align: 'right', priority: 2 },
  { key: 'change', header: 'change in %\nthat decides', align: 'left', priority: 0 },
  { key: 'by', header: 'decided\nby', align: 'left', priority: 3 },
  { key: 'raw', header: 'measured\n%', align: 'right', priority: 4 },
  { key: 'normalised', header: 'norm.\n%', align: 'right', priority: 5 },
  { key: 'relative', header: 'beside\nclient %', align: 'right', priority: 6 },
  { key: 'p', header: 'p\nadjusted', align: 'right', priority: 7 },
  { key: 'more', header: 'further\nblocks', align: 'right', priority: 8 },
];

/** Single metrics of single cells, of one kind; all of them or those that changed. */
export function compareTable(
  comparison: Comparison,
  { kind, all }: { readonly kind: MetricComparison['kind']; readonly all: boolean },
): Table {
  const own = comparison.metrics.filter((metric) => metric.kind === kind);
  const shown = all ? own : own.filter(({ verdict, confirmed }) => isChange(verdict) || confirmed !== null);
  const rows = shown.toSorted((a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict)).map(rowOf);
  return {
    title:
      kind === 'counted'
        ? 'Counts that hardly vary from block to block'
        : 'Times, memory, and counts that vary with the load',
    columns: COLUMNS,
    rows,
    notes: reasonsOf(shown),
  };
}

/** One line per metric and kind: its verdicts, how wide its intervals are, and what would decide. */
export function compareOverview(comparison: Comparison): Table {
  const rows = (['counted', 'timed'] as const).flatMap((kind) =>
    COMPARED_METRICS.flatMap(({ id }) => {
      const own = comparison.metrics.filter((metric) => metric.kind === kind && metric.metric === id);
      return own.length === 0 ? [] : [overviewRow(kind, id, own)];
    }),
  );
  return {
    title: 'Verdicts',
    columns: [
      { key: 'metric', header: 'metric', align: 'left', priority: 0 },
      { key: 'kind', header: 'kind', align: 'left', priority: 2 },
      ...VERDICTS.map((verdict) => ({
        key: verdict,
        header: verdict,
        align: 'right' as const,
        priority: 0,
      })),
      { key: 'width', header: 'interval,\nmiddle ± %', align: 'right', priority: 3 },
      { key: 'more', header: 'further blocks that\nwould decide the rest', align: 'left', priority: 4 },
    ],
    rows,
    notes: [],
  };
}

function isChange(verdict: Verdict): boolean {
  return verdict === 'regressed' || verdict === 'improved';
}

function overviewRow(kind: MetricComparison['kind'], id: MetricId, own: readonly MetricComparison[]): Row {
  const widths = own.flatMap(({ change: { interval } }) =>
    interval === null ? [] : [(100 * (interval.high - interval.low)) / 2],
  );
  const open = own.filter(({ verdict }) => verdict === 'inconclusive');
  const further = open.flatMap(({ furtherBlocks }) => (furtherBlocks === null ? [] : [furtherBlocks]));
  return {
    metric: text(metricName(id)),
    kind: text(kind, 'faint'),
    ...Object.fromEntries(
      VERDICTS.map((verdict) => [
        verdict,
        countOf(own.filter((metric) => metric.verdict === verdict).length, verdict),
      ]),
    ),
    width: widths.length === 0 ? NONE : { kind: 'estimate', value: middleOf(widths), interval: null },
    more: furtherOf(open.length, further),
  };
}

function countOf(count: number, verdict: Verdict): Value {
  if (count === 0) return text('0', 'faint');
  return text(String(count), isChange(verdict) ? 'strong' : 'plain');
}

function furtherOf(open: number, further: readonly number[]): Value {
  if (open === 0) return text('');
  if (further.length === 0) return text('none: a steadier host, or more runs');
  const rest = open - further.length;
  return text(
    `${Math.min(...further)} to ${Math.max(...further)}${rest > 0 ? `; ${rest} by no number` : ''}`,
  );
}

function middleOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function rowOf(metric: MetricComparison): Row {
  const { verdict, adjustedP, furtherBlocks } = metric;
  return {
    verdict: text(
      metric.confirmed ? `${verdict}, confirmed` : verdict,
      isChange(verdict) ? 'strong' : 'faint',
    ),
    model: text(metric.label),
    workload: text(metric.workload),
    metric: text(metricName(metric.metric)),
    base: shownValue(metric.metric, metric.base.median),
    current: shownValue(metric.metric, metric.current.median),
    change: percent(metric.change, true),
    by: text(DECIDERS[metric.decidedBy], 'faint'),
    raw: percent(metric.raw, false),
    normalised: percent(metric.normalised, false),
    relative: percent(metric.relative, false),
    p: adjustedP === null ? NONE : { kind: 'per-request', value: adjustedP },
    more:
      verdict !== 'inconclusive'
        ? text('')
        : furtherBlocks === null
          ? NONE
          : { kind: 'count', value: furtherBlocks },
  };
}

function percent(change: Change | null, interval: boolean): Value {
  if (change === null) return NONE;
  const share = (ratio: number) => 100 * (ratio - 1);
  return {
    kind: 'estimate',
    value: share(change.ratio),
    interval:
      interval && change.interval !== null
        ? { low: share(change.interval.low), high: share(change.interval.high) }
        : null,
  };
}

function shownValue(id: MetricId, value: number): Value {
  const metric = findMetric(id);
  return metric === undefined
    ? { kind: 'per-request', value }
    : metricValue(metric, { value, enough: true }, 'long');
}

/** Why verdicts are as they are, each reason once with the rows that it is true of. */
function reasonsOf(metrics: readonly MetricComparison[]): string[] {
  const found = new Map<string, string[]>();
  for (const { reason, label, workload, metric } of metrics)
    if (reason !== null)
      found.set(reason, [...(found.get(reason) ?? []), `${label} ${workload} ${metricName(metric)}`]);
  return [...found].map(([reason, rows]) =>
    rows.length > 3 ? `${rows.length} rows: ${reason}` : `${rows.join('; ')}: ${reason}`,
  );
}
