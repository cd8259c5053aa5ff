import type { Comparison } from '../compare/result.ts';
import type { Metric } from '../metrics/metric.ts';
import { snakeName } from '../metrics/registry.ts';
import type { MeasuredRow } from '../summary/run-summary.ts';
import { NS_PER_MS } from '../util/units.ts';
import type { Workload } from '../workloads/schema.ts';
import { type ExportCell, measuredCells } from './cells.ts';
import type { Exporter, ExportInput } from './exporter.ts';
import { endedAtMs, originOf, snakeParameters } from './origin.ts';
import { runIdsOf, type SweepLine, sweepLines, verdictText } from './verdicts.ts';

const MEASUREMENT = 'iomodels_bench';

type Tags = Readonly<Record<string, string | number | null>>;
/** Values as the protocol writes them; null: not measured. */
type Fields = Readonly<Record<string, string | null>>;

/**
 * InfluxDB line protocol, at the time the run ended: a point per cell; of a comparison one per cell and
 * metric, and of a sweep one per model, each in a measurement of its own. Source: "Line protocol" in the
 * reference of InfluxDB v2.
 */
export const influxExporter: Exporter = {
  id: 'influx',
  title: 'InfluxDB line protocol',
  files: ['influx.lp'],
  verdicts: true,
  picksMetrics: true,
  write: (input) => [textOf(input)],
  history: (inputs) => [inputs.map(textOf).join('')],
};

function textOf(input: ExportInput): string {
  const { record } = input.result;
  const { comparison, metrics } = input;
  const point = pointOf({ ...originOf(record) }, endedAtMs(record));
  return [
    ...measuredCells(input).map((cell) =>
      point('', cellTags(cell.label, cell.load), {
        ...Object.fromEntries(metrics.flatMap((metric) => metricFields(metric, cell.row))),
        ...cellFields(cell),
        run_id: string(record.runId),
      }),
    ),
    ...(comparison === null
      ? []
      : [...overallPoints(comparison, point), ...comparePoints(comparison, point)]),
    ...sweepLines(input).map((line) =>
      point('_scale', { model: line.label, active: line.active }, scaleFields(line, record.runId)),
    ),
  ].join('');
}

type WritePoint = (suffix: string, tags: Tags, fields: Fields) => string;

/** Writes points of one origin and time. Without a time, it is that of arrival. */
function pointOf(origin: Tags, atMs: number | null): WritePoint {
  // As a text: a number has no room for all the digits of nanoseconds.
  const time = atMs === null ? '' : ` ${BigInt(atMs) * BigInt(NS_PER_MS)}`;
  return (suffix, tags, fields) => {
    const written = Object.entries(fields).flatMap(([key, value]) =>
      value === null ? [] : [`${key}=${value}`],
    );
    return `${MEASUREMENT}${suffix},${tagsText({ ...origin, ...tags })} ${written.join(',')}${time}\n`;
  };
}

function cellTags(label: string, workload: Workload): Tags {
  return { model: label, workload: workload.id, ...snakeParameters(workload) };
}

/** Sorted by key, as the database wants them; an empty value is no tag. */
function tagsText(tags: Tags): string {
  return Object.entries(tags)
    .map(([key, value]) => [key, value === null ? '' : escapeTag(String(value))] as const)
    .filter(([, value]) => value !== '')
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

function cellFields({ row, trials }: ExportCell<MeasuredRow>): Fields {
  return { trials: integer(trials.length), limit: string(row.saturation.verdict) };
}

function comparePoints(comparison: Comparison, point: WritePoint): readonly string[] {
  const { workloads, base, current } = comparison;
  return comparison.metrics.map(({ label, workload: id, metric, ...found }) => {
    const workload = workloads.find((candidate) => candidate.id === id);
    const tags = workload === undefined ? { model: label, workload: id } : cellTags(label, workload);
    return point(
      '_compare',
      { ...tags, metric },
      {
        verdict: string(found.verdict),
        change_ratio: float(found.change.ratio),
        change_ratio_low: float(found.change.interval?.low ?? null),
        change_ratio_high: float(found.change.interval?.high ?? null),
        detect_ratio: float(found.detect),
        adjusted_p: float(found.adjustedP),
        decided_by: string(found.decidedBy),
        base: string(runIdsOf(base)),
        current: string(runIdsOf(current)),
      },
    );
  });
}

/** Over all cells: no model and no workload. */
function overallPoints(
  { overall, base, current, outcome }: Comparison,
  point: WritePoint,
): readonly string[] {
  return overall.map(({ metric, verdict, change, adjustedP, cells }) =>
    point(
      '_compare_overall',
      { metric },
      {
        verdict: string(verdict),
        outcome: string(outcome),
        change_ratio: float(change.ratio),
        change_ratio_low: float(change.interval?.low ?? null),
        change_ratio_high: float(change.interval?.high ?? null),
        adjusted_p: float(adjustedP),
        cells: integer(cells),
        base: string(runIdsOf(base)),
        current: string(runIdsOf(current)),
      },
    ),
  );
}

function scaleFields(
  { fit: { slopeNsPerIdle, slopeInstructionsPerIdle, verdict, blocks }, idleMax }: SweepLine,
  runId: string,
): Fields {
  return {
    verdict: string(verdictText(verdict)),
    slope_ns_per_idle: float(slopeNsPerIdle?.value ?? null),
    slope_low_ns_per_idle: float(slopeNsPerIdle?.interval?.low ?? null),
    slope_high_ns_per_idle: float(slopeNsPerIdle?.interval?.high ?? null),
    slope_instructions_per_idle: float(slopeInstructionsPerIdle?.value ?? null),
    slope_low_instructions_per_idle: float(slopeInstructionsPerIdle?.interval?.low ?? null),
    slope_high_instructions_per_idle: float(slopeInstructionsPerIdle?.interval?.high ?? null),
    idle_max: integer(idleMax),
    blocks: integer(blocks),
    run_id: string(runId),
  };
}

/** What is a whole number by nature is an integer; a percentile from too few samples is left out. */
function metricFields(metric: Metric, row: MeasuredRow): [string, string | null][] {
  const found = row.metrics[metric.id];
  if (found === undefined || !found.enough) return [];
  const write = ['ns', 'bytes', 'count'].includes(metric.unit) ? integer : float;
  return [
    [snakeName(metric), write(found.value)],
    [snakeName(metric, '_q1'), write(found.q1 ?? null)],
    [snakeName(metric, '_q3'), write(found.q3 ?? null)],
  ];
}

function float(value: number | null): string | null {
  return value === null || !Number.isFinite(value) ? null : String(value);
}

function integer(value: number | null): string | null {
  return value === null || !Number.isFinite(value) ? null : `${BigInt(Math.round(value))}i`;
}

function string(value: string): string {
  return `"${value.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}

/**
 * A tag value cannot hold a line break: it becomes the two characters `\n`. Nor can it end in a
 * backslash, which would escape what follows.
 */
function escapeTag(value: string): string {
  return value
    .replaceAll(/\r?\n|\r/g, '\\n')
    .replaceAll(/[,= ]/g, '\\$&')
    .replace(/\\+$/, '');
}
