import { sumOf } from '../stats/sums.ts';
import type { LatencySummary } from '../summary/latency.ts';
import type { MeasuredRow, RowSummary } from '../summary/run-summary.ts';
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

/** A metric of every cell that was measured; a sample that is null is left out. */
interface CellGauge {
  readonly name: string;
  readonly unit: Family['unit'];
  readonly help: string;
  value(row: MeasuredRow): number | null;
}

const CELL_GAUGES: readonly CellGauge[] = [
  {
    name: 'throughput_requests_per_second',
    unit: null,
    help: 'Completed requests per second, median over blocks.',
    value: (row) => row.throughputPerS.median,
  },
  {
    name: 'throughput_lower_quartile_requests_per_second',
    unit: null,
    help: 'Completed requests per second, first quartile over blocks.',
    value: (row) => row.throughputPerS.q1,
  },
  {
    name: 'throughput_upper_quartile_requests_per_second',
    unit: null,
    help: 'Completed requests per second, third quartile over blocks.',
    value: (row) => row.throughputPerS.q3,
  },
  {
    name: 'server_cpu_per_request_seconds',
    unit: 'seconds',
    help: 'Server CPU time per request, all threads and the kernel threads of io_uring included.',
    value: (row) => seconds(row.server.cpuNsPerRequest),
  },
  {
    name: 'server_syscalls_per_request',
    unit: null,
    help: 'System calls of the server per request.',
    value: (row) => row.server.syscallsPerRequest,
  },
  {
    name: 'server_context_switches_per_request',
    unit: null,
    help: 'Context switches of the server per request, voluntary and not.',
    value: (row) => row.server.contextSwitchesPerRequest,
  },
  {
    name: 'server_resident_memory_max_bytes',
    unit: 'bytes',
    help: 'Peak resident memory of the server, the largest over blocks.',
    value: (row) => row.server.rssMaxBytes,
  },
  {
    name: 'client_cpu_per_request_seconds',
    unit: 'seconds',
    help: 'CPU time of the load generator per request.',
    value: (row) => seconds(row.client.cpuNsPerRequest),
  },
];

/** Every metric of a run, in the order of the files; those without a sample are left out. */
export function familiesOf(input: ExportInput): readonly Family[] {
  const cells = measuredCells(input);
  const all = exportCells(input);
  const families: readonly Family[] = [
    ...runFamilies(input),
    ...CELL_GAUGES.map((gauge) => cellFamily(gauge, cells)),
    latencyFamily(
      'response_time_seconds',
      'Reply minus due time, over all blocks.',
      cells,
      (row) => row.response,
    ),
    latencyFamily(
      'service_time_seconds',
      'Reply minus actual send, over all blocks; only where it differs from the response time.',
      cells,
      (row) => row.service,
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

function cellFamily({ name, unit, help, value }: CellGauge, cells: readonly Measured[]): Family {
  return {
    name: `${PREFIX}${name}`,
    type: 'gauge',
    unit,
    help,
    samples: cells.flatMap((cell) => sampleOf(labelsOf(cell), value(cell.row))),
  };
}

function latencyFamily(
  name: string,
  help: string,
  cells: readonly Measured[],
  read: (row: MeasuredRow) => LatencySummary | null,
): Family {
  return {
    name: `${PREFIX}${name}`,
    type: 'summary',
    unit: 'seconds',
    help,
    samples: cells.flatMap((cell) => {
      const latency = read(cell.row);
      return latency === null ? [] : latencySamples(labelsOf(cell), latency);
    }),
  };
}

function latencySamples(labels: Labels, latency: LatencySummary): readonly Sample[] {
  const { count, meanNs } = latency;
  const quantiles = { 0.5: latency.p50, 0.99: latency.p99, 0.999: latency.p999 };
  return [
    ...Object.entries(quantiles).flatMap(([quantile, { valueNs }]) =>
      sampleOf({ ...labels, quantile }, seconds(valueNs)),
    ),
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
    family('baseline_ratio', 'Times the baseline model of the run, above 1 is better.', (c) => c.ratio),
    family(
      'baseline_ratio_low',
      'Lower end of the 95 % interval of the ratio.',
      (c) => c.interval?.low ?? null,
    ),
    family(
      'baseline_ratio_high',
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

function seconds(ns: number | null): number | null {
  return ns === null ? null : ns / NS_PER_S;
}
