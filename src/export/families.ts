import type { Metric, RowValue } from '../metrics/metric.ts';
import { METRICS, prometheusName, UNITS } from '../metrics/registry.ts';
import { sumOf } from '../stats/sums.ts';
import type { LatencySummary, MeasuredRow, RowSummary } from '../summary/run-summary.ts';
import { MS_PER_S, NS_PER_S } from '../util/units.ts';
import { type ExportCell, exportCells, measuredCells } from './cells.ts';
import type { ExportInput } from './exporter.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  /** Behind the name of the family. */
  readonly suffix: '' | '_info' | '_total' | '_sum' | '_count';
  readonly labels: Labels;
  readonly value: number;
}

/** A metric with all of its samples, before it is a text in one of the two formats. */
export interface Family {
  /** Without `_total` and `_info`; ends in the unit where there is one. */
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'info' | 'summary';
  readonly unit: 'seconds' | 'bytes' | null;
  /** One line. */
  readonly help: string;
  readonly samples: readonly Sample[];
}

const PREFIX = 'iomodels_bench_';

type Measured = ExportCell<MeasuredRow>;

/** Every metric of a run, in the order of the files; those without a sample are left out. */
export function familiesOf(input: ExportInput): readonly Family[] {
  const cells = measuredCells(input);
  const all = exportCells(input);
  const families: readonly Family[] = [
    ...runFamilies(input),
    ...METRICS.filter((metric) => metric.quantile === undefined).flatMap((metric) => gaugesOf(metric, cells)),
    latencyFamily('response', 'response_time_seconds', 'Reply minus due time, over all blocks.', cells),
    latencyFamily(
      'service',
      'service_time_seconds',
      'Reply minus actual send, over all blocks; only where it differs from the response time.',
      cells,
    ),
    ...comparisonFamilies(cells),
    ...countFamilies(cells, all),
  ];
  return families.filter((family) => family.samples.length > 0);
}

function runFamilies({ result: { record } }: ExportInput): readonly Family[] {
  const { environment } = record;
  const finishedMs = Date.parse(record.finishedAt ?? '');
  return [
    {
      name: `${PREFIX}run`,
      type: 'info',
      unit: null,
      help: 'The run that the other metrics are of, and where it ran.',
      samples: [
        {
          suffix: '_info',
          labels: {
            run: record.runId,
            status: record.status,
            version: record.tool.version,
            kernel: environment.kernel,
            arch: environment.arch,
            cpu: environment.cpuModel ?? '',
            governor: environment.governor ?? '',
            hypervisor: environment.hypervisor ?? '',
          },
          value: 1,
        },
      ],
    },
    {
      name: `${PREFIX}run_finished_timestamp_seconds`,
      type: 'gauge',
      unit: 'seconds',
      help: 'When the run ended, in Unix time.',
      samples: Number.isNaN(finishedMs) ? [] : [{ suffix: '', labels: {}, value: finishedMs / MS_PER_S }],
    },
  ];
}

/** A gauge per metric, and where its value is a median over trials one for each quartile. */
function gaugesOf(metric: Metric, cells: readonly Measured[]): readonly Family[] {
  const { perBase, base } = UNITS[metric.unit];
  const gauge = (
    part: string,
    what: string,
    read: (value: RowValue) => number | null | undefined,
  ): Family => ({
    name: `${PREFIX}${prometheusName(metric, part)}`,
    type: 'gauge',
    unit: base,
    help: `${metric.help}${what}.`,
    samples: cells.flatMap((cell) => {
      const found = cell.row.metrics[metric.id];
      const value = found === undefined ? null : (read(found) ?? null);
      return sampleOf(labelsOf(cell), value === null ? null : value / perBase);
    }),
  });
  if (metric.pooledBy !== 'median') return [gauge('', '', ({ value }) => value)];
  return [
    gauge('', ', median over blocks', ({ value }) => value),
    gauge('_lower_quartile', ', first quartile over blocks', ({ q1 }) => q1),
    gauge('_upper_quartile', ', third quartile over blocks', ({ q3 }) => q3),
  ];
}

