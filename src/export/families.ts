import { DISTRIBUTIONS, type Metric, type RowValue } from '../metrics/metric.ts';
import { prometheusName, UNITS } from '../metrics/registry.ts';
import { countsInstructions } from '../results/guest.ts';
import { sumOf } from '../stats/sums.ts';
import type { LatencySummary, MeasuredRow, RowSummary } from '../summary/run-summary.ts';
import { MS_PER_S, NS_PER_S } from '../util/units.ts';
import { type ExportCell, exportCells, measuredCells } from './cells.ts';
import type { ExportInput } from './exporter.ts';
import { cellLabels, type Family, gauge, info, type Labels, originLabels, type Sample } from './family.ts';
import { endedAtMs, originOf, snakeParameters } from './origin.ts';
import { verdictFamilies } from './verdict-families.ts';

type Measured = ExportCell<MeasuredRow>;

/** Every metric of a run, in the order of the files; those without a sample are left out. */
export function familiesOf(input: ExportInput): readonly Family[] {
  const families = [
    ...runFamilies(input),
    ...input.metrics.flatMap((metric) => metricFamilies(metric, input)),
    ...latencyFamilies(input),
    ...referenceFamilies(input),
    ...countFamilies(input),
    ...verdictFamilies(input),
  ];
  return families.filter((family) => family.samples.length > 0);
}

/**
 * Several runs as one: every family once, the samples of a series together and in the order of time, as
 * OpenMetrics has it. A run without a time that can be read is left out.
 * @param inputs the oldest first.
 */
export function historyOf(inputs: readonly ExportInput[]): readonly Family[] {
  const byName = new Map<string, Family>();
  for (const input of inputs) {
    const atMs = endedAtMs(input.result.record);
    if (atMs === null) continue;
    for (const family of familiesOf(input)) {
      const samples = family.samples.map((sample) => ({ ...sample, atMs }));
      const before = byName.get(family.name);
      byName.set(family.name, { ...family, samples: [...(before?.samples ?? []), ...samples] });
    }
  }
  return [...byName.values()].map((family) => ({ ...family, samples: bySeries(family.samples) }));
}

function bySeries(samples: readonly Sample[]): readonly Sample[] {
  const series = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = JSON.stringify(Object.entries(sample.labels));
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  return [...series.values()].flat();
}

function runFamilies({ result: { record }, summary }: ExportInput): readonly Family[] {
  const { environment } = record;
  const finishedMs = Date.parse(record.finishedAt ?? '');
  return [
    info('run', 'The run that the other metrics are of, and where it ran.', [
      {
        run: record.runId,
        status: record.status,
        ...originOf(record),
        governor: environment.governor,
        hypervisor: environment.hypervisor,
      },
    ]),
    info(
      'workload',
      'What a workload asks for.',
      summary.workloads.map(({ workload }) => ({
        ...originLabels(record),
        workload: workload.id,
        ...Object.fromEntries(
          Object.entries(snakeParameters(workload)).map(([name, value]) => [
            name,
            value === null ? null : String(value),
          ]),
        ),
      })),
    ),
    gauge('run_finished_timestamp_seconds', 'When the run ended, in Unix time.', [
      [originLabels(record), finishedMs / MS_PER_S],
    ]),
  ];
}

/** A gauge per metric, and where its value is a mean over trials one for each quartile. */
function metricFamilies(metric: Metric, input: ExportInput): readonly Family[] {
  const { perBase } = UNITS[metric.unit];
  const family = (part: string, what: string, read: (value: RowValue) => number | null | undefined) =>
    gauge(
      prometheusName(metric, part),
      `${metric.help}${what}.`,
      measuredCells(input).map((cell) => {
        const found = cell.row.metrics[metric.id];
        // From too few samples to believe it: no value is better than one without a mark.
        const value = found?.enough ? (read(found) ?? null) : null;
        return [cellLabels(input.result.record, cell), value === null ? null : value / perBase];
      }),
    );
  if (metric.pooledBy !== 'geometric mean') return [family('', '', ({ value }) => value)];
  return [
    family('', ', geometric mean over blocks without the fifth at each end in CPU', ({ value }) => value),
    family('_lower_quartile', ', first quartile over blocks', ({ q1 }) => q1),
    family('_upper_quartile', ', third quartile over blocks', ({ q3 }) => q3),
  ];
}

