import { COMPARED_METRICS } from '../compare/judged-metrics.ts';
import type {
  Change,
  Comparison,
  DecidedBy,
  MetricComparison,
  MetricId,
  Overall,
  SideValues,
  Verdict,
} from '../compare/result.ts';
import type { Column, Row, Table } from '../document/document-schema.ts';
import { formatPercent } from '../document/format.ts';
import { NONE, text } from '../document/table.ts';
import type { Value } from '../document/value-schema.ts';
import { findMetric } from '../metrics/registry.ts';
import { counted } from '../util/units.ts';
import { metricName, metricValue } from './metric-value.ts';

const VERDICTS: readonly Verdict[] = ['regressed', 'improved', 'inconclusive', 'same'];

/** By what a verdict was decided; of runs it depends on which way is better. */
function decidedBy(by: DecidedBy, metric: MetricId): string {
  switch (by) {
    case 'best':
      return findMetric(metric)?.better === 'higher' ? 'ceiling' : 'floor';
    case 'exact':
      return 'boots';
    case 'counts':
    case 'pairs':
    case 'middle':
      return by;
  }
}

/** Every metric over all of its cells: the answer, and what it is made of. */
export function overallTable({ overall }: Comparison): Table {
  return {
    title: 'All cells together',
    columns: [
      { key: 'verdict', header: '', align: 'left', priority: 0 },
      { key: 'metric', header: 'metric', align: 'left', priority: 0 },
      { key: 'change', header: 'change in %, geometric\nmean over the cells', align: 'left', priority: 0 },
      ...againColumns(overall),
      { key: 'cells', header: 'cells', align: 'left', priority: 1 },
      { key: 'by', header: 'decided\nby', align: 'left', priority: 2 },
      { key: 'detect', header: 'to be\nfound', align: 'right', priority: 3 },
      { key: 'p', header: 'p\nadjusted', align: 'right', priority: 4 },
      { key: 'more', header: 'would decide', align: 'left', priority: 5 },
    ],
    rows: overall.map((one) => ({
      verdict: verdictOf(one.verdict),
      metric: text(metricName(one.metric), one.gate ? 'plain' : 'faint'),
      change: one.cells === 0 ? NONE : percent(one.change),
      again: againOf(one),
      cells: text(one.cells === one.of ? String(one.of) : `${one.cells} of ${one.of}`),
      by: text(decidedBy(one.decidedBy, one.metric), 'faint'),
      detect: text(formatPercent(one.detect)),
      p: pOf(one.adjustedP),
      more: needed(one),
    })),
    notes: overallNotes(overall),
  };
}

function overallNotes(overall: readonly Overall[]): string[] {
  const gate = overall.filter((one) => one.gate).map(({ metric }) => metricName(metric));
  return [
    ...(gate.length > 0 ? [`To pass, ${gate.join(' and ')} must be the same or improved.`] : []),
    ...eachOnce(
      overall.map(({ reason, metric }) => ({ reason, row: metricName(metric) })),
      'metrics',
    ),
    ...eachOnce(
      overall.flatMap(({ left, metric, cells }) =>
        (cells === 0 ? [] : left).map((why) => ({ reason: `without ${why}`, row: metricName(metric) })),
      ),
      'metrics',
    ),
  ];
}

/** Where something was measured again that seemed to have regressed. */
function againColumns(judged: readonly Pick<MetricComparison, 'again'>[]): Column[] {
  return judged.some(({ again }) => again !== undefined)
    ? [{ key: 'again', header: 'measured\nagain', align: 'left', priority: 1 }]
    : [];
}

function againOf({ again }: Pick<MetricComparison, 'again'>): Value {
  return again === undefined ? text('') : percent(again.change);
}

const COLUMNS: readonly Column[] = [
  { key: 'verdict', header: '', align: 'left', priority: 0 },
  { key: 'model', header: 'model', align: 'left', priority: 0 },
  { key: 'workload', header: 'workload', align: 'left', priority: 0 },
  { key: 'metric', header: 'metric', align: 'left', priority: 0 },
  { key: 'base', header: 'base', align: 'right', priority: 2 },
  { key: 'current', header: 'current', align: 'right', priority: 2 },
  { key: 'change', header: 'change in %\nthat decides', align: 'left', priority: 0 },
  { key: 'by', header: 'decided\nby', align: 'left', priority: 3 },
  { key: 'clean', header: 'clean\ntrials', align: 'right', priority: 5 },
  { key: 'spread', header: 'runs\n± %', align: 'right', priority: 6 },
  { key: 'medians', header: 'medians\n%', align: 'right', priority: 7 },
  { key: 'p', header: 'p\nadjusted', align: 'right', priority: 8 },
  { key: 'more', header: 'would\ndecide', align: 'left', priority: 4 },
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
    columns: COLUMNS.flatMap((column) =>
      column.key === 'change' ? [column, ...againColumns(shown)] : [column],
    ),
    rows,
    notes: [
      ...eachOnce(
        shown.map((one) => ({ reason: one.reason, row: nameOf(one) })),
        'rows',
      ),
      ...batchingNotes(shown),
    ],
  };
}

