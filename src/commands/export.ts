import { Argument, type Command } from 'commander';
import { select } from '../config/selection.ts';
import { type Exporter, type ExportInput, filesOf } from '../export/exporter.ts';
import { EXPORTERS } from '../export/index.ts';
import { exportInputOf, type Part } from '../export/input.ts';
import { endedAtMs } from '../export/origin.ts';
import { METRICS } from '../metrics/registry.ts';
import { openRun } from '../results/open-run.ts';
import type { RunResult } from '../results/schema.ts';
import { UsageError } from '../util/errors.ts';
import { askedRun, TOLD_KINDS } from './asked-run.ts';
import { noteLacks, parseFormats, writeExports } from './export-files.ts';
import { locateExports } from './export-targets.ts';
import { listOption, resultsOption } from './options.ts';
import { write } from './output.ts';

interface Filters {
  readonly models?: string;
  readonly workloads?: string;
  readonly metrics?: string;
}

interface ExportOptions extends Filters {
  readonly results: string;
  readonly format: string;
  readonly output?: string;
  readonly history?: boolean;
}

const idsOf = (exporters: readonly Exporter[]) => exporters.map(({ id }) => id).join(', ');
const HISTORIES = EXPORTERS.filter(({ history }) => history !== undefined);
const PICKERS = EXPORTERS.filter(({ picksMetrics }) => picksMetrics);

const EXAMPLES = `
Formats:
${EXPORTERS.map(({ id, title, files }) => `  ${id.padEnd(12)}${title} (${files.join(', ')})`).join('\n')}

Several runs make a history: ${idsOf(HISTORIES)}.
--metrics is for ${idsOf(PICKERS)}.

Examples:
  iomodels-bench export --format csv > trials.csv
  iomodels-bench export --format prometheus --output /var/lib/prometheus/node-exporter/iomodels-bench.prom
  iomodels-bench export 20260102-030405-1a2b --format github,junit --output exports
  iomodels-bench export results/2026* --format openmetrics --output history.txt
  iomodels-bench export --format cells --models 'epoll-*,io_uring' --metrics 'response*'`;

/** `export [runs...]`: stored runs in the formats that dashboards and CI read. */
export function registerExport(command: Command): void {
  command
    .addArgument(
      new Argument(
        '[runs...]',
        'run ids, run folders, files of run.json or of the json export, or baseline:<name>; default: the newest complete one under --results',
      ),
    )
    .addOption(listOption('--format <list>', 'formats, separated by commas; see below').makeOptionMandatory())
    .option('--output <path>', 'a file, or - for stdout; of several files the folder (default: stdout)')
    .addOption(listOption('--models <list>', 'only these rows: labels or globs'))
    .addOption(listOption('--workloads <list>', 'only these workloads: ids or globs'))
    .addOption(listOption('--metrics <list>', 'only these metrics: ids or globs'))
    .option('--history', 'with the time at which the run ended, as several runs have it in any case')
    .addOption(resultsOption())
    .addHelpText('after', EXAMPLES)
    .action(exportRuns);
}

async function exportRuns(names: readonly string[], options: ExportOptions): Promise<void> {
  const exporters = parseFormats(options.format);
  const history = options.history === true || names.length > 1;
  requireFitting(exporters, { ...options, history });
  const results = await readRuns(names, options.results);
  if (history) requireTimes(results);
  const part = partOf(results, options);
  const inputs = results.map((result) => exportInputOf(result, { part }));
  if (options.output === undefined) return write(stdoutText(exporters, inputs, history));
  const targets = await locateExports(exporters, options.output);
  await writeExports(inputs, targets, { history });
  for (const path of targets.flatMap(({ paths }) => paths)) process.stderr.write(`exported to ${path}\n`);
}

/** Refuses what a format cannot be asked for, before a run is read. */
function requireFitting(
  exporters: readonly Exporter[],
  { output, history, metrics }: ExportOptions & { readonly history: boolean },
): void {
  const files = exporters.flatMap((exporter) => exporter.files);
  if (output === undefined && files.length > 1)
    throw new UsageError(
      `these are ${files.length} files (${files.join(', ')}): name a folder with --output`,
    );
  const single = exporters.filter((exporter) => history && !HISTORIES.includes(exporter));
  const fixed = exporters.filter((exporter) => metrics !== undefined && !PICKERS.includes(exporter));
  const problems = [
    ...(single.length > 0 ? [`no history in ${idsOf(single)}; there is one in ${idsOf(HISTORIES)}`] : []),
    ...(fixed.length > 0 ? [`no --metrics for ${idsOf(fixed)}; it is for ${idsOf(PICKERS)}`] : []),
  ];
  if (problems.length > 0) throw new UsageError(problems);
}

/** The oldest first. */
async function readRuns(names: readonly string[], outDir: string): Promise<readonly RunResult[]> {
  const newest = { kinds: TOLD_KINDS, silent: true };
  const asked = names.length === 0 ? [await askedRun(undefined, outDir, newest)] : names;
  const results = await Promise.all(asked.map((name) => openRun(name, outDir)));
  const ids = results.map(({ record }) => record.runId);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) throw new UsageError(`run ${twice} is named twice`);
  for (const { problems, record } of results)
    for (const problem of problems)
      process.stderr.write(`warning: ${results.length > 1 ? `${record.runId}: ` : ''}${problem}\n`);
  return results.toSorted((a, b) => (endedAtMs(a.record) ?? 0) - (endedAtMs(b.record) ?? 0));
}

function requireTimes(results: readonly RunResult[]): void {
  const timeless = results.filter(({ record }) => endedAtMs(record) === null);
  if (timeless.length > 0)
    throw new UsageError(
      timeless.map(
        ({ record }) => `run ${record.runId} has no time that can be read, and a history is of times`,
      ),
    );
}

/** What the lists select of all that the runs hold. Throws `UsageError` with the problems of all lists. */
function partOf(results: readonly RunResult[], { models, workloads, metrics }: Filters): Part {
  const problems: string[] = [];
  const pick = (list: string | undefined, known: readonly string[], what: string) => {
    if (list === undefined) return undefined;
    const selection = select(list, [...new Set(known)], what);
    problems.push(...selection.problems);
    return selection.names;
  };
  const records = results.map(({ record }) => record);
  const labels = records.flatMap(({ cells }) => cells.map(({ label }) => label));
  const ids = records.flatMap(({ settings }) => settings.workloads.map(({ id }) => id));
  const rows = pick(models, labels, 'model');
  const loads = pick(workloads, ids, 'workload');
  const picked = pick(
    metrics,
    METRICS.map(({ id }) => id),
    'metric',
  );
  if (problems.length > 0) throw new UsageError(problems);
  return {
    ...(rows === undefined ? {} : { models: rows }),
    ...(loads === undefined ? {} : { workloads: loads }),
    ...(picked === undefined ? {} : { metrics: METRICS.filter(({ id }) => picked.includes(id)) }),
  };
}

/** Several files on one stdout could not be told apart. */
function stdoutText(
  exporters: readonly Exporter[],
  inputs: readonly ExportInput[],
  history: boolean,
): string {
  for (const exporter of exporters) noteLacks(exporter, inputs);
  const files = exporters.flatMap((exporter) => filesOf(exporter, inputs, { history }));
  if (files.length > 1)
    throw new UsageError(
      `these are ${files.length} files: name a folder with --output, or one cell with --models and --workloads`,
    );
  return files.map(({ text }) => text).join('');
}
