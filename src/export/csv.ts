import type { Metric } from '../metrics/metric.ts';
import { snakeName } from '../metrics/registry.ts';
import type { Observation, RunRecord, TrialResult } from '../results/schema.ts';
import type { Exporter, ExportInput } from './exporter.ts';
import { originOf, SNAKE_PARAMETERS, snakeParameters } from './origin.ts';

type Field = string | number | null;

/** A trial, and the run that it is of. */
interface Row {
  readonly trial: TrialResult;
  readonly record: RunRecord;
}

interface Column {
  readonly name: string;
  readonly read: (row: Row) => Field;
}

/** One row per trial, a header, the unit last in the names of columns. Quoted as RFC 4180 has it. */
export const csvExporter: Exporter = {
  id: 'csv',
  title: 'a row per trial, for a spreadsheet or a data frame',
  files: ['trials.csv'],
  picksMetrics: true,
  write: (input) => [textOf([input])],
  history: (inputs) => [textOf(inputs)],
};

/** The rows of all runs below one header. */
function textOf(inputs: readonly ExportInput[]): string {
  const columns = columnsOf(inputs[0]?.metrics ?? []);
  const rows = inputs.flatMap(({ result: { record, trials } }) => trials.map((trial) => ({ trial, record })));
  const lines = [columns.map(({ name }) => name), ...rows.map((row) => columns.map(({ read }) => read(row)))];
  return lines.map((line) => `${line.map(quote).join(',')}\n`).join('');
}

function columnsOf(metrics: readonly Metric[]): readonly Column[] {
  return [
    ...TRIAL_COLUMNS,
    ...MEASURED_COLUMNS,
    ...metrics.map((metric) => measured(snakeName(metric), (o) => metric.ofTrial(o), metric.takenFrom)),
    ...JUDGED_COLUMNS,
    column('failure', ({ trial }) => (trial.status === 'failed' ? `${trial.stage}: ${trial.message}` : null)),
  ];
}

function column(name: string, read: Column['read']): Column {
  return { name, read };
}

/**
 * Empty where nothing was measured, in trials that it is not taken from, and where a percentile has too few samples:
 * `ofTrial` says null.
 */
function measured(
  name: string,
  read: (observation: Observation) => Field,
  takenFrom: Metric['takenFrom'] = 'own',
): Column {
  return column(name, ({ trial }) =>
    trial.status === 'failed' || (trial.status === 'counted') !== (takenFrom === 'cpu')
      ? null
      : read(trial.observation),
  );
}

const TRIAL_COLUMNS: readonly Column[] = [
  column('run_id', ({ record }) => record.runId),
  column('finished_at', ({ record }) => record.finishedAt),
  column('host', ({ record }) => originOf(record).host),
  column('kernel', ({ record }) => originOf(record).kernel),
  column('arch', ({ record }) => originOf(record).arch),
  column('cpu', ({ record }) => originOf(record).cpu),
  column('tool_version', ({ record }) => originOf(record).version),
  column('clock', ({ record }) => originOf(record).clock),
  column('guest', ({ record }) => originOf(record).guest),
  column('block', ({ trial }) => trial.block),
  column('trial', ({ trial }) => trial.index),
  column('label', ({ trial }) => trial.label),
  column('model', ({ trial }) => trial.model),
  column('workload', ({ trial }) => trial.workload),
  ...SNAKE_PARAMETERS.map((name) =>
    column(name, ({ trial, record }) => {
      const workload = record.settings.workloads.find(({ id }) => id === trial.workload);
      return workload === undefined ? null : snakeParameters(workload)[name];
    }),
  ),
  column('counter', ({ trial }) => trial.counter),
  column('status', ({ trial }) => trial.status),
  column('started_at', ({ trial }) => trial.startedAt),
  column('wall_ms', ({ trial }) => trial.wallMs),
];

const MEASURED_COLUMNS: readonly Column[] = [
  measured('window_ns', (o) => o.windowNs),
  measured('requests_completed', (o) => o.requests.completed),
  measured('requests_errors', (o) => o.requests.errors + o.requests.connectionErrors),
  measured('response_max_ns', (o) =>
    o.response.count > 0 && o.pathLength === null ? o.response.maxNs : null,
  ),
];

const JUDGED_COLUMNS: readonly Column[] = [
  measured('server_utilisation_share', (o) => o.server.utilisation),
  measured('client_utilisation_share', (o) => o.client.utilisation),
  measured('saturation', (o) => o.saturation),
  measured('contaminated_by', (o) => o.contamination.marks.join('; ')),
];

/** Null and what is not a number are empty fields. */
function quote(field: Field): string {
  if (field === null || (typeof field === 'number' && !Number.isFinite(field))) return '';
  const text = typeof field === 'number' ? String(field) : asText(field);
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * A text that a spreadsheet would take for a formula gets an apostrophe before it, which makes it a text
 * there, in full width as well; numbers, also negative ones, stay numbers. Source: OWASP, "CSV Injection".
 */
function asText(text: string): string {
  return /^\s*[=+\-@＝＋－＠\t\r]/.test(text) ? `'${text}` : text;
}
