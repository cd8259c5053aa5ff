import type { MeasuredRow } from '../summary/run-summary.ts';
import { type ExportCell, measuredCells } from './cells.ts';
import type { Exporter, ExportInput } from './exporter.ts';
import { type MeasureId, type Measurement, measurementsOf } from './measures.ts';

const BIGGER: readonly MeasureId[] = ['throughput'];
const SMALLER: readonly MeasureId[] = [
  'latency-p50',
  'latency-p99',
  'cpu-per-request',
  'syscalls-per-request',
];

/**
 * github-action-benchmark, tools `customBiggerIsBetter` and `customSmallerIsBetter`: a file has one
 * direction, so there are two. Source: the README of benchmark-action/github-action-benchmark.
 */
export const githubExporter: Exporter = {
  id: 'github',
  title: 'github-action-benchmark, a file for each direction',
  files: ['github-bigger-is-better.json', 'github-smaller-is-better.json'],
  write: (input) => [BIGGER, SMALLER].map((measures) => fileOf(input, measures)),
};

function fileOf(input: ExportInput, measures: readonly MeasureId[]): string {
  const entries = measuredCells(input).flatMap((cell) =>
    measurementsOf(cell)
      .filter(({ measure }) => measures.includes(measure.id))
      .map((measurement) => entryOf(cell, measurement)),
  );
  return `${JSON.stringify(entries, null, 2)}\n`;
}

function entryOf(cell: ExportCell<MeasuredRow>, { measure, value, lower, upper }: Measurement) {
  return {
    name: `${cell.label}/${cell.workload} ${measure.title}`,
    unit: measure.unit,
    value,
    range: `${lower} to ${upper}`,
    extra: `quartiles of ${cell.trials.length} trials; limit: ${cell.row.saturation.verdict}`,
  };
}
