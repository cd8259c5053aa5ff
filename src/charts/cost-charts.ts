import type { HeatChart, LinesChart } from '../document/chart-schema.ts';
import type { WorkloadSummary } from '../summary/run-summary.ts';
import { measuredRows } from './charted-run.ts';

/** A call that is made less often than this per request is set-up, and told in the table of kernel-side work. */
const CALLS_MIN = 0.0005;

/** What a request costs against the calls that it takes. Null where no row has both. */
export function costAgainstCallsChart(summary: WorkloadSummary): LinesChart | null {
  const points = measuredRows(summary).flatMap(({ label, timed, server }) => {
    const { cpuNsPerRequest, syscallsPerRequest } = server;
    if (!timed || cpuNsPerRequest === null || syscallsPerRequest === null || cpuNsPerRequest <= 0) return [];
    return [{ x: syscallsPerRequest, y: cpuNsPerRequest, name: label }];
  });
  if (points.length === 0) return null;
  return {
    kind: 'lines',
    title: `${summary.workload.id}: server CPU per request against its system calls`,
    says: 'Lower is cheaper; further left makes fewer calls. What lies high on the left pays in the kernel without calling it.',
    x: { label: 'system calls per request', scale: 'linear', unit: 'per-request' },
    y: { label: 'server CPU per request', scale: 'linear', unit: 'ns' },
    shape: 'points',
    series: [{ label: summary.workload.id, points: points.toSorted((a, b) => a.x - b.x) }],
  };
}

/** Which calls those are. Null where no row counts any. */
export function callsChart(summary: WorkloadSummary): HeatChart | null {
  const rows = measuredRows(summary).map(({ label, server }) => ({
    label,
    calls: Object.entries(server.syscallsPerRequestByName).filter(([, calls]) => calls >= CALLS_MIN),
  }));
  const total = new Map<string, number>();
  for (const [name, calls] of rows.flatMap((row) => row.calls))
    total.set(name, (total.get(name) ?? 0) + calls);
  const names = [...total].sort(([, a], [, b]) => b - a).map(([name]) => name);
  if (names.length === 0) return null;
  return {
    kind: 'heat',
    title: `${summary.workload.id}: system calls of the server per request, by name`,
    says: 'An empty cell makes no such call.',
    columns: { label: 'call', names },
    rows: { label: 'row', names: rows.map(({ label }) => label) },
    value: { label: 'calls per request', scale: 'linear', unit: 'per-request' },
    middle: null,
    shown: true,
    markName: '',
    cells: rows.flatMap(({ calls }, row) =>
      calls.map(([name, value]) => ({ row, column: names.indexOf(name), value, marked: false, note: '' })),
    ),
  };
}