/** What a percentile does not tell of the distributions that the metrics are quantiles of. */
function latencyFamilies({ metrics, ...input }: ExportInput): readonly Family[] {
  if (countsInstructions(input.result.record.environment.guest)) return [];
  const cells = measuredCells({ ...input, metrics });
  return DISTRIBUTIONS.filter((of) => metrics.some(({ quantile }) => quantile?.of === of)).flatMap((of) => {
    const samples = (read: (latency: LatencySummary) => number | null) =>
      cells.map((cell): readonly [Labels, number | null] => {
        const latency = cell.row[of];
        return [cellLabels(input.result.record, cell), latency === null ? null : read(latency)];
      });
    const inSeconds = (ns: number | null) => (ns === null ? null : ns / NS_PER_S);
    const what = {
      response: 'the reply minus its due time',
      service: 'the reply minus its actual send, where that is not the due time',
      submit: 'the time of an operation on a file in the call that issues it',
    }[of];
    return [
      gauge(
        `${of}_mean_seconds`,
        `Mean of ${what}.`,
        samples(({ meanNs }) => inSeconds(meanNs)),
      ),
      gauge(
        `${of}_max_seconds`,
        `Largest of ${what}.`,
        samples(({ maxNs }) => inSeconds(maxNs)),
      ),
      gauge(
        `${of}_samples`,
        `How many values there are of ${what}.`,
        samples(({ count }) => count),
      ),
    ];
  });
}

function referenceFamilies(input: ExportInput): readonly Family[] {
  const cells = measuredCells(input);
  const family = (
    name: string,
    help: string,
    read: (comparison: NonNullable<MeasuredRow['comparison']>) => number | null,
  ): Family =>
    gauge(
      name,
      help,
      cells.flatMap((cell) => {
        const { comparison } = cell.row;
        if (comparison === null) return [];
        const labels = { ...cellLabels(input.result.record, cell), ranked_by: comparison.rankedBy };
        return [[labels, read(comparison)] as const];
      }),
    );
  return [
    family('reference_ratio', 'Times the reference model of the run, above 1 is better.', (c) => c.ratio),
    family(
      'reference_ratio_low',
      'Lower end of the 95 % interval of the ratio.',
      (c) => c.interval?.low ?? null,
    ),
    family(
      'reference_ratio_high',
      'Upper end of the 95 % interval of the ratio.',
      (c) => c.interval?.high ?? null,
    ),
  ];
}

function countFamilies(input: ExportInput): readonly Family[] {
  const { record } = input.result;
  const cells = measuredCells(input);
  const all = exportCells(input);
  const perCell = (read: (cell: Measured) => number) =>
    cells.map((cell) => [cellLabels(record, cell), read(cell)] as const);
  return [
    gauge(
      'requests',
      'Requests that the run completed.',
      perCell(({ trials }) => sumOf(trials, ({ observation }) => observation.requests.completed)),
    ),
    gauge(
      'request_errors',
      'Requests and connections of the run that ended in an error.',
      perCell(({ row }) => row.errors),
    ),
    gauge(
      'trials',
      'Trials of the run, by what came of them.',
      all.flatMap((cell) =>
        Object.entries(trialsOf(cell.row)).map(
          ([status, count]) => [{ ...cellLabels(record, cell), status }, count] as const,
        ),
      ),
    ),
    gauge(
      'trials_limited',
      'Measured trials by who was the limit: server, client or neither.',
      cells.flatMap((cell) =>
        Object.entries(cell.row.saturation.trials).map(
          ([limit, count]) => [{ ...cellLabels(record, cell), limit }, count] as const,
        ),
      ),
    ),
    gauge(
      'cell_skipped',
      'Always 1: this model could not run this workload here, for this reason.',
      all.flatMap((cell) =>
        cell.row.status === 'skipped'
          ? [[{ ...cellLabels(record, cell), reason: cell.row.reason }, 1] as const]
          : [],
      ),
    ),
  ];
}

function trialsOf(row: RowSummary): Readonly<Record<string, number>> {
  switch (row.status) {
    case 'measured':
      return {
        clean: row.trials.measured - row.trials.contaminated,
        contaminated: row.trials.contaminated,
        failed: row.trials.failed,
      };
    case 'failed':
    case 'not-run':
      return { clean: 0, contaminated: 0, failed: row.trials.failed };
    case 'skipped':
      return {};
  }
}
