import { type Column, NONE, type Row, type Table, text, type Value } from '../document/table.ts';
import type { Percentile } from '../summary/latency.ts';
import type { MeasuredRow, RankedBy, RowSummary, WorkloadSummary } from '../summary/run-summary.ts';
import type { Workload } from '../workloads/schema.ts';
import { workloadNotes } from './workload-notes.ts';

const LOOPS = {
  closed: 'closed loop',
  open: 'open loop',
  churn: 'closed loop, a connection per request',
} as const satisfies Record<Workload['mode'], string>;

const METRICS = {
  throughput: 'throughput',
  cpu: 'requests per CPU time',
} as const satisfies Record<RankedBy, string>;

/** The models under one workload, best first: the table of `run` and `show`. */
export function workloadTable(summary: WorkloadSummary): Table {
  return {
    title: `${summary.workload.id}: ${summary.workload.title} (${LOOPS[summary.workload.mode]})`,
    columns: columnsOf(summary),
    rows: summary.rows.map((row) =>
      row.status === 'measured' ? measuredRow(row, rankedByOf(summary) === null) : otherRow(row),
    ),
    notes: workloadNotes(summary),
  };
}

/** What the ratios of a table are of; null when its rows differ in that. */
export function rankedByOf(summary: WorkloadSummary): RankedBy | null {
  const kinds = new Set(
    summary.rows.flatMap((row) =>
      row.status === 'measured' && row.comparison ? [row.comparison.rankedBy] : [],
    ),
  );
  return kinds.size > 1 ? null : ([...kinds][0] ?? 'throughput');
}

function columnsOf(summary: WorkloadSummary): readonly Column[] {
  const metric = METRICS[rankedByOf(summary) ?? 'throughput'];
  return [
    { key: 'rank', header: '#', align: 'right', priority: 0 },
    { key: 'model', header: 'model', align: 'left', priority: 0 },
    { key: 'throughput', header: 'req/s', align: 'right', priority: 0 },
    { key: 'p50', header: 'p50', align: 'right', priority: 4 },
    { key: 'p99', header: 'p99', align: 'right', priority: 1 },
    { key: 'p999', header: 'p99.9', align: 'right', priority: 3 },
    { key: 'cpu', header: 'CPU ns\n/req', align: 'right', priority: 0 },
    { key: 'syscalls', header: 'sysc.\n/req', align: 'right', priority: 1 },
    { key: 'switches', header: 'ctxsw\n/req', align: 'right', priority: 5 },
    { key: 'threads', header: 'thr.', align: 'right', priority: 7 },
    { key: 'rss', header: 'peak\nRSS', align: 'right', priority: 6 },
    { key: 'limit', header: 'limit', align: 'left', priority: 2 },
    { key: 'ratio', header: `${metric},\ntimes ${summary.baseline}`, align: 'left', priority: 0 },
  ];
}

/** @param mixed the table has rows ranked by throughput and others ranked by CPU. */
function measuredRow(row: MeasuredRow, mixed: boolean): Row {
  const { server } = row;
  const apart = mixed && row.comparison?.rankedBy === 'cpu';
  return {
    rank: row.rank === null ? text('-', 'faint') : text(`${apart ? 'c' : ''}${row.rank}`),
    model: nameOf(row, row.trials.contaminated > 0),
    throughput: { kind: 'rate', perS: row.throughputPerS.median },
    p50: percentile(row.response.p50),
    p99: percentile(row.response.p99),
    p999: percentile(row.response.p999),
    cpu: server.cpuNsPerRequest === null ? NONE : { kind: 'nanoseconds', ns: server.cpuNsPerRequest },
    syscalls: perRequest(server.syscallsPerRequest),
    switches: perRequest(server.contextSwitchesPerRequest),
    threads: server.threads === null ? NONE : { kind: 'count', value: server.threads },
    rss: server.rssMaxBytes === null ? NONE : { kind: 'bytes', bytes: server.rssMaxBytes },
    limit: text(row.saturation.verdict),
    ratio: ratio(row, apart),
  };
}

function otherRow(row: Exclude<RowSummary, MeasuredRow>): Row {
  const why = { failed: 'failed', 'not-run': 'not run', skipped: 'skipped' }[row.status];
  return { rank: text('-', 'faint'), model: nameOf(row, false), ratio: text(why, 'faint') };
}

function nameOf(row: RowSummary, contaminated: boolean): Value {
  return text(contaminated ? `${row.label}!` : row.label, row.baseline ? 'strong' : 'plain');
}

function percentile({ valueNs, enough }: Percentile): Value {
  return valueNs === null ? NONE : { kind: 'duration', ns: valueNs, enough };
}

function perRequest(value: number | null): Value {
  return value === null ? NONE : { kind: 'per-request', value };
}

function ratio({ comparison }: MeasuredRow, apart: boolean): Value {
  if (comparison === null) return text('baseline', 'faint');
  const { ratio: value, interval, verdict } = comparison;
  return value === null ? NONE : { kind: 'ratio', ratio: value, interval, verdict, apart };
}