function latencyFamily(
  of: 'response' | 'service',
  name: string,
  help: string,
  cells: readonly Measured[],
): Family {
  return {
    name: `${PREFIX}${name}`,
    type: 'summary',
    unit: 'seconds',
    help,
    samples: cells.flatMap((cell) => {
      const latency = cell.row[of];
      return latency === null ? [] : latencySamples(labelsOf(cell), latency, quantilesOf(of, cell.row));
    }),
  };
}

/** Those with enough samples. */
function quantilesOf(of: 'response' | 'service', row: MeasuredRow): readonly (readonly [string, number])[] {
  return METRICS.flatMap(({ id, quantile }) => {
    const { value = null, enough = false } = row.metrics[id] ?? {};
    return quantile?.of !== of || value === null || !enough
      ? []
      : [[String(quantile.share), value / NS_PER_S]];
  });
}

function latencySamples(
  labels: Labels,
  { count, meanNs }: LatencySummary,
  quantiles: readonly (readonly [string, number])[],
): readonly Sample[] {
  return [
    ...quantiles.flatMap(([quantile, value]) => sampleOf({ ...labels, quantile }, value)),
    { suffix: '_sum', labels, value: ((meanNs ?? 0) * count) / NS_PER_S },
    { suffix: '_count', labels, value: count },
  ];
}

function comparisonFamilies(cells: readonly Measured[]): readonly Family[] {
  const family = (
    name: string,
    help: string,
    read: (comparison: NonNullable<MeasuredRow['comparison']>) => number | null,
  ): Family => ({
    name: `${PREFIX}${name}`,
    type: 'gauge',
    unit: null,
    help,
    samples: cells.flatMap((cell) => {
      const { comparison } = cell.row;
      if (comparison === null) return [];
      return sampleOf({ ...labelsOf(cell), ranked_by: comparison.rankedBy }, read(comparison));
    }),
  });
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

function countFamilies(cells: readonly Measured[], all: readonly ExportCell[]): readonly Family[] {
  const counter = (name: string, help: string, samples: readonly Sample[]): Family => ({
    name: `${PREFIX}${name}`,
    type: 'counter',
    unit: null,
    help,
    samples,
  });
  return [
    counter(
      'requests',
      'Requests that the run completed.',
      cells.map((cell) =>
        total(
          labelsOf(cell),
          sumOf(cell.trials, ({ observation }) => observation.requests.completed),
        ),
      ),
    ),
    counter(
      'request_errors',
      'Requests and connections of the run that ended in an error.',
      cells.map((cell) => total(labelsOf(cell), cell.row.errors)),
    ),
    counter(
      'trials',
      'Trials of the run, by what came of them.',
      all.flatMap((cell) =>
        Object.entries(trialsOf(cell.row)).map(([status, count]) =>
          total({ ...labelsOf(cell), status }, count),
        ),
      ),
    ),
    counter(
      'trials_limited',
      'Measured trials by who was the limit: server, client or neither.',
      cells.flatMap((cell) =>
        Object.entries(cell.row.saturation.trials).map(([limit, count]) =>
          total({ ...labelsOf(cell), limit }, count),
        ),
      ),
    ),
    {
      name: `${PREFIX}cell_skipped`,
      type: 'gauge',
      unit: null,
      help: 'Always 1: this model could not run this workload here, for this reason.',
      samples: all.flatMap((cell) =>
        cell.row.status === 'skipped'
          ? [{ suffix: '' as const, labels: { ...labelsOf(cell), reason: cell.row.reason }, value: 1 }]
          : [],
      ),
    },
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

/** The label `model` is the row's: `epoll-lt#2` where a model is entered again. */
function labelsOf({ label, workload }: ExportCell): Labels {
  return { model: label, workload };
}

function total(labels: Labels, value: number): Sample {
  return { suffix: '_total', labels, value };
}

function sampleOf(labels: Labels, value: number | null): readonly Sample[] {
  return value === null || !Number.isFinite(value) ? [] : [{ suffix: '', labels, value }];
}
