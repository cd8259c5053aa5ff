import { cpusOfRow } from '../config/workers.ts';
import type { Row, Table } from '../document/document-schema.ts';
import { NONE, text } from '../document/table.ts';
import { METRICS } from '../metrics/registry.ts';
import type { RunSettings } from '../results/schema.ts';
import type { MeasuredRow, RunSummary, WorkloadSummary } from '../summary/run-summary.ts';
import { counted } from '../util/units.ts';
import { metricValue } from './metric-value.ts';

const UNKNOWN = { value: null, enough: true };

/** A row of a model that has workers, with how many. */
interface WorkersRow {
  readonly row: MeasuredRow;
  readonly workers: number;
  /** CPUs that they share; null: not pinned. */
  readonly cpus: number | null;
  /** Whether requests come at a rate, so that more workers do not do more of them. */
  readonly isPaced: boolean;
}

/**
 * What more workers bring: a row per model, workload and count. Efficiency is the throughput per worker relative to one
 * worker of the same model. Null where every server of the run had one worker.
 */
export function workersTable({ workloads }: RunSummary, settings: RunSettings): Table | null {
  if (settings.entries.every(({ workers = 1 }) => workers === 1)) return null;
  const groups = workloads.map((summary) => ({ summary, rows: workersRows(summary, settings) }));
  const rows = groups.flatMap(({ rows: all }) => all);
  return {
    title: 'Workers',
    columns: [
      { key: 'workload', header: 'workload', align: 'left', priority: 0 },
      { key: 'model', header: 'model', align: 'left', priority: 0 },
      { key: 'workers', header: 'workers', align: 'right', priority: 0 },
      { key: 'cpus', header: 'server\nCPUs', align: 'right', priority: 3 },
      { key: 'efficiency', header: 'efficiency\nper worker', align: 'right', priority: 0 },
      ...METRICS.flatMap(({ id, workersColumn }) =>
        workersColumn === null ? [] : [{ key: id, ...workersColumn, align: 'right' as const }],
      ),
    ],
    rows: groups.flatMap(({ summary, rows: all }) =>
      all.map((row, place) => tableRow(row, all, place === 0 ? summary.workload.id : '')),
    ),
    notes: notesOf(rows),
  };
}

function workersRows(
  { rows, workload }: WorkloadSummary,
  { entries, serverCpus }: RunSettings,
): WorkersRow[] {
  return entries.flatMap((entry) => {
    const row = rows.find(({ label }) => label === entry.label);
    if (entry.workers === undefined || row?.status !== 'measured') return [];
    return [
      {
        row,
        workers: entry.workers,
        cpus: cpusOfRow(serverCpus, entry)?.length ?? null,
        isPaced: workload.mode === 'open',
      },
    ];
  });
}

function tableRow(one: WorkersRow, all: readonly WorkersRow[], workload: string): Row {
  const { row, workers, cpus } = one;
  const efficiency = efficiencyOf(one, all);
  return {
    workload: text(workload),
    model: text(row.label, 'strong'),
    workers: { kind: 'count', value: workers },
    cpus: cpus === null ? NONE : { kind: 'count', value: cpus },
    efficiency: efficiency === null ? NONE : { kind: 'share', share: efficiency },
    ...Object.fromEntries(
      METRICS.map((metric) => [metric.id, metricValue(metric, row.metrics[metric.id] ?? UNKNOWN, 'short')]),
    ),
  };
}

/**
 * Throughput per worker over that of one worker; null where there is no such row, not a CPU for each worker, or where
 * the rate is given.
 */
function efficiencyOf(
  { row, workers, cpus, isPaced }: WorkersRow,
  all: readonly WorkersRow[],
): number | null {
  const one = all.find((other) => other.row.model === row.model && other.workers === 1);
  const perWorker = one?.row.throughputPerS.value ?? 0;
  if (isPaced || isShort({ workers, cpus }) || perWorker === 0) return null;
  return row.throughputPerS.value / workers / perWorker;
}

function isShort({ workers, cpus }: Pick<WorkersRow, 'workers' | 'cpus'>): boolean {
  return cpus === null ? workers > 1 : workers > cpus;
}

function notesOf(rows: readonly WorkersRow[]): string[] {
  const short = rows.filter(isShort);
  const limited = rows.filter(
    ({ row }) => row.saturation.verdict === 'client' || row.saturation.verdict === 'both',
  );
  const labels = (some: readonly WorkersRow[]) => [...new Set(some.map(({ row }) => row.label))].join(', ');
  return [
    ...(short.length === 0
      ? []
      : [`Scaling is not measured here: ${labels(short)} had fewer CPUs than workers (${cpusText(short)}).`]),
    ...(limited.length === 0
      ? []
      : [
          `The client was at its limit with ${labels(limited)}: the servers may do more than the throughput shows.`,
        ]),
    'Efficiency: throughput per worker, over that of one worker of the same model. Wakeups per connection: returns from the wait call for each that was accepted. A worker that is woken in vain goes back to sleep in the kernel, which shows in context switches instead.',
  ];
}

function cpusText(rows: readonly WorkersRow[]): string {
  const texts = rows.map(({ workers, cpus }) =>
    cpus === null ? `${workers} not pinned` : `${workers} on ${counted(cpus, 'CPU')}`,
  );
  return [...new Set(texts)].join(', ');
}
