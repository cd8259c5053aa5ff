import type { Column, Row, Table } from '../document/document-schema.ts';
import { NONE, text } from '../document/table.ts';
import type { Value } from '../document/value-schema.ts';
import { columnOf, METRICS } from '../metrics/registry.ts';
import type { MeasuredRow, RankedBy, RowSummary, WorkloadSummary } from '../summary/run-summary.ts';
import { type Domain, domainOf, type Workload } from '../workloads/schema.ts';
import { metricValue } from './metric-value.ts';
import { workloadNotes } from './workload-notes.ts';

const LOOPS = {
  closed: 'closed loop',
  open: 'open loop',
  churn: 'closed loop, a connection per request',
  job: 'file I/O',
} as const satisfies Record<Workload['mode'], string>;

const RANKED = {
  throughput: 'throughput',
  cpu: 'requests per CPU time',
  path: 'requests per instruction',
} as const satisfies Record<RankedBy, string>;

/** Metrics that have a column. */
const SHOWN = {
  socket: shownOf('socket'),
  file: shownOf('file'),
} as const satisfies Record<Domain, unknown>;

const NOTHING = { value: null, enough: true };

/** The models under one workload, best first: the table of `run` and `show`. */
export function workloadTable(summary: WorkloadSummary): Table {
  return {
    title: `${summary.workload.id}: ${summary.workload.title} (${LOOPS[summary.workload.mode]})`,
    columns: columnsOf(summary),
    rows: summary.rows.map((row) => (row.status === 'measured' ? measuredRow(row, summary) : otherRow(row))),
    notes: workloadNotes(summary),
  };
}

function shownOf(domain: Domain) {
  return METRICS.flatMap((metric) => {
    const column = columnOf(metric, domain);
    return column === null ? [] : [{ ...metric, column }];
  });
}

/** What the ratios of a table are of; null when its rows differ in that. */
function rankedByOf(summary: WorkloadSummary): RankedBy | null {
  const kinds = new Set(
    summary.rows.flatMap((row) =>
      row.status === 'measured' && row.comparison ? [row.comparison.rankedBy] : [],
    ),
  );
  return kinds.size > 1 ? null : ([...kinds][0] ?? (isTimed(summary) ? 'throughput' : 'path'));
}

function columnsOf(summary: WorkloadSummary): readonly Column[] {
  const ranked = rankedByOf(summary) ?? 'throughput';
  const isOfFiles = domainOf(summary.workload) === 'file';
  const metric = isOfFiles && ranked === 'cpu' ? 'operations per CPU time' : RANKED[ranked];
  return [
    { key: 'rank', header: '#', align: 'right', priority: 0 },
    { key: 'model', header: 'model', align: 'left', priority: 0 },
    ...shownIn(summary).map(({ id, column }) => ({ key: id, align: 'right' as const, ...column })),
    // Whose limit it was decides whether the other numbers are the server's: it goes last.
    ...(isTimed(summary) ? [{ key: 'limit', header: 'limit', align: 'left', priority: 1 } as const] : []),
    { key: 'ratio', header: `${metric},\ntimes ${summary.baseline}`, align: 'left', priority: 0 },
  ];
}

/** Without the columns of what this machine could not measure: a note says why. */
function shownIn(summary: WorkloadSummary): ReturnType<typeof shownOf> {
  const measured = summary.rows.filter((row) => row.status === 'measured');
  const timed = isTimed(summary);
  return SHOWN[domainOf(summary.workload)].filter(
    ({ id, optional }) =>
      (!optional && timed) || measured.some(({ metrics }) => (metrics[id] ?? NOTHING).value !== null),
  );
}

/** Whether times are times: not in a guest whose clock counts instructions. */
function isTimed({ rows }: WorkloadSummary): boolean {
  return rows.every((row) => row.status !== 'measured' || row.timed);
}

function measuredRow(row: MeasuredRow, summary: WorkloadSummary): Row {
  // The table has rows ranked by throughput and others ranked by CPU.
  const mixed = rankedByOf(summary) === null;
  const apart = mixed && row.comparison?.rankedBy === 'cpu';
  return {
    rank: row.rank === null ? text('-', 'faint') : text(`${apart ? 'c' : ''}${row.rank}`),
    model: nameOf(row, row.trials.used === 'all' && row.trials.clean < row.trials.measured),
    ...Object.fromEntries(
      shownIn(summary).map((metric) => [
        metric.id,
        metricValue(metric, row.metrics[metric.id] ?? NOTHING, 'short'),
      ]),
    ),
    limit: text(row.saturation.verdict),
    ratio: ratio(row, apart),
  };
}

function otherRow(row: Exclude<RowSummary, MeasuredRow>): Row {
  const why = { failed: 'failed', 'not-run': 'not run', skipped: 'skipped' }[row.status];
  return { rank: text('-', 'faint'), model: nameOf(row, false), ratio: text(why, 'faint') };
}

function nameOf(row: RowSummary, disturbed: boolean): Value {
  return text(disturbed ? `${row.label}!` : row.label, row.baseline ? 'strong' : 'plain');
}

function ratio({ comparison }: MeasuredRow, apart: boolean): Value {
  if (comparison === null) return text('reference', 'faint');
  const { ratio: value, interval, verdict } = comparison;
  return value === null ? NONE : { kind: 'ratio', ratio: value, interval, verdict, apart };
}
