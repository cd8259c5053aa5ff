import { blocksChart } from '../charts/blocks-chart.ts';
import { callsChart, costAgainstCallsChart, utilisationChart } from '../charts/cost-charts.ts';
import { depthCharts } from '../charts/depth-chart.ts';
import { historyCharts } from '../charts/history-charts.ts';
import { ladderChart } from '../charts/ladder-chart.ts';
import { latencyChart } from '../charts/latency-chart.ts';
import { ratioChart } from '../charts/ratio-chart.ts';
import { scaleChart } from '../charts/scale-chart.ts';
import { chartedRun } from '../charts/used-trials.ts';
import type { RunHistory } from '../compare/history-result.ts';
import { ladderOf } from '../compare/ladder.ts';
import type { Chart } from '../document/chart-schema.ts';
import { documentOf, notesPart, tablePart } from '../document/document.ts';
import type { Document, Part } from '../document/document-schema.ts';
import { formatShare } from '../document/format.ts';
import type { Metric } from '../metrics/metric.ts';
import type { RunKind, RunRecord, RunResult } from '../results/schema.ts';
import { unusualReadings, usualSpeed } from '../summary/clean-trials.ts';
import type { RunSummary } from '../summary/run-summary.ts';
import { summarizeScale } from '../summary/scale-summary.ts';
import { summarize } from '../summary/summarize.ts';
import { environmentTable } from '../tables/environment-table.ts';
import { counted } from '../util/units.ts';
import type { Workload } from '../workloads/schema.ts';
import { answerLines, scaleAnswerLines } from './answers.ts';
import { ladderReport } from './ladder.ts';
import { repeatCommands } from './repeat.ts';
import { runHeader, runReport } from './run.ts';
import { scaleReport } from './scale.ts';

export interface PageContext {
  /** The workloads of this version: what need not be written down to be repeated. */
  readonly known: readonly Workload[];
  /** Of the result, where it was made already: that takes a while. */
  readonly summary?: RunSummary | undefined;
  /** What it is told as; default: as what it was measured. */
  readonly as?: RunKind;
  /** What the stored runs of the host say: charts, and what they are called. */
  readonly history?: readonly Part[] | undefined;
}

/**
 * A run as a page: what was measured and on what, how far to trust it, the answers, charts, tables, the environment, and
 * how to measure it again. What a chart shows is in the document as numbers.
 */
export function pageReport(
  result: RunResult,
  { known, summary = summarize(result), history = [], as }: PageContext,
): Document {
  const body = bodyOf(result, summary, as ?? result.record.kind);
  const commands = repeatCommands(result.record, known);
  return {
    ...runHeader(result),
    warnings: body.tables.warnings,
    conclusion: body.tables.conclusion,
    parts: [
      heading('How far to trust it'),
      notesPart(trustLines(result, summary)),
      heading('Answers'),
      notesPart(body.answers),
      ...(body.main === null ? [] : [chartPart(body.main)]),
      ...body.charts,
      ...(history.length === 0 ? [] : [heading('History'), ...history]),
      heading('Tables'),
      ...body.tables.parts,
      heading('Environment'),
      tablePart(environmentTable(result.record)),
      ...(commands.length === 0 ? [] : [heading('How to repeat it'), commandsPart(commands)]),
    ],
  };
}

/** Several pages as one, each under its own headings. */
export function joinedPages(pages: readonly Document[], history: readonly Part[] = []): Document {
  const [first] = pages;
  if (first === undefined) return documentOf({ title: 'No runs' });
  if (pages.length === 1) return first;
  return documentOf({
    title: `${counted(pages.length, 'run')}`,
    facts: pages.map(({ title, facts }) => `${title}: ${facts[0] ?? ''}`),
    warnings: pages.flatMap(({ title, warnings }) => warnings.map((warning) => `${title}: ${warning}`)),
    parts: [
      ...(history.length === 0 ? [] : [heading('History'), ...history]),
      ...pages.flatMap(({ title, status, facts, parts, conclusion }): Part[] => [
        heading(`${title}${status}`),
        notesPart([...facts, ...(conclusion === null ? [] : [conclusion])]),
        ...parts.map((part): Part => (part.kind === 'heading' ? heading(`${title}: ${part.text}`) : part)),
      ]),
    ],
  });
}

/** What stored runs say of each cell: charts, the workloads under headings of their own. */
export function historyParts(history: RunHistory, metric: Metric): Part[] {
  return historyCharts(history, metric).map(chartPart);
}

/** What a comparison, or a matrix of kernels, says as a page: its charts stand before its tables. */
export function pageOf(
  document: Document,
  {
    charts,
    history = [],
    environment = null,
    commands,
  }: {
    readonly charts: readonly Chart[];
    readonly history?: readonly Part[];
    /** The run whose environment is told; null: none. */
    readonly environment?: RunRecord | null;
    readonly commands: readonly string[];
  },
): Document {
  return {
    ...document,
    parts: [
      ...(charts.length === 0 ? [] : [heading('Charts'), ...charts.map(chartPart)]),
      ...(history.length === 0 ? [] : [heading('History'), ...history]),
      heading('Tables'),
      ...document.parts.filter(({ kind }) => kind !== 'chart'),
      ...(environment === null ? [] : [heading('Environment'), tablePart(environmentTable(environment))]),
      heading('How to repeat it'),
      commandsPart(commands),
    ],
  };
}

