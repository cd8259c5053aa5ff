import { randomInt } from 'node:crypto';
import { type Command, Option } from 'commander';
import { cellCharts, overallChart } from '../charts/compare-charts.ts';
import { resolveCompareOptions } from '../compare/compare-config.ts';
import { type CompareOptions, compareRuns } from '../compare/compare-runs.ts';
import { type ComparedRun, keptFor } from '../compare/compared-run.ts';
import { confirmComparison, suspiciousCells } from '../compare/confirm.ts';
import { JUDGED_IDS, METRIC_IDS } from '../compare/judged-metrics.ts';
import type { Comparison } from '../compare/result.ts';
import { BY, type By, rowOf, sidesBy } from '../compare/sides.ts';
import { commandText } from '../config/variants.ts';
import type { Chart } from '../document/chart-schema.ts';
import type { Exporter } from '../export/exporter.ts';
import { EXPORTERS } from '../export/index.ts';
import { readEnvironment } from '../observe/environment.ts';
import { compareReport } from '../reports/compare.ts';
import { withSchema } from '../reports/json.ts';
import { noiseQuote } from '../reports/noise.ts';
import { joinedPages, pageOf } from '../reports/page.ts';
import { readHistory } from '../results/history.ts';
import { findNoise } from '../results/noise.ts';
import { type OpenedRun, openRun } from '../results/open-run.ts';
import type { CellName, RunResult, RunSettings } from '../results/schema.ts';
import { COMPARE_SCHEMA_VERSION } from '../results/schema-id.ts';
import { NotComparableError, UsageError } from '../util/errors.ts';
import { counted } from '../util/units.ts';
import { endByVerdict } from './end-by-verdict.ts';
import { exportComparison } from './export-comparison.ts';
import { locateRequests, parseExportRequest } from './export-files.ts';
import { listOption, resultsOption, waitOption } from './options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from './output.ts';
import { locatePage, type ReportOptions, reportOption, typedCommand, writePage } from './report-file.ts';
import { readHistoryParts } from './report-history.ts';
import { measureRun } from './run-deps.ts';
import { readSide, type Side } from './side.ts';
import { NOT_EXPLAINED, whyChanged } from './why.ts';

/** A second measurement takes twice the blocks of the first, within these bounds. */
const CONFIRM_BLOCKS = { min: 12, max: 60 } as const;

interface Options extends PrintOptions, ReportOptions {
  readonly by?: By;
  readonly detect?: string;
  readonly threshold?: string;
  readonly metrics?: string;
  readonly allowMissing?: string;
  readonly inconclusive?: 'pass' | 'fail';
  readonly force?: boolean;
  readonly confirm?: boolean;
  readonly wait?: boolean;
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly export: readonly string[];
}

/** The formats that hold verdicts. */
const VERDICT_EXPORTERS: readonly Exporter[] = EXPORTERS.filter(({ verdicts }) => verdicts === true);

const EXAMPLES = `
A side is a run id, a folder, a run.json, a file of the json export or baseline:<name>; several, separated by commas, are runs of
one side. <run>:<row> is one row of it: two rows of one run are judged in pairs, and so are the rows --by which it is parted.
Metrics: ${JUDGED_IDS.join(', ')};
only where named: ${METRIC_IDS.filter((id) => !JUDGED_IDS.includes(id)).join(', ')}.

Examples:
  iomodels-bench compare baseline:previous-kernel 20260102-030405-1a2b
  iomodels-bench compare before1,before2,before3 after1,after2,after3
  iomodels-bench compare a b --detect 5%,cpuNsPerRequest=2% --metrics 'cpu*,syscalls*' --confirm
  iomodels-bench compare a:epoll-lt a:epoll-et
  iomodels-bench compare a --by server            variants (run --variant), model by model; servers of your own (run --server)
  iomodels-bench compare a:old a:new              two of these
  iomodels-bench compare a b --export junit=report.xml --export markdown=report.md
  iomodels-bench compare a b --json | jq '.comparison.metrics[] | select(.verdict == "regressed")'

Exit codes: 0 nothing regressed, 1 regressed, or something that the base has is missing (--allow-missing),
2 usage, 3 not comparable, 4 inconclusive (--inconclusive).`;

