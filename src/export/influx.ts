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
  const { response, server } = row;
  const fields: Readonly<Record<string, string | null>> = {
    throughput_per_s: float(row.throughputPerS.median),
    throughput_q1_per_s: float(row.throughputPerS.q1),
    throughput_q3_per_s: float(row.throughputPerS.q3),
    response_p50_ns: integer(response.p50.valueNs),
    response_p99_ns: integer(response.p99.valueNs),
    response_p999_ns: integer(response.p999.valueNs),
    cpu_ns_per_request: float(server.cpuNsPerRequest),
    syscalls_per_request: float(server.syscallsPerRequest),
    context_switches_per_request: float(server.contextSwitchesPerRequest),
    rss_max_bytes: integer(server.rssMaxBytes),
    trials: integer(trials.length),
    limit: string(row.saturation.verdict),
    run_id: string(record.runId),
  };
  return Object.entries(fields)
    .flatMap(([key, value]) => (value === null ? [] : [`${key}=${value}`]))
    .join(',');
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
