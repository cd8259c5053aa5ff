import { type Command, InvalidArgumentError, Option } from 'commander';
import { guideCostsChart, guideCostsOf } from '../charts/guide-charts.ts';
import { readCpuList } from '../config/cpus.ts';
import { select } from '../config/selection.ts';
import type { CostInfo } from '../costs/bench.ts';
import { COMPOSED_OF, compositionsOf } from '../costs/compose.ts';
import { nsOf } from '../costs/cost-of.ts';
import { COSTS_DEFAULTS } from '../costs/measure-costs.ts';
import type { CostsResult } from '../costs/schema.ts';
import { saveCosts } from '../costs/store.ts';
import { readTopology } from '../observe/topology.ts';
import { compositionReport, costPathReport, costsReport } from '../reports/costs.ts';
import { withSchema } from '../reports/json.ts';
import { pageOf } from '../reports/page.ts';
import { countsInstructions } from '../results/guest.ts';
import type { RunKind } from '../results/schema.ts';
import { COSTS_SCHEMA_VERSION, EXPLAIN_SCHEMA_VERSION } from '../results/schema-id.ts';
import { replaceFile } from '../results/store.ts';
import { medianInterval } from '../stats/median-interval.ts';
import { summarize } from '../summary/summarize.ts';
import { UsageError } from '../util/errors.ts';
import { readAskedRun } from './asked-run.ts';
import { explainCostHere } from './explain-cost-here.ts';
import { type CostsRequest, listCosts, measureCostsHere } from './measure-costs-here.ts';
import { listOption, resultsOption, waitOption } from './options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from './output.ts';
import { locatePage, type ReportOptions, reportOption, typedCommand, writePage } from './report-file.ts';

const ROUNDS_MAX = 1000;
const RUN_KINDS: readonly RunKind[] = ['run', 'scale', 'ladder'];

interface CostsOptions extends PrintOptions, ReportOptions {
  readonly only?: string;
  readonly list?: boolean;
  readonly rounds: number;
  readonly seed?: number;
  readonly cpus?: string;
  readonly format?: 'csv';
  readonly output?: string;
  readonly wait?: boolean;
  readonly models?: string | true;
  readonly explain?: string;
  readonly kernel?: string;
  readonly qemu?: string;
}

/** Functions in a table. */
const TOP = 30;
/** With which nothing is measured here. */
const OF_MEASURING = ['only', 'list', 'seed', 'cpus', 'format', 'output', 'wait', 'models'];
/** The costs that rows are made of are known. */
const OF_ALL = ['only', 'list', 'format', 'output', 'explain'];
/** A run whose machine was so much slower or faster than now says little of these costs. */
const SPEED_MAX = 1.25;

const EXAMPLES = `
Examples:
  iomodels-bench costs
  iomodels-bench costs --only 'syscall-*,read-0,epoll-wait-*'
  iomodels-bench costs --json | jq '.costs[] | select(.status == "measured") | {id, ns, lowNs, highNs}'
  iomodels-bench costs --list
  iomodels-bench costs --models                        what a request of each row of the newest run is made of
  iomodels-bench costs --explain read-0                what a read is made of, in instructions

Takes less than a minute, changes nothing on the host and needs no privileges. What cannot run here says why:
no io_uring, too few open files (18,200 for sets of 18,000), one CPU, one NUMA node.
The result is kept under --results in costs/.`;

