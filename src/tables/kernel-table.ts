import type { Column, Row, Table } from '../document/document-schema.ts';
import { nanoseconds, perRequest } from '../document/figures.ts';
import { NONE, text } from '../document/table.ts';
import type { Metric } from '../metrics/metric.ts';
import { METRICS } from '../metrics/registry.ts';
import type { MeasuredRow, RowSummary, WorkloadSummary } from '../summary/run-summary.ts';
import { metricValue } from './metric-value.ts';

const SHOWN = METRICS.filter(({ kernelColumn }) => kernelColumn !== null);
const UNKNOWN = { value: null, enough: true };
/** Where a row that was not measured says so. */
const FIRST = SHOWN.find(({ kernelColumn }) => kernelColumn === 'calls')?.id ?? 'setup';

function metricColumns(under: Metric['kernelColumn']): readonly Column[] {
  return SHOWN.flatMap(({ id, column, kernelColumn }) =>
    kernelColumn === under && column !== null
      ? [{ key: id, header: column.header, align: 'right' as const, priority: 0 }]
      : [],
  );
}

/** What the kernel did for a request that the number of system calls does not show. */
export function kernelTable(summary: WorkloadSummary): Table {
  const measured = summary.rows.filter((row) => row.status === 'measured');
  return {
    title: `${summary.workload.id}: kernel-side work per request`,
    columns: [
      { key: 'model', header: 'model', align: 'left', priority: 0 },
      ...metricColumns('calls'),
      { key: 'setup', header: 'set-up\ncalls/conn', align: 'right', priority: 4 },
      ...metricColumns('cpu'),
      { key: 'sqp', header: 'of it\niou-sqp', align: 'right', priority: 1 },
      { key: 'workers', header: 'of it\niou-wrk', align: 'right', priority: 1 },
      { key: 'voluntary', header: 'waits\n/req', align: 'right', priority: 2 },
      { key: 'involuntary', header: 'preempt.\n/req', align: 'right', priority: 3 },
      { key: 'softirq', header: 'softirq\nshare', align: 'right', priority: 6 },
      { key: 'wakeups', header: 'wakeups\n/req', align: 'right', priority: 5 },
      { key: 'events', header: 'events\n/wakeup', align: 'right', priority: 3 },
      { key: 'overflows', header: 'CQ over-\nflows', align: 'right', priority: 7 },
    ],
    rows: summary.rows.map(rowOf),
    notes: setupNotes(measured),
  };
}

/** How to read it, once for all workloads of a run. */
export const KERNEL_LEGEND =
  'Kernel-side work: CPU is that of the whole server, iou-sqp and iou-wrk are its io_uring threads in the kernel (- where it has none). Waits are voluntary context switches, preempt. involuntary ones. Set-up calls are those made while the connections are opened, by each of them. Softirq is the share of all CPUs in use, that of the client included.';

function rowOf(row: RowSummary): Row {
  if (row.status !== 'measured') return { model: text(row.label), [FIRST]: text(row.status, 'faint') };
  const { kernel } = row;
  return {
    model: text(row.label, row.baseline ? 'strong' : 'plain'),
    ...Object.fromEntries(
      SHOWN.map((metric) => [metric.id, metricValue(metric, row.metrics[metric.id] ?? UNKNOWN, 'short')]),
    ),
    setup: perRequest(setupTotal(row)),
    sqp: nanoseconds(kernel.sqpCpuNsPerRequest),
    workers: nanoseconds(kernel.workerCpuNsPerRequest),
    voluntary: perRequest(kernel.voluntarySwitchesPerRequest),
    involuntary: perRequest(kernel.involuntarySwitchesPerRequest),
    softirq: kernel.softirqShare === null ? NONE : { kind: 'share', share: kernel.softirqShare },
    wakeups: perRequest(kernel.wakeupsPerRequest),
    events: perRequest(kernel.eventsPerWakeup),
    overflows: { kind: 'count', value: kernel.cqOverflows },
  };
}

function setupTotal({ kernel: { setupPerConnection: setup } }: MeasuredRow): number | null {
  return setup === null ? null : Object.values(setup).reduce((sum, calls) => sum + calls, 0);
}

/** By name, for the total does not say which calls they are. */
function setupNotes(rows: readonly MeasuredRow[]): string[] {
  const texts = rows.flatMap(({ label, kernel: { setupPerConnection: setup } }) => {
    const names = Object.entries(setup ?? {}).filter(([, calls]) => calls >= SETUP_MIN);
    return names.length === 0
      ? []
      : [`${label} ${names.map(([name, calls]) => `${name} ${hundredths(calls)}`).join(', ')}`];
  });
  return texts.length === 0 ? [] : [`Set-up calls per connection: ${texts.join('; ')}.`];
}

/** Fewer than this per connection belong to the server, not to a connection. */
const SETUP_MIN = 0.005;

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
