import { type Command, InvalidArgumentError, Option } from 'commander';
import { differenceChart, pathChart } from '../../charts/explain-charts.ts';
import { matcherOf } from '../../config/selection.ts';
import type { Chart } from '../../document/chart-schema.ts';
import type { Document } from '../../document/document-schema.ts';
import { collapsedStacks } from '../../explain/collapsed.ts';
import { differenceOf } from '../../explain/difference.ts';
import type { PathLength } from '../../explain/explain-schema.ts';
import { explainedCells, pathLengthOf } from '../../explain/path-length.ts';
import { differenceReport, type ExplainView, pathReport } from '../../reports/explain.ts';
import { withSchema } from '../../reports/json.ts';
import { pageOf } from '../../reports/page.ts';
import { readExplanation } from '../../results/explanation.ts';
import type { Explanation } from '../../results/explanation-schema.ts';
import type { OpenedRun } from '../../results/open-run.ts';
import type { CellName } from '../../results/schema.ts';
import { EXPLAIN_SCHEMA_VERSION } from '../../results/schema-id.ts';
import { NotComparableError, UsageError } from '../../util/errors.ts';
import { listOption, resultsOption } from '../options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from '../output.ts';
import { locatePage, type ReportOptions, reportOption, typedCommand, writePage } from '../report-file.ts';
import { readSide } from '../side.ts';

const TOP_DEFAULT = 20;

interface ExplainOptions extends PrintOptions, ReportOptions {
  readonly models?: string;
  readonly workloads?: string;
  readonly top: number;
  readonly format?: 'collapsed';
}

const EXAMPLES = `
A side is a boot that kernels run counted by function (the first of every kernel, with --explain all each of them), by its run
id, its folder or baseline:<name>; several boots of one kernel are separated by commas. <run>:<row> is one row of it: two rows of
one run say what one model executes and the other does not.

Examples:
  iomodels-bench kernels explain before after                two kernels, every cell that both have
  iomodels-bench kernels explain a1,a2,a3 b1,b2,b3 --models epoll-lt --workloads ping-pong
  iomodels-bench kernels explain after:epoll-lt after:io_uring
  iomodels-bench kernels explain after --top 40              where a request's instructions go
  iomodels-bench kernels explain before after --models epoll-lt --workloads ping-pong --format collapsed | flamegraph.pl >why.svg`;