/** `costs`: what single operations cost on this host, and what the guide says of them. */
export function registerCosts(command: Command, signal: AbortSignal): void {
  command
    .addOption(listOption('--only <list>', 'ids of costs or globs, separated by commas (default: all)'))
    .option('--list', 'print which costs there are, and measure nothing')
    .option(
      '--rounds <n>',
      `how often each is measured, in an order of its own (default: ${COSTS_DEFAULTS.rounds})`,
      parseRounds,
      COSTS_DEFAULTS.rounds,
    )
    .option('--seed <n>', 'decides the order within the rounds (default: random, stored)', parseSeed)
    .option(
      '--cpus <list>',
      'the CPU where they are timed, and that of the other end, such as 1 or 1,0 (default: as run chooses)',
    )
    .addOption(
      new Option(
        '--models [run]',
        'which costs a request of each row of a stored run is made of, and how much of its CPU they explain (default: the newest run)',
      ).conflicts(OF_ALL),
    )
    .addOption(
      new Option(
        '--explain <id>',
        'measure nothing here: boot a kernel in QEMU, and count the instructions of one operation by function of the kernel',
      ).conflicts(OF_MEASURING),
    )
    .option(
      '--kernel <what>',
      'of --explain, as kernels run takes it (default: of this host, else the newest)',
    )
    .option(
      '--qemu <path>',
      'of --explain: QEMU 10 or newer (default: of PATH, or what kernels get qemu fetched)',
    )
    .addOption(waitOption())
    .addOption(resultsOption())
    .addOption(reportOption().conflicts(['list', 'models', 'explain']))
    .addOption(markdownOption())
    .addOption(
      new Option('--format <format>', 'csv: a line per cost')
        .choices(['csv'])
        .conflicts(['json', 'markdown']),
    )
    .option('--output <file>', 'write the JSON of the result to a file as well')
    .option('--json', 'print only JSON on stdout')
    .addHelpText('after', EXAMPLES)
    .action((options: CostsOptions) => costs(options, signal));
}

async function costs(options: CostsOptions, signal: AbortSignal): Promise<void> {
  if (options.models !== undefined) return models(options.models, options, signal);
  const known = await listCosts(signal);
  if (options.explain !== undefined) return explain(known, options.explain, options, signal);
  if (options.kernel !== undefined || options.qemu !== undefined)
    throw new UsageError('--kernel and --qemu are for --explain');
  const chosen = chooseCosts(known, options.only);
  if (options.list) return list(chosen, options);
  if (options.report !== undefined) await locatePage(options.report);
  const result = await measureCostsHere({
    only: chosen.map(({ id }) => id),
    ...requestOf(options),
    signal,
  });
  const file = await saveCosts(options.results, result);
  if (options.output !== undefined)
    await replaceFile(options.output, `${JSON.stringify(withSchema('costs', result), null, 1)}\n`);
  if (options.report !== undefined) {
    const chart = guideCostsChart(guideCostsOf(result));
    const charts = chart === null ? [] : [chart];
    await writePage(pageOf(costsReport(result), { charts, commands: [typedCommand()] }), options.report);
  }
  await print(result, file, options);
}

async function explain(
  known: readonly CostInfo[],
  id: string,
  { kernel, qemu, results, json, markdown }: CostsOptions,
  signal: AbortSignal,
): Promise<void> {
  const [chosen, more] = chooseCosts(known, id);
  if (chosen === undefined || more !== undefined)
    throw new UsageError(`--explain ${id}: one cost; see costs --list`);
  const path = await explainCostHere(chosen.id, { kernel, qemu, results, signal });
  const document = costPathReport(path, TOP);
  if (!json) return writeDocument(document, { ...(markdown ? { markdown } : {}) });
  const printed = { schemaVersion: EXPLAIN_SCHEMA_VERSION, paths: [path], warnings: document.warnings };
  await write(`${JSON.stringify(withSchema('explain', printed), null, 1)}\n`);
}

function requestOf(options: CostsOptions): Pick<CostsRequest, 'settings' | 'wait'> {
  return {
    settings: {
      rounds: options.rounds,
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      ...cpusOf(options.cpus),
    },
    wait: options.wait === true,
  };
}

