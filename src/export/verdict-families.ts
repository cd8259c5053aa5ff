import type { Comparison, MetricComparison, Overall } from '../compare/result.ts';
import { NS_PER_S } from '../util/units.ts';
import type { ExportInput } from './exporter.ts';
import { cellLabels, type Family, gauge, info, originLabels } from './family.ts';
import { runIdsOf, sweepLines, verdictText } from './verdicts.ts';

/** What was concluded, where there was something to conclude from: a comparison, or a sweep. */
export function verdictFamilies(input: ExportInput): readonly Family[] {
  return [
    ...(input.comparison === null ? [] : compareFamilies(input, input.comparison)),
    ...scaleFamilies(input),
  ];
}

function compareFamilies({ result: { record } }: ExportInput, comparison: Comparison): readonly Family[] {
  const origin = originLabels(record);
  const labels = (metric: MetricComparison) => ({ ...cellLabels(record, metric), metric: metric.metric });
  const each = (read: (metric: MetricComparison) => number | null) =>
    comparison.metrics.map((metric) => [labels(metric), read(metric)] as const);
  const overall = (read: (one: Overall) => number | null) =>
    comparison.overall.map((one) => [{ ...origin, metric: one.metric }, read(one)] as const);
  return [
    info('compare', 'The runs that were compared, and what came of it.', [
      {
        ...origin,
        base: runIdsOf(comparison.base),
        current: runIdsOf(comparison.current),
        outcome: comparison.outcome,
      },
    ]),
    gauge(
      'compare_metrics',
      'Metrics of cells by their verdict.',
      Object.entries(comparison.counts).map(([verdict, count]) => [{ ...origin, verdict }, count] as const),
    ),
    gauge(
      'compare_overall_verdict',
      'Always 1: the verdict on this metric over all cells.',
      comparison.overall.map(({ metric, verdict }) => [{ ...origin, metric, verdict }, 1] as const),
    ),
    gauge(
      'compare_overall_change_ratio',
      'Current over base, geometric mean over the cells.',
      overall(({ change }) => change.ratio),
    ),
    gauge(
      'compare_overall_change_ratio_low',
      'Lower end of the 95 % interval of the change over all cells.',
      overall(({ change }) => change.interval?.low ?? null),
    ),
    gauge(
      'compare_overall_change_ratio_high',
      'Upper end of the 95 % interval of the change over all cells.',
      overall(({ change }) => change.interval?.high ?? null),
    ),
    gauge(
      'compare_verdict',
      'Always 1: the verdict on this metric of this cell.',
      comparison.metrics.map((metric) => [{ ...labels(metric), verdict: metric.verdict }, 1] as const),
    ),
    gauge(
      'compare_change_ratio',
      'Current over base: 1.1 is 10 % more, whether or not more is better.',
      each(({ change }) => change.ratio),
    ),
    gauge(
      'compare_change_ratio_low',
      'Lower end of the 95 % interval of the change.',
      each(({ change }) => change.interval?.low ?? null),
    ),
    gauge(
      'compare_change_ratio_high',
      'Upper end of the 95 % interval of the change.',
      each(({ change }) => change.interval?.high ?? null),
    ),
  ];
}

function scaleFamilies(input: ExportInput): readonly Family[] {
  const lines = sweepLines(input).map(({ active, label, fit }) => ({
    labels: { ...originLabels(input.result.record), model: label, active: String(active) },
    fit,
  }));
  const seconds = (ns: number | undefined) => (ns === undefined ? null : ns / NS_PER_S);
  return [
    gauge(
      'scale_slope_per_idle_seconds',
      'Server CPU time that one more idle connection adds to a request.',
      lines.map(({ labels, fit }) => [labels, seconds(fit.slopeNsPerIdle?.value)] as const),
    ),
    gauge(
      'scale_slope_low_per_idle_seconds',
      'Lower end of the 95 % interval of the slope.',
      lines.map(({ labels, fit }) => [labels, seconds(fit.slopeNsPerIdle?.interval?.low)] as const),
    ),
    gauge(
      'scale_slope_high_per_idle_seconds',
      'Upper end of the 95 % interval of the slope.',
      lines.map(({ labels, fit }) => [labels, seconds(fit.slopeNsPerIdle?.interval?.high)] as const),
    ),
    gauge(
      'scale_slope_per_idle_instructions',
      'Guest instructions that one more idle connection adds to a request.',
      lines.map(({ labels, fit }) => [labels, fit.slopeInstructionsPerIdle?.value ?? null] as const),
    ),
    gauge(
      'scale_slope_low_per_idle_instructions',
      'Lower end of the 95 % interval of that slope.',
      lines.map(({ labels, fit }) => [labels, fit.slopeInstructionsPerIdle?.interval?.low ?? null] as const),
    ),
    gauge(
      'scale_slope_high_per_idle_instructions',
      'Upper end of the 95 % interval of that slope.',
      lines.map(({ labels, fit }) => [labels, fit.slopeInstructionsPerIdle?.interval?.high ?? null] as const),
    ),
    gauge(
      'scale_verdict',
      'Always 1: whether idle connections cost this model anything.',
      lines.map(({ labels, fit }) => [{ ...labels, verdict: verdictText(fit.verdict) }, 1] as const),
    ),
  ];
}