/** `kernels explain <before> [after]`: instructions per request by function of the kernel, and what changed them. */
export function registerExplain(command: Command): void {
  command
    .argument('<before>', 'a boot that was explained; alone: where the instructions of its requests go')
    .argument('[after]', 'what is explained against it')
    .addOption(listOption('--models <list>', 'rows or globs of them (default: all that were explained)'))
    .addOption(listOption('--workloads <list>', 'workloads or globs of them (default: all)'))
    .option('--top <n>', 'functions in a table', parseTop, TOP_DEFAULT)
    .addOption(
      new Option(
        '--format <format>',
        'collapsed: stacks for flame graph tools, of two sides those of a differential one',
      )
        .choices(['collapsed'])
        .conflicts(['json', 'markdown']),
    )
    .addOption(resultsOption())
    .addOption(reportOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout: every function of every cell')
    .addHelpText('after', EXAMPLES)
    .action((before: string, after: string | undefined, options: ExplainOptions) =>
      explain(before, after, options),
    );
}

function parseTop(value: string): number {
  if (!/^[1-9]\d{0,4}$/.test(value)) throw new InvalidArgumentError('a number of functions from 1 on');
  return Number(value);
}

async function explain(
  beforeNames: string,
  afterNames: string | undefined,
  options: ExplainOptions,
): Promise<void> {
  if (options.report !== undefined) await locatePage(options.report);
  const before = await readExplained(beforeNames, options.results);
  const view: ExplainView = { top: options.top, warnings: [] };
  if (afterNames === undefined) return printPaths(pathsOf(before, options), view, options);
  const after = await readExplained(afterNames, options.results);
  requireSameMachine(before, after);
  return printPairs(pairsOf(before, after, options), view, options);
}

async function printPaths(
  paths: readonly PathLength[],
  view: ExplainView,
  options: ExplainOptions,
): Promise<void> {
  if (options.format === 'collapsed') return writeLines(paths.flatMap((path) => collapsedStacks(path)));
  const document = pathReport(paths, view);
  await writeReport(document, paths.map(pathChart), options);
  if (options.json) return writeJson({ paths, warnings: document.warnings });
  return writeDocument(document, options);
}

async function printPairs(pairs: readonly Pair[], view: ExplainView, options: ExplainOptions): Promise<void> {
  if (options.format === 'collapsed')
    return writeLines(pairs.flatMap(({ before, after }) => collapsedStacks(before, after)));
  const differences = pairs.map(({ before, after }) => differenceOf(before, after));
  const document = differenceReport(differences, view);
  await writeReport(document, differences.map(differenceChart), options);
  if (options.json) return writeJson({ differences, warnings: document.warnings });
  return writeDocument(document, options);
}

async function writeReport(
  document: Document,
  charts: readonly Chart[],
  { report }: ReportOptions,
): Promise<void> {
  if (report !== undefined) await writePage(pageOf(document, { charts, commands: [typedCommand()] }), report);
}

function writeLines(lines: readonly string[]): Promise<void> {
  return write(`${lines.join('\n')}\n`);
}

function writeJson(json: object): Promise<void> {
  const printed = withSchema('explain', { schemaVersion: EXPLAIN_SCHEMA_VERSION, ...json });
  return write(`${JSON.stringify(printed, null, 1)}\n`);
}

interface Explained {
  readonly explanations: readonly Explanation[];
  /** The row that it is about; null: all of them. */
  readonly row: string | null;
}

interface Pair {
  readonly before: PathLength;
  readonly after: PathLength;
}

/** The explanations of all runs of a side. Throws `UsageError` where a run has none, and where kernels differ. */
async function readExplained(names: string, outDir: string): Promise<Explained> {
  const { runs, row } = await readSide(names, outDir);
  const explanations = await Promise.all(runs.map(explanationOfRun));
  const kernels = [...new Set(explanations.map(({ kernel }) => kernel))];
  if (kernels.length > 1)
    throw new UsageError(`${names} holds several kernels on one side: ${kernels.join(', ')}`);
  return { explanations, row };
}

async function explanationOfRun({ folder, source, record }: OpenedRun): Promise<Explanation> {
  const explanation = await readExplanation(folder);
  if (explanation !== null && explanation.runId === record.runId) return explanation;
  const where = source === folder ? '' : `; an explanation lies in the folder of a run, not in ${source}`;
  throw new UsageError(
    `run ${record.runId} was not explained: of a series the first boots are, and all with kernels run --explain all${where}`,
  );
}

/** Another QEMU, or another CPU that it shows, executes other instructions for the same. */
function requireSameMachine(before: Explained, after: Explained): void {
  const machines = (side: Explained) =>
    side.explanations.map(({ qemu, cpu }) => `QEMU ${qemu} with -cpu ${cpu}`);
  const all = [...new Set([...machines(before), ...machines(after)])];
  if (all.length > 1)
    throw new NotComparableError(`the runs were counted by different machines: ${all.join(', ')}`);
}

/** Cells that were explained in every one of its runs, as wanted. */
function cellsOf({ explanations, row }: Explained, { models, workloads }: ExplainOptions): CellName[] {
  const [first, ...others] = explanations;
  if (first === undefined) return [];
  const isModel = models === undefined ? () => true : matcherOf(models);
  const isWorkload = workloads === undefined ? () => true : matcherOf(workloads);
  return explainedCells(first)
    .filter(({ label, workload }) => isModel(label) && isWorkload(workload))
    .filter(({ label }) => row === null || label === row)
    .filter((cell) => others.every((other) => has(explainedCells(other), cell)));
}

function has(cells: readonly CellName[], { label, workload }: CellName): boolean {
  return cells.some((cell) => cell.label === label && cell.workload === workload);
}

function pathsOf(side: Explained, options: ExplainOptions): PathLength[] {
  const cells = cellsOf(side, options);
  if (cells.length === 0) throw nothing([side]);
  return cells.map((cell) => pathLengthOf(side.explanations, cell));
}

/** Cells of both sides; a row of either side is beside the row of the other one, or beside itself. */
function pairsOf(before: Explained, after: Explained, options: ExplainOptions): Pair[] {
  const [first, second] = [before.row ?? after.row, after.row ?? before.row];
  const there = cellsOf({ ...after, row: second }, options);
  const pairs = cellsOf({ ...before, row: first }, options).map((cell) => ({
    cell,
    other: { label: second ?? cell.label, workload: cell.workload },
  }));
  const both = pairs.filter(({ other }) => has(there, other));
  if (both.length === 0) throw nothing([before, after]);
  return both.map(({ cell, other }) => ({
    before: pathLengthOf(before.explanations, cell),
    after: pathLengthOf(after.explanations, other),
  }));
}

function nothing(sides: readonly Explained[]): UsageError {
  const named = sides.map(({ explanations }) =>
    explanations[0] === undefined
      ? 'nothing'
      : explainedCells(explanations[0])
          .map(({ label, workload }) => `${label} under ${workload}`)
          .join(', '),
  );
  return new UsageError(`no such cell was explained on all sides; explained are ${named.join('; and ')}`);
}
