import type { Metric } from '../metrics/metric.ts';
import { METRICS, snakeName } from '../metrics/registry.ts';
import type { RunRecord } from '../results/schema.ts';
import type { MeasuredRow } from '../summary/run-summary.ts';
import { NS_PER_MS } from '../util/units.ts';
import { type ExportCell, measuredCells } from './cells.ts';
import type { Exporter } from './exporter.ts';

const MEASUREMENT = 'iomodels_bench';

/**
 * InfluxDB line protocol: one point per cell, at the time the run ended. Source: "Line protocol" in
 * the reference of InfluxDB v2.
 */
export const influxExporter: Exporter = {
  id: 'influx',
  title: 'InfluxDB line protocol',
  files: ['influx.lp'],
  write: (input) => {
    const { record } = input.result;
    return [
      measuredCells(input)
        .map((cell) => `${MEASUREMENT},${tagsOf(cell, record)} ${fieldsOf(cell, record)}${timeOf(record)}\n`)
        .join(''),
    ];
  },
};

function tagsOf({ label, workload }: ExportCell, { environment }: RunRecord): string {
  // Sorted by key, as the database wants them.
  const tags = {
    arch: environment.arch,
    kernel: environment.kernel,
    model: label,
    workload,
  };
  return Object.entries(tags)
    .map(([key, value]) => [key, escapeTag(value)])
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

function fieldsOf({ row, trials }: ExportCell<MeasuredRow>, record: RunRecord): string {
  const fields: Readonly<Record<string, string | null>> = {
    ...Object.fromEntries(METRICS.flatMap((metric) => metricFields(metric, row))),
    trials: integer(trials.length),
    limit: string(row.saturation.verdict),
    run_id: string(record.runId),
  };
  return Object.entries(fields)
    .flatMap(([key, value]) => (value === null ? [] : [`${key}=${value}`]))
    .join(',');
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

/** Unix time in ns, as a text: a number has no room for all its digits. Without one, it is that of arrival. */
function timeOf({ finishedAt, startedAt }: RunRecord): string {
  const ms = Date.parse(finishedAt ?? startedAt);
  return Number.isNaN(ms) ? '' : ` ${BigInt(ms) * BigInt(NS_PER_MS)}`;
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
