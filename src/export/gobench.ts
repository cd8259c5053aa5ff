import type { Metric } from '../metrics/metric.ts';
import { gobenchUnit } from '../metrics/registry.ts';
import type { CountedTrial, MeasuredTrial, RunRecord } from '../results/schema.ts';
import { NS_PER_S } from '../util/units.ts';
import { type ExportCell, measuredCells } from './cells.ts';
import type { Exporter, ExportInput } from './exporter.ts';
import { oneLine, originOf, parametersOf } from './origin.ts';

/**
 * Go's benchmark format, for `benchstat -col kernel`: keys of the file, then one line per block and
 * cell. Source: golang.org/design/14313-benchmark-format and golang.org/x/perf/benchfmt.
 */
export const gobenchExporter: Exporter = {
  id: 'gobench',
  title: 'benchstat: one line per block',
  files: ['gobench.txt'],
  picksMetrics: true,
  write: (input) => [textOf([input])],
  history: (inputs) => [textOf(inputs)],
};

function textOf(inputs: readonly ExportInput[]): string {
  const [first] = inputs;
  const runs = inputs.flatMap((input) => [
    ...keysOf(input.result.record, inputs.length > 1),
    ...(input === first ? unitsOf(input.metrics) : []),
    '',
    ...measuredCells(input).flatMap((cell) =>
      [...cell.trials, ...cell.counted].flatMap((trial) => lineOf(cell, trial, input.metrics)),
    ),
    '',
  ]);
  return runs.join('\n');
}

/** benchstat takes lower for better unless a unit says otherwise. */
function unitsOf(metrics: readonly Metric[]): readonly string[] {
  return metrics
    .filter(({ better }) => better === 'higher')
    .map((metric) => `Unit ${gobenchUnit(metric)} better=higher`);
}

/**
 * benchstat makes a table of its own for every set of keys and compares within it: what differs between any
 * two runs, such as their ids, or between runs that are to be compared, such as the version, is no key. A line
 * that is neither a key nor a result is passed over.
 * @param all of a history: a key without a value ends that of the run before.
 */
function keysOf(record: RunRecord, all: boolean): readonly string[] {
  const { kernel, host, arch, cpu, version, clock, guest } = originOf(record);
  const keys = { kernel, host, arch, cpu, governor: record.environment.governor, clock, guest };
  return [
    `# ${oneLine(`${record.tool.name} ${version}, run ${record.runId}`)}`,
    ...Object.entries(keys).flatMap(([key, value]) =>
      value === null ? (all ? [`${key}:`] : []) : [`${key}: ${oneLine(value)}`],
    ),
  ];
}

/** `ns/op` is what it is in Go: elapsed time over operations, 1e9 / (req/s). Of trials in which the CPU counts, its counts. */
function lineOf(
  cell: ExportCell,
  { status, observation }: MeasuredTrial | CountedTrial,
  metrics: readonly Metric[],
): readonly string[] {
  const { requests } = observation;
  // The format has no room for a benchmark that did nothing.
  if (requests.completed === 0) return [];
  const taken = metrics.filter(({ takenFrom }) => (takenFrom === 'cpu') === (status === 'counted'));
  const values: readonly (readonly [number | null, string])[] = [
    [
      status === 'counted' || observation.pathLength !== null ? null : NS_PER_S / observation.throughputPerS,
      'ns/op',
    ],
    ...taken.map((metric) => [metric.ofTrial(observation), gobenchUnit(metric)] as const),
  ];
  const texts = values.flatMap(([value, unit]) =>
    value === null || !Number.isFinite(value) ? [] : [`${value} ${unit}`],
  );
  return texts.length === 0 ? [] : [[nameOf(cell), requests.completed, ...texts].join(' ')];
}

/**
 * `BenchmarkEcho/model=epoll-lt/workload=ping-pong/mode=closed/connections=1/...`: two workloads of one id and
 * other parameters are two benchmarks.
 */
function nameOf({ label, workload, load }: ExportCell): string {
  const { mode, connections, active, depth, messageBytes, ratePerS, arrivals } = parametersOf(load);
  const parts = {
    ...{ model: label, workload, mode, connections, active, depth, bytes: messageBytes },
    ...{ rate: ratePerS, arrivals },
  };
  // A number behind a dash at the end would be taken for GOMAXPROCS: it ends in none.
  return `BenchmarkEcho${Object.entries(parts)
    .map(([key, value]) => (value === null ? '' : `/${key}=${escapeName(String(value))}`))
    .join('')}`;
}

/** Percent-encodes what would end the name or a part of it, so that different labels stay different. */
function escapeName(text: string): string {
  return text
    .replaceAll(/\p{Cs}/gu, '\uFFFD')
    .replaceAll(/[\s\p{C}%/=]+/gu, (found) => encodeURIComponent(found));
}
