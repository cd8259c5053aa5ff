import type { Command } from 'commander';
import { COMPARE_DEFAULTS } from '../compare/compare-runs.ts';
import { keptFor } from '../compare/compared-run.ts';
import { historyOf } from '../compare/history.ts';
import { COMPARED_METRICS, METRIC_IDS } from '../compare/judged-metrics.ts';
import { matcherOf, unknown } from '../config/selection.ts';
import { parseSince } from '../config/since.ts';
import type { Metric } from '../metrics/metric.ts';
import { historyReport } from '../reports/history.ts';
import { withSchema } from '../reports/json.ts';
import { historyParts, pageOf } from '../reports/page.ts';
import { HISTORY_MAX, readHistory } from '../results/history.ts';
import type { RunKind, RunRecord } from '../results/schema.ts';
import { HISTORY_SCHEMA_VERSION } from '../results/schema-id.ts';
import { UsageError } from '../util/errors.ts';
import { readAskedRun, runArgument } from './asked-run.ts';
import { listOption, resultsOption } from './options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from './output.ts';
import { locatePage, type ReportOptions, reportOption, typedCommand, writePage } from './report-file.ts';

/** What the spread between runs is learned from. */
const KINDS: readonly RunKind[] = ['run'];

/** What is told where no metric is named: the first one of the gate, CPU per request. */
const DEFAULT_METRIC = COMPARED_METRICS.find(({ gate, optional }) => gate && !optional)?.id ?? '';

interface HistoryOptions extends PrintOptions, ReportOptions {
  readonly kernel?: string;
  readonly since?: string;
  readonly metric?: string;
}

const EXAMPLES = `
Metrics: ${METRIC_IDS.join(', ')}.

Examples:
  iomodels-bench history
  iomodels-bench history --kernel '6.8.*' --since 7d
  iomodels-bench history --json | jq -r '.history.cells[] | [.label, .workload, .spread.share] | @tsv'

Runs of the host and with the settings of [run], under --results and in its baselines, the newest ${HISTORY_MAX} of those
that are meant. It is what compare learns from how far equal runs lie apart.`;

/** `history [run]`: the stored runs that the spread between runs comes from. */
export function registerHistory(command: Command): void {
  command
    .addArgument(runArgument(KINDS))
    .addOption(listOption('--kernel <list>', "releases or globs of them, such as '6.8.*' (default: all)"))
    .option('--since <time>', 'a date such as 2026-01-31 (UTC), or back from now: 12h, 7d, 2w (default: all)')
    .option('--metric <id>', `which metric (default: ${DEFAULT_METRIC})`)
    .addOption(resultsOption())
    .addOption(reportOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout')
    .addHelpText('after', EXAMPLES)
    .action((name: string | undefined, options: HistoryOptions) => history(name, options));
}

async function history(name: string | undefined, options: HistoryOptions): Promise<void> {
  const metric = metricOf(options.metric ?? DEFAULT_METRIC);
  const where = filterOf(options);
  if (options.report !== undefined) await locatePage(options.report);
  const { record: like } = await readAskedRun(name, options.results, { kinds: KINDS });
  const { runs, problems } = await readHistory(options.results, like, {
    where,
    ...keptFor([metric.id]),
  });
  const found = historyOf(runs, { metric, like, compare: COMPARE_DEFAULTS });
  const document = historyReport(found, { metric, like, problems });
  if (options.report !== undefined) {
    const history = historyParts(found, metric);
    const page = pageOf(document, { charts: [], history, environment: like, commands: [typedCommand()] });
    await writePage(page, options.report);
  }
  if (options.json) {
    const json = { schemaVersion: HISTORY_SCHEMA_VERSION, like: like.runId, history: found, problems };
    return write(`${JSON.stringify(withSchema('history', json), null, 1)}\n`);
  }
  await writeDocument(document, options);
}

function metricOf(id: string): Metric {
  const metric = COMPARED_METRICS.find((one) => one.id === id);
  if (metric === undefined) throw new UsageError(`--metric: ${unknown(id, METRIC_IDS, 'metric')}`);
  return metric;
}

function filterOf({ kernel, since }: HistoryOptions): (record: RunRecord) => boolean {
  if (kernel?.trim() === '') throw new UsageError('--kernel names nothing');
  const isKernel = kernel === undefined ? () => true : matcherOf(kernel);
  const sinceMs = since === undefined ? Number.NEGATIVE_INFINITY : parseSince(since, Date.now());
  return ({ environment, startedAt }) => isKernel(environment.kernel) && Date.parse(startedAt) >= sinceMs;
}