/** `compare <base> <current>`: a verdict for every metric of every cell, and one for all. */
export function registerCompare(command: Command, signal: AbortSignal): void {
  command
    .argument('<base>', 'what is compared with; with --by the run whose rows are compared')
    .argument('[current]', 'what is judged')
    .addOption(
      new Option(
        '--by <what>',
        'compare rows of one run in pairs: models, servers of a model, or all rows',
      ).choices(BY),
    )
    .addOption(listOption('--detect <list>', 'the change that is to be found, also per metric (default: 5%)'))
    .addOption(listOption('--threshold <list>', 'what --detect was called before; not with it'))
    .addOption(listOption('--metrics <list>', 'metrics or globs that are judged (default: see below)'))
    .addOption(
      new Option('--inconclusive <verdict>', 'exit 0 (pass) or 1 (fail) instead of 4').choices([
        'pass',
        'fail',
      ]),
    )
    .addOption(
      listOption(
        '--allow-missing <list>',
        "models, or model/workload, or globs of them that the current side may lack, such as 'io_uring*,*/c10k'",
      ),
    )
    .option('--confirm', 'measure what regressed again on this host before it is called a regression')
    .addOption(waitOption())
    .option('--force', 'compare although the environments make it meaningless')
    .option('--all', 'show every row, not only those that changed')
    .option(
      '--export <format[=path]>',
      `export the verdicts, by default to exports/ in the current run: ${VERDICT_EXPORTERS.map(({ id }) => id).join(', ')}; may be repeated`,
      (value: string, all: readonly string[]) => [...all, value],
      [],
    )
    .addOption(resultsOption())
    .addOption(reportOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout')
    .option('--dry-run', 'check the options and compare nothing: before a run that is to be compared')
    .addHelpText('after', EXAMPLES)
    .action((base: string, current: string | undefined, options: Options) =>
      compare([base, current], options, signal),
    );
}

async function compare(
  [baseNames, currentNames]: readonly [string, string | undefined],
  options: Options,
  signal: AbortSignal,
): Promise<void> {
  const compareOptions = resolveCompareOptions(options);
  const exports = options.export.flatMap((text) => parseExportRequest(text, VERDICT_EXPORTERS));
  requireSides(currentNames, options);
  if (options.dryRun) return;
  await locateRequests(exports.filter(({ path }) => path !== null));
  if (options.report !== undefined) await locatePage(options.report);
  if (options.by !== undefined) return compareRows(baseNames, options.by, compareOptions, options);
  const [base, current] = await readSides(baseNames, currentNames ?? '', options.results);
  if (options.confirm) requireConfirmable(base, current);
  const known = {
    ...compareOptions,
    history: await historyOf(base, current, compareOptions.metrics, options.results),
  };
  let comparison = compareRuns(base, current, known);
  requireComparable(comparison, options.force === true);
  if (options.confirm)
    comparison = await confirm({ comparison, base, current, compareOptions: known }, options, signal);
  await report(comparison, { base, current }, options);
  await exportComparison(comparison, current, exports);
  endByVerdict([comparison], options.inconclusive);
}

/** One side with --by, two without; what goes with two only is refused with one. */
function requireSides(current: string | undefined, { by, confirm, export: exports, force }: Options): void {
  if (by === undefined) {
    if (current !== undefined) return;
    throw new UsageError('compare needs two sides; or one run and --by model, --by server or --by label');
  }
  if (current !== undefined) throw new UsageError('--by compares the rows of one run: name no second side');
  const unfit = [confirm && '--confirm', exports.length > 0 && '--export', force && '--force'].filter(
    Boolean,
  );
  if (unfit.length > 0) throw new UsageError(`${unfit.join(' and ')}: of two sides only, not with --by`);
}

/** Rows of one run, two sides at a time. */
async function compareRows(
  name: string,
  by: By,
  compareOptions: CompareOptions,
  options: Options,
): Promise<void> {
  const run = await openRun(name, options.results);
  const found = sidesBy(run, by).map((sides) => ({
    name: sides.name,
    comparison: compareRuns([sides.base], [sides.current], compareOptions),
  }));
  if (options.report !== undefined) {
    const pages = found.map(({ name: title, comparison }) => {
      const document = compareReport(comparison, { all: options.all === true, noise: null });
      return pageOf(
        { ...document, title: `${title}: ${document.title}` },
        { charts: chartsOf(comparison), commands: [typedCommand()] },
      );
    });
    await writePage(joinedPages(pages), options.report);
  }
  if (options.json)
    await write(
      `${JSON.stringify(withSchema('comparison', { schemaVersion: COMPARE_SCHEMA_VERSION, comparisons: found, noise: null }), null, 1)}\n`,
    );
  else
    for (const { name: title, comparison } of found) {
      const document = compareReport(comparison, { all: options.all === true, noise: null });
      await writeDocument({ ...document, title: `${title}: ${document.title}` }, options);
      if (found.length > 1) await write('\n');
    }
  endByVerdict(
    found.map(({ comparison }) => comparison),
    options.inconclusive,
  );
}

/** A side of runs, or of one row of a run: `<run>:<row>`. Rows of one run are called by both their names. */
async function readSides(
  baseNames: string,
  currentNames: string,
  outDir: string,
): Promise<[OpenedRun[], OpenedRun[]]> {
  const [base, current] = [await readSide(baseNames, outDir), await readSide(currentNames, outDir)];
  if (base.row !== null && current.row !== null && base.row !== current.row) {
    const label = `${current.row} against ${base.row}`;
    const renamed = ({ runs }: Side, row: string) =>
      runs.map((run) => ({ ...run, ...rowOf(run, row, label) }));
    return [renamed(base, base.row), renamed(current, current.row)];
  }
  const of = ({ runs, row }: Side) =>
    row === null ? runs : runs.map((run) => ({ ...run, ...rowOf(run, row) }));
  const ids = new Set(base.runs.map(({ record }) => record.runId));
  const shared = current.runs.find(({ record }) => ids.has(record.runId));
  if (shared)
    throw new UsageError(
      `${shared.record.runId} is on both sides; two rows of it are <run>:<row>, or all of them --by label`,
    );
  return [of(base), of(current)];
}

/** Stored runs of the host of the current side, for how far runs lie apart; not those that are compared. */
async function historyOf(
  base: readonly OpenedRun[],
  current: readonly OpenedRun[],
  metrics: CompareOptions['metrics'],
  outDir: string,
): Promise<readonly ComparedRun[]> {
  const [last] = current.slice(-1);
  if (last === undefined) return [];
  const exclude = new Set([...base, ...current].map(({ record }) => record.runId));
  const { runs, problems } = await readHistory(outDir, last.record, { exclude, ...keptFor(metrics) });
  for (const problem of problems) process.stderr.write(`warning: ${problem}\n`);
  return runs;
}

function requireComparable(comparison: Comparison, force: boolean): void {
  const refused = comparison.environment.filter(({ effect }) => effect === 'refused');
  if (refused.length > 0 && !force)
    throw new NotComparableError(
      [
        'the two sides cannot be compared:',
        ...refused.map(({ what, base, current }) => `  ${what}: ${base} in base, ${current} in current`),
        '--force compares them nevertheless',
      ].join('\n'),
    );
  if (comparison.metrics.length > 0) return;
  const apart = [...comparison.missing, ...comparison.leftOut];
  const reasons = [...new Set(apart.map(({ reason }) => reason))];
  throw new NotComparableError(
    ['the two sides have no cell in common that could be compared', ...reasons.slice(0, 5)].join('\n  '),
  );
}

interface Confirmation {
  readonly comparison: Comparison;
  readonly base: readonly RunResult[];
  readonly current: readonly RunResult[];
  readonly compareOptions: CompareOptions;
}

/** Measures the cells that regressed once more, with more blocks, and judges again. */
async function confirm(
  { comparison, base, current, compareOptions }: Confirmation,
  options: Options,
  signal: AbortSignal,
): Promise<Comparison> {
  const cells = suspiciousCells(comparison);
  const [last] = current.slice(-1);
  if (cells.length === 0 || last === undefined) return comparison;
  requireThisHost(last);
  process.stderr.write(
    `measuring ${counted(cells.length, 'cell')} again that ${cells.length === 1 ? 'seems' : 'seem'} to have regressed\n`,
  );
  const settings = settingsAgain(last.record.settings, cells);
  const { result, folder } = await measureRun(
    { settings, warnings: [], notices: [] },
    { kind: 'confirm', results: options.results, signal, wait: options.wait === true },
  );
  process.stderr.write(`the second measurement is stored in ${folder}\n`);
  signal.throwIfAborted();
  return confirmComparison(comparison, compareRuns(base, [only(result, cells)], compareOptions));
}

/** Refuses what cannot be measured again as it was. */
function requireConfirmable(base: readonly RunResult[], current: readonly RunResult[]): void {
  const ids = new Set(base.map(({ record }) => record.runId));
  if (current.some(({ record }) => ids.has(record.runId)))
    throw new UsageError(
      '--confirm measures the current side alone, and rows of one run are judged side by side: run them again, with more --blocks',
    );
  // A stored run is what a stranger may have written: its text is never executed.
  const entries = current.flatMap(({ record }) => record.settings.entries);
  const foreign = entries.find(({ server }) => server !== undefined);
  if (foreign !== undefined)
    throw new UsageError(
      `--confirm starts no server that a stored run names (${foreign.label}): measure it again with run --server`,
    );
  const started = entries.find(({ variant }) => variant !== undefined && variant.prefix.length > 0)?.variant;
  if (started !== undefined)
    throw new UsageError(
      `--confirm starts no command that a stored run names (variant ${started.name}: ${commandText(started.prefix)}): measure it again with run --variant`,
    );
}

/** Refuses to measure another kernel or machine in the place of the current side. */
function requireThisHost({ record }: RunResult): void {
  const here = readEnvironment();
  const differing = (['host', 'kernel', 'kernelVersion', 'cpuModel', 'arch'] as const).filter(
    (key) => here[key] !== record.environment[key],
  );
  if (differing.length > 0)
    throw new NotComparableError(
      `--confirm measures on this host, but the current side is of another one: ${differing
        .map((key) => `${key} ${record.environment[key]}, here ${here[key]}`)
        .join('; ')}`,
    );
}

function settingsAgain(settings: RunSettings, cells: readonly CellName[]): RunSettings {
  const labels = new Set(cells.map(({ label }) => label));
  const workloads = new Set(cells.map(({ workload }) => workload));
  const entries = settings.entries.filter(({ label }) => labels.has(label));
  return {
    ...settings,
    entries,
    workloads: settings.workloads.filter(({ id }) => workloads.has(id)),
    blocks: Math.min(CONFIRM_BLOCKS.max, Math.max(CONFIRM_BLOCKS.min, 2 * settings.blocks)),
    baseline: entries[0]?.label ?? settings.baseline,
    seed: randomInt(0x7fffffff),
    precision: null,
    maxTimeS: null,
    // Twice the blocks take longer than what a plain run is limited to.
    retry: settings.retry && { ...settings.retry, withinMs: null },
    audit: false,
  };
}

/** Entries times workloads holds more cells than were suspicious. */
function only(result: RunResult, cells: readonly CellName[]): RunResult {
  const wanted = (one: CellName) =>
    cells.some(({ label, workload }) => label === one.label && workload === one.workload);
  return {
    ...result,
    record: { ...result.record, cells: result.record.cells.filter(wanted) },
    trials: result.trials.filter(wanted),
  };
}

async function report(
  comparison: Comparison,
  { base, current }: { readonly base: readonly OpenedRun[]; readonly current: readonly OpenedRun[] },
  options: Options,
): Promise<void> {
  const environment = current.at(-1)?.record.environment ?? { kernel: 'unknown' };
  const noise = await findNoise(options.results, environment, comparison.design);
  const told = async () => {
    const why = (await whyChanged(comparison, { base, current })) ?? [NOT_EXPLAINED];
    return compareReport(comparison, {
      all: options.all === true,
      noise: noiseQuote(noise, environment),
      why,
    });
  };
  const document = options.json && options.report === undefined ? null : await told();
  if (document !== null && options.report !== undefined) {
    const record = current.at(-1)?.record ?? null;
    const page = pageOf(document, {
      charts: chartsOf(comparison),
      history: record === null ? [] : await readHistoryParts(record, options.results),
      environment: record,
      commands: [typedCommand()],
    });
    await writePage(page, options.report);
  }
  if (options.json) {
    await write(
      `${JSON.stringify(withSchema('comparison', { schemaVersion: COMPARE_SCHEMA_VERSION, comparison, noise }), null, 1)}\n`,
    );
    return;
  }
  if (document !== null) await writeDocument(document, options);
}

/** The answer first. */
function chartsOf(comparison: Comparison): readonly Chart[] {
  const main = overallChart(comparison);
  return [...(main === null ? [] : [main]), ...cellCharts(comparison)];
}
