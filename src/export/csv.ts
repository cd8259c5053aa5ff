import { METRICS, snakeName } from '../metrics/registry.ts';
import type { Observation, RunRecord, TrialResult } from '../results/schema.ts';
import type { Exporter } from './exporter.ts';

type Field = string | number | null;

/** The columns of every trial. */
const TRIAL_COLUMNS: readonly (readonly [string, (trial: TrialResult, record: RunRecord) => Field])[] = [
  ['run_id', (_, record) => record.runId],
  ['kernel', (_, record) => record.environment.kernel],
  ['block', (trial) => trial.block],
  ['trial', (trial) => trial.index],
  ['label', (trial) => trial.label],
  ['model', (trial) => trial.model],
  ['workload', (trial) => trial.workload],
  ['counter', (trial) => trial.counter],
  ['status', (trial) => trial.status],
  ['started_at', (trial) => trial.startedAt],
  ['wall_ms', (trial) => trial.wallMs],
];

/** The columns that are empty where nothing was measured. */
const OBSERVATION_COLUMNS: readonly (readonly [string, (observation: Observation) => Field])[] = [
  ['window_ns', (o) => o.windowNs],
  ['requests_completed', (o) => o.requests.completed],
  ['requests_errors', (o) => o.requests.errors + o.requests.connectionErrors],
  ['response_max_ns', (o) => (o.response.count > 0 ? o.response.maxNs : null)],
  ...METRICS.map((metric) => [snakeName(metric), (o: Observation) => metric.ofTrial(o)] as const),
  ['server_utilisation_share', (o) => o.server.utilisation],
  ['client_utilisation_share', (o) => o.client.utilisation],
  ['saturation', (o) => o.saturation],
  ['contaminated_by', (o) => o.contamination.marks.join('; ')],
];

/** One row per trial, a header, the unit last in the names of columns. Quoted as RFC 4180 has it. */
export const csvExporter: Exporter = {
  id: 'csv',
  title: 'a row per trial, for a spreadsheet or a data frame',
  files: ['trials.csv'],
  write: ({ result }) => {
    const header = [...TRIAL_COLUMNS, ...OBSERVATION_COLUMNS].map(([name]) => name);
    const rows = result.trials.map((trial) => [
      ...TRIAL_COLUMNS.map(([, read]) => read(trial, result.record)),
      ...OBSERVATION_COLUMNS.map(([, read]) => (trial.status === 'failed' ? null : read(trial.observation))),
      trial.status === 'failed' ? `${trial.stage}: ${trial.message}` : null,
    ]);
    return [[[...header, 'failure'], ...rows].map((row) => `${row.map(quote).join(',')}\n`).join('')];
  },
};

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
