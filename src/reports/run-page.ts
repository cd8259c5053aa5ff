import { blocksChart } from '../charts/blocks-chart.ts';
import { chartedRun } from '../charts/charted-run.ts';
import { callsChart, costAgainstCallsChart } from '../charts/cost-charts.ts';
import { depthCharts } from '../charts/depth-charts.ts';
import { ladderChart } from '../charts/ladder-chart.ts';
import { latencyChart } from '../charts/latency-chart.ts';
import { ratioChart } from '../charts/ratio-chart.ts';
import { scaleChart } from '../charts/scale-chart.ts';
import { utilisationChart } from '../charts/utilisation-chart.ts';
import { ladderOf } from '../compare/ladder.ts';
import type { Chart } from '../document/chart-schema.ts';
import { chartParts, notesPart, section } from '../document/document.ts';
import type { Document, Part } from '../document/document-schema.ts';
import type { RunKind, RunResult } from '../results/schema.ts';
import type { RunSummary } from '../summary/run-summary.ts';
import { summarizeScale } from '../summary/scale-summary.ts';
import { summarize } from '../summary/summarize.ts';
import type { Workload } from '../workloads/schema.ts';
import { answerLines, scaleAnswerLines } from './answers.ts';
import { ladderReport, stopLines } from './ladder.ts';
import { environmentParts, repeatParts, withoutCharts } from './page.ts';
import { repeatCommands } from './repeat.ts';
import { runHeader, runReport } from './run.ts';
import { scaleReport } from './scale.ts';
import { trustLines } from './trust.ts';

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
export function runPage(
  result: RunResult,
  { known, summary = summarize(result), history = [], as }: PageContext,
): Document {
  const body = bodyOf(result, summary, as ?? result.record.kind);
  return {
    ...runHeader(result),
    warnings: body.tables.warnings,
    conclusion: body.tables.conclusion,
    parts: [
      ...section('How far to trust it', [notesPart(trustLines(result, summary))]),
      ...section('Answers', [notesPart(body.answers), ...chartParts([body.main])]),
      ...body.charts,
      ...section('History', history),
      ...section('Tables', withoutCharts(body.tables)),
      ...environmentParts(result.record),
      ...repeatParts(repeatCommands(result.record, known)),
    ],
  };
}

interface Body {
  readonly answers: readonly string[];
  /** The picture of the answers. */
  readonly main: Chart | null;
  /** Under headings. */
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
        charts: workloadCharts(result, summary),
        tables: runReport(result, { summary }),
      };
  }
}

/** What each workload shows. */
function workloadCharts(result: RunResult, summary: RunSummary): Part[] {
  const run = chartedRun(result, summary);
  return [
    ...section('Files by depth', chartParts(depthCharts(summary))),
    ...summary.workloads.flatMap((workload) =>
      section(
        `Charts of ${workload.workload.id}`,
        chartParts([
          latencyChart(run, workload),
          costAgainstCallsChart(workload),
          callsChart(workload),
          utilisationChart(workload),
          blocksChart(run, workload),
        ]),
      ),
    ),
  ];
}

function scaleBody(result: RunResult, summary: RunSummary): Body {
  const scale = summarizeScale(result, summary);
  const run = chartedRun(result, summary);
  const [main = null, ...others] = scale.sweeps.flatMap((sweep) => scaleChart(sweep, scale.cost) ?? []);
  return {
    answers: scaleAnswerLines(scale),
    main,
    charts: [
      ...section('Charts', chartParts(others)),
      ...section(
        'How undisturbed it was',
        chartParts(summary.workloads.map((workload) => blocksChart(run, workload))),
      ),
    ],
    tables: scaleReport(result, scale),
  };
}

function ladderBody(result: RunResult, summary: RunSummary): Body {
  const ladder = ladderOf(result, summary);
  return {
    main: null,
    answers: stopLines(ladder),
    charts: [
      ...ladder.families.flatMap((family) =>
        section(
          `Rungs of ${family.family}`,
          chartParts(ladder.metrics.map((metric) => ladderChart(family, metric, ladder.workloads))),
        ),
      ),
      ...workloadCharts(result, summary),
    ],
    tables: ladderReport(result, { summary, ladder }),
  };
}