async function models(name: string | true, options: CostsOptions, signal: AbortSignal): Promise<void> {
  const result = await readAskedRun(name === true ? undefined : name, options.results, { kinds: RUN_KINDS });
  if (countsInstructions(result.record.environment.guest))
    throw new UsageError(`${result.record.runId} was measured in a guest whose clock tells no time`);
  const measured = await measureCostsHere({ only: COMPOSED_OF, ...requestOf(options), signal });
  const compositions = compositionsOf(summarize(result), measured);
  const { runId } = result.record;
  const warnings = speedWarnings(result.calibrations, nsOf(measured, 'syscall-noop'));
  if (options.json) {
    const printed = { schemaVersion: COSTS_SCHEMA_VERSION, runId, compositions, costs: measured, warnings };
    return write(`${JSON.stringify(withSchema('costs-models', printed), null, 1)}\n`);
  }
  await writeDocument(compositionReport(compositions, { runId, costs: measured, warnings }), options);
}

/** By the system call that both measure. */
function speedWarnings(
  calibrations: readonly { readonly syscallNs: number }[],
  nowNs: number | null,
): string[] {
  if (calibrations.length === 0 || nowNs === null) return [];
  const { median: thenNs } = medianInterval(calibrations.map(({ syscallNs }) => syscallNs));
  if (thenNs / nowNs < SPEED_MAX && nowNs / thenNs < SPEED_MAX) return [];
  return [
    `a system call took ${thenNs.toFixed(0)} ns when the run was measured, and takes ${nowNs.toFixed(0)} ns now: the shares are off by as much`,
  ];
}

function chooseCosts(known: readonly CostInfo[], only: string | undefined): readonly CostInfo[] {
  if (only === undefined) return known;
  const { names, problems } = select(
    only,
    known.map(({ id }) => id),
    'cost',
  );
  if (problems.length > 0) throw new UsageError(problems);
  return known.filter(({ id }) => names.includes(id));
}

/** The first is where they are timed. */
function cpusOf(list: string | undefined): { cpu?: number; otherCpu?: number | null } {
  if (list === undefined) return {};
  const { cpus, problems } = readCpuList(list, '--cpus', readTopology());
  if (problems.length > 0) throw new UsageError(problems);
  // As typed: the list is in order.
  const cpu = Number(list.split(/[,-]/)[0]);
  if (cpus === undefined || cpus.length > 2)
    throw new UsageError(`--cpus ${list}: one CPU, or two of which the first is where costs are timed`);
  return { cpu, otherCpu: cpus.find((one) => one !== cpu) ?? null };
}

async function list(chosen: readonly CostInfo[], options: CostsOptions): Promise<void> {
  const rows = chosen.map(({ id, group, unit, title, measures }) => ({ id, group, unit, title, measures }));
  if (options.json) return write(`${JSON.stringify(rows, null, 1)}\n`);
  await write(rows.map(({ id, unit, measures }) => `${id.padEnd(26)} per ${unit}: ${measures}\n`).join(''));
}

async function print(result: CostsResult, file: string, options: CostsOptions): Promise<void> {
  if (options.format === 'csv') return write(csvOf(result));
  if (options.json) {
    await write(`${JSON.stringify(withSchema('costs', result), null, 1)}\n`);
    process.stderr.write(`stored in ${file}\n`);
    return;
  }
  await writeDocument(costsReport(result), { ...options, stored: `stored in ${file}` });
}

/** Measured and derived ones; numbers only, and ids without a comma. */
function csvOf({ costs: measured, derived }: CostsResult): string {
  const lines = [...measured, ...derived].flatMap((cost) =>
    cost.status === 'measured' || cost.status === 'derived'
      ? [[cost.id, cost.unit, cost.ns, cost.lowNs, cost.highNs, cost.cycles ?? ''].join(',')]
      : [],
  );
  return `${['id,unit,ns,low_ns,high_ns,cycles', ...lines].join('\n')}\n`;
}

function parseRounds(value: string): number {
  const rounds = /^\d+$/.test(value) ? Number(value) : 0;
  if (rounds < 1 || rounds > ROUNDS_MAX)
    throw new InvalidArgumentError(`a number of rounds from 1 to ${ROUNDS_MAX}`);
  return rounds;
}

function parseSeed(value: string): number {
  const seed = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isInteger(seed) || seed > 0x7fffffff) throw new InvalidArgumentError('a number below 2^31');
  return seed;
}