export function heading(text: string): Part {
  return { kind: 'heading', text };
}

export function chartPart(chart: Chart): Part {
  return { kind: 'chart', chart };
}

function commandsPart(lines: readonly string[]): Part {
  return { kind: 'commands', lines };
}

interface Body {
  readonly answers: readonly string[];
  /** The picture of the answers. */
  readonly main: Chart | null;
  readonly charts: readonly Part[];
  readonly tables: Document;
}

function bodyOf(result: RunResult, summary: RunSummary, kind: RunKind | null): Body {
  switch (kind) {
    case 'scale':
      return scaleBody(result, summary);
    case 'ladder':
      return ladderBody(result, summary);
    case null:
    case 'run':
    case 'noise':
    case 'confirm':
      return {
        answers: answerLines(summary),
        main: ratioChart(summary),
        charts: runCharts(result, summary),
        tables: runReport(result, { summary }),
      };
  }
}

/** What each workload shows. */
function runCharts(result: RunResult, summary: RunSummary): Part[] {
  const run = chartedRun(result, summary);
  const depths = depthCharts(summary);
  return [
    ...(depths.length === 0 ? [] : [heading('Files by depth'), ...depths.map((chart) => chartPart(chart))]),
    ...summary.workloads.flatMap((workload): Part[] => [
      heading(`Charts of ${workload.workload.id}`),
      ...[
        latencyChart(run, workload),
        costAgainstCallsChart(workload),
        callsChart(workload),
        utilisationChart(workload),
        blocksChart(run, workload),
      ].flatMap((chart) => (chart === null ? [] : [chartPart(chart)])),
    ]),
  ];
}

function scaleBody(result: RunResult, summary: RunSummary): Body {
  const scale = summarizeScale(result, summary);
  const report = scaleReport(result, scale);
  const run = chartedRun(result, summary);
  const [first = null, ...others] = scale.sweeps.map((sweep) => scaleChart(sweep, scale.cost));
  return {
    answers: scaleAnswerLines(scale),
    main: first,
    charts: [
      ...(others.length === 0 ? [] : [heading('Charts')]),
      ...others.map((chart) => chartPart(chart)),
      heading('How undisturbed it was'),
      ...summary.workloads
        .flatMap((workload) => blocksChart(run, workload) ?? [])
        .map((chart) => chartPart(chart)),
    ],
    tables: { ...report, parts: report.parts.filter(({ kind }) => kind !== 'chart') },
  };
}

function ladderBody(result: RunResult, summary: RunSummary): Body {
  const ladder = ladderOf(result, summary);
  const tables = ladderReport(result, { summary, ladder });
  return {
    main: null,
    answers: (tables.conclusion ?? '').split('; ').filter((line) => line !== ''),
    charts: [
      ...ladder.families.flatMap((family) => [
        heading(`Rungs of ${family.family}`),
        ...ladder.metrics
          .flatMap((metric) => ladderChart(family, metric, ladder.workloads) ?? [])
          .map((chart) => chartPart(chart)),
      ]),
      ...runCharts(result, summary),
    ],
    tables,
  };
}

/** The share of clean trials, and whether the machine kept its speed. */
function trustLines({ record, calibrations }: RunResult, { trials, comparisons }: RunSummary): string[] {
  const { measured, clean, contaminated, failed } = trials;
  const usual = usualSpeed(calibrations);
  const slow = usual === null ? [] : calibrations.filter((one) => unusualReadings(one, usual).length > 0);
  return [
    [
      `Clean trials, in which nobody else had their CPUs and the machine had its usual speed: ${clean} of ${measured} (${formatShare(measured === 0 ? 0 : clean / measured)})`,
      ...(contaminated > 0 ? [`${contaminated} were contaminated`] : []),
      ...(failed > 0 ? [`${failed} failed`] : []),
    ].join('; '),
    usual === null
      ? 'How steady the machine was is not known: nothing was calibrated.'
      : `The machine was ${slow.length === 0 ? 'steady' : slow.length * 4 > calibrations.length ? 'not steady' : 'mostly steady'}: ${slow.length === 0 ? 'all' : calibrations.length - slow.length} of ${counted(calibrations.length, 'calibration')} found its usual speed.`,
    pinningLine(record),
    ...(comparisons > 0
      ? [
          `${counted(comparisons, 'ratio')} are compared with 1; verdicts are guarded against that many chances to be wrong.`,
        ]
      : []),
  ];
}

function pinningLine({ settings: { serverCpus, clientCpus } }: RunRecord): string {
  if (serverCpus === null || clientCpus === null)
    return 'Server and client were not pinned to CPUs of their own: they may have got in each other’s way.';
  const shared = serverCpus.some((cpu) => clientCpus.includes(cpu));
  return shared
    ? 'Server and client shared a CPU: throughput is of both together.'
    : 'Server and client had CPUs of their own.';
}