/** Cells that batch otherwise than before, each once. */
function batchingNotes(metrics: readonly MetricComparison[]): string[] {
  const notes = metrics.flatMap(({ batching, label, workload, verdict }) =>
    batching?.moved && isChange(verdict) ? [`${label} ${workload}: ${batching.says}`] : [],
  );
  return [...new Set(notes)];
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
    title: 'Verdicts, cell by cell',
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
      { key: 'why', header: 'mostly inconclusive because', align: 'left', priority: 4 },
    ],
    rows,
    notes: [],
  };
}

function isChange(verdict: Verdict): boolean {
  return verdict === 'regressed' || verdict === 'improved';
}

function verdictOf(verdict: Verdict, confirmed: boolean | null = null): Value {
  return text(confirmed ? `${verdict}, confirmed` : verdict, isChange(verdict) ? 'strong' : 'faint');
}

function overviewRow(kind: MetricComparison['kind'], id: MetricId, own: readonly MetricComparison[]): Row {
  const widths = own.flatMap(({ change: { interval } }) =>
    interval === null ? [] : [(100 * (interval.high - interval.low)) / 2],
  );
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
    why: text(mostly(own)),
  };
}

/** The reason that most of the inconclusive ones have. */
function mostly(own: readonly MetricComparison[]): string {
  const reasons = own.flatMap(({ verdict, reason }) => (verdict === 'inconclusive' ? [reason ?? ''] : []));
  const times = (reason: string) => reasons.filter((one) => one === reason).length;
  return reasons.toSorted((a, b) => times(b) - times(a))[0] ?? '';
}

function countOf(count: number, verdict: Verdict): Value {
  if (count === 0) return text('0', 'faint');
  return text(String(count), isChange(verdict) ? 'strong' : 'plain');
}

function middleOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function rowOf(metric: MetricComparison): Row {
  return {
    verdict: verdictOf(metric.verdict, metric.confirmed),
    model: text(metric.label),
    workload: text(metric.workload),
    metric: text(metricName(metric.metric)),
    base: shownValue(metric.metric, metric.base.value),
    current: shownValue(metric.metric, metric.current.value),
    change: percent(metric.change),
    again: againOf(metric),
    by: text(decidedBy(metric.decidedBy, metric.metric), 'faint'),
    clean: text(`${cleanOf(metric.base)}, ${cleanOf(metric.current)}`, 'faint'),
    spread:
      metric.spread === null ? NONE : { kind: 'estimate', value: 100 * metric.spread.share, interval: null },
    medians: { kind: 'estimate', value: 100 * (metric.medians - 1), interval: null },
    p: pOf(metric.adjustedP),
    more: needed(metric),
  };
}

function cleanOf({ clean, trials }: SideValues): string {
  return `${clean}/${trials}`;
}

function pOf(p: number | null): Value {
  return p === null ? NONE : { kind: 'per-request', value: p };
}

/** What would about decide it. */
function needed({ furtherBlocks, runsNeeded }: Pick<Overall, 'furtherBlocks' | 'runsNeeded'>): Value {
  if (furtherBlocks !== null) return text(counted(furtherBlocks, 'further block'));
  return runsNeeded === null ? text('') : text(`${counted(runsNeeded, 'run')} a side`);
}

function percent({ ratio, interval }: Change): Value {
  const share = (value: number) => 100 * (value - 1);
  return {
    kind: 'estimate',
    value: share(ratio),
    interval: interval === null ? null : { low: share(interval.low), high: share(interval.high) },
  };
}

function shownValue(id: MetricId, value: number): Value {
  const metric = findMetric(id);
  return metric === undefined
    ? { kind: 'per-request', value }
    : metricValue(metric, { value, enough: true }, 'long');
}

function nameOf({ label, workload, metric }: MetricComparison): string {
  return `${label} ${workload} ${metricName(metric)}`;
}

/** Why verdicts are as they are, each reason once with the rows that it is true of. */
function eachOnce(
  reasons: readonly { readonly reason: string | null; readonly row: string }[],
  what: string,
): string[] {
  const found = new Map<string, string[]>();
  for (const { reason, row } of reasons)
    if (reason !== null) found.set(reason, [...(found.get(reason) ?? []), row]);
  return [...found].map(([reason, rows]) =>
    rows.length > 3 ? `${rows.length} ${what}: ${reason}` : `${rows.join('; ')}: ${reason}`,
  );
}
