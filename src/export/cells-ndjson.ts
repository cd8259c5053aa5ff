import type { Comparison } from '../compare/result.ts';
import type { Metric } from '../metrics/metric.ts';
import { findMetric, UNITS } from '../metrics/registry.ts';
import type { CellLine } from '../reports/cell-line.ts';
import { referenceOf } from '../results/cells.ts';
import type { MeasuredRow } from '../summary/run-summary.ts';
import type { Workload } from '../workloads/schema.ts';
import { type ExportCell, measuredCells, trialsOfMetric } from './cells.ts';
import type { Exporter, ExportInput } from './exporter.ts';
import { measurementsOf } from './measurements.ts';
import { originOf, parametersOf } from './origin.ts';
import { runIdsOf, type SweepLine, sweepLines, verdictText } from './verdicts.ts';

/** Flat NDJSON, for what reads tables: one line per model, workload and metric, of any number of runs. */
export const cellsExporter: Exporter = {
  id: 'cells',
  title: 'NDJSON, a line per model, workload and metric: for SQL and data frames',
  files: ['cells.ndjson'],
  verdicts: true,
  picksMetrics: true,
  write: (input) => [textOf([input])],
  history: (inputs) => [textOf(inputs)],
};

function textOf(inputs: readonly ExportInput[]): string {
  return inputs
    .flatMap(linesOf)
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}

/** The members behind the model in their order, as a line has them that says nothing of them. */
const NOTHING = {
  workload: null,
  mode: null,
  connections: null,
  active: null,
  depth: null,
  messageBytes: null,
  ratePerS: null,
  arrivals: null,
  metric: '',
  unit: '',
  better: 'lower',
  value: null,
  low: null,
  high: null,
  samples: null,
  enough: true,
  limit: null,
  contaminated: null,
  verdict: null,
  base: null,
} as const satisfies Partial<CellLine>;

type Context = Pick<
  CellLine,
  'run' | 'finishedAt' | 'host' | 'kernel' | 'arch' | 'cpu' | 'version' | 'clock' | 'guest'
>;

function linesOf(input: ExportInput): readonly CellLine[] {
  const { record } = input.result;
  const context = { run: record.runId, finishedAt: record.finishedAt, ...originOf(record) };
  return [
    ...measuredCells(input).flatMap((cell) => [
      ...input.metrics.flatMap((metric) => measuredLine(cell, metric, context)),
      ...referenceLine(cell, context, referenceOf(record.settings, cell.load)),
    ]),
    ...(input.comparison === null ? [] : comparedLines(input.comparison, context)),
    ...sweepLines(input).map((line) => scaledLine(line, context)),
  ];
}

/** None where it could not be measured; from too few samples it has no value. */
function measuredLine(cell: ExportCell<MeasuredRow>, metric: Metric, context: Context): readonly CellLine[] {
  const found = cell.row.metrics[metric.id];
  if (found === undefined || found.value === null) return [];
  const [measurement] = measurementsOf(cell, [metric]);
  return [
    {
      ...lineOf('measured', cell, context),
      ...{ metric: metric.id, unit: UNITS[metric.unit].shown, better: metric.better },
      value: measurement?.value ?? null,
      low: measurement?.lower ?? null,
      high: measurement?.upper ?? null,
      samples: samplesOf(cell, metric),
      enough: found.enough,
    },
  ];
}

function samplesOf(cell: ExportCell<MeasuredRow>, metric: Metric): number {
  const { quantile } = metric;
  return quantile === undefined ? trialsOfMetric(cell, metric).length : (cell.row[quantile.of]?.count ?? 0);
}

function referenceLine(cell: ExportCell<MeasuredRow>, context: Context, base: string): readonly CellLine[] {
  const { comparison } = cell.row;
  if (comparison === null || comparison.ratio === null) return [];
  return [
    {
      ...lineOf('reference', cell, context),
      ...{ metric: comparison.rankedBy, unit: 'ratio', better: 'higher', value: comparison.ratio },
      low: comparison.interval?.low ?? null,
      high: comparison.interval?.high ?? null,
      samples: comparison.blocks,
      ...{ verdict: comparison.verdict, base },
    },
  ];
}

function lineOf(kind: CellLine['kind'], { label, load, row }: ExportCell<MeasuredRow>, context: Context) {
  const { measured, contaminated } = row.trials;
  return {
    ...{ kind, ...context, model: label, ...NOTHING, ...workloadOf(load) },
    limit: row.saturation.verdict,
    contaminated: measured === 0 ? null : contaminated / measured,
  };
}

function workloadOf(workload: Workload) {
  return { workload: workload.id, ...parametersOf(workload) };
}

function comparedLines({ metrics, workloads, base }: Comparison, context: Context): readonly CellLine[] {
  return metrics.map(({ label, workload: id, metric, change, verdict, current }) => {
    const workload = workloads.find((candidate) => candidate.id === id);
    return {
      ...{ kind: 'compared', ...context, model: label, ...NOTHING },
      ...(workload === undefined ? { workload: id } : workloadOf(workload)),
      ...{ metric, unit: 'ratio', better: findMetric(metric)?.better ?? 'lower', value: change.ratio },
      low: change.interval?.low ?? null,
      high: change.interval?.high ?? null,
      ...{ samples: current.trials, verdict, base: runIdsOf(base) },
    };
  });
}

function scaledLine({ label, active, fit }: SweepLine, context: Context): CellLine {
  const counted = fit.slopeInstructionsPerIdle !== null;
  const slope = fit.slopeNsPerIdle ?? fit.slopeInstructionsPerIdle;
  return {
    ...{ kind: 'scaled', ...context, model: label, ...NOTHING, active },
    ...(counted
      ? { metric: 'slopeInstructionsPerIdle', unit: 'instructions per idle connection' }
      : { metric: 'slopeNsPerIdle', unit: 'ns per idle connection' }),
    better: 'lower',
    value: slope?.value ?? null,
    low: slope?.interval?.low ?? null,
    high: slope?.interval?.high ?? null,
    ...{ samples: fit.blocks, enough: slope !== null, verdict: verdictText(fit.verdict) },
  };
}
