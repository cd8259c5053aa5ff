import type { Comparison } from '../compare/result.ts';
import { UNITS } from '../metrics/registry.ts';
import type { RunRecord } from '../results/schema.ts';
import type { MeasuredRow } from '../summary/run-summary.ts';
import { counted } from '../util/units.ts';
import { type ExportCell, measuredCells, trialsOfMetric } from './cells.ts';
import type { Exporter, ExportInput } from './exporter.ts';
import { type Measurement, measurementsOf } from './measurements.ts';
import { clockSuffix, originOf } from './origin.ts';

const DIRECTIONS = ['higher', 'lower'] as const;

/**
 * github-action-benchmark, tools `customBiggerIsBetter` and `customSmallerIsBetter`: a file has one
 * direction, so there are two. Source: the README of benchmark-action/github-action-benchmark.
 */
export const githubExporter: Exporter = {
  id: 'github',
  title: 'github-action-benchmark, a file for each direction',
  files: ['github-bigger-is-better.json', 'github-smaller-is-better.json'],
  verdicts: true,
  picksMetrics: true,
  write: (input) => DIRECTIONS.map((better) => fileOf(input, better)),
};

function fileOf(input: ExportInput, better: (typeof DIRECTIONS)[number]): string {
  const entries = measuredCells(input).flatMap((cell) =>
    measurementsOf(cell, input.metrics)
      .filter(({ metric }) => metric.better === better)
      .map((measurement) => entryOf(cell, measurement, input.result.record)),
  );
  const lost = better === 'lower' && input.comparison !== null ? [missingEntry(input.comparison)] : [];
  return `${JSON.stringify([...entries, ...lost], null, 2)}\n`;
}

/** A cell that is gone has no entry, which alerts nobody; that there are any does. */
function missingEntry({ missing }: Comparison) {
  const found = missing.filter(({ allowed }) => !allowed);
  return {
    name: 'missing beside the base',
    unit: 'cells',
    value: found.length,
    extra: found.map(({ label, workload, reason }) => `${label}/${workload}: ${reason}`).join('; '),
  };
}

function entryOf(
  cell: ExportCell<MeasuredRow>,
  { metric, value, lower, upper }: Measurement,
  record: RunRecord,
) {
  const { host, kernel, arch, version, clock, guest } = originOf(record);
  const where = [
    `kernel ${kernel}`,
    arch,
    ...(host === null ? [] : [`host ${host}`]),
    `version ${version}`,
    ...(clock === null ? [] : [`clock ${clock}`, `guest ${guest}`]),
  ];
  return {
    name: `${cell.label}/${cell.workload}${clockSuffix(record)} ${metric.title}`,
    unit: UNITS[metric.unit].shown,
    value,
    ...(lower === null ? {} : { range: `${lower} to ${upper}` }),
    extra: `quartiles of ${counted(trialsOfMetric(cell, metric).length, 'trial')}; limit: ${cell.row.saturation.verdict}; ${where.join(', ')}`,
  };
}
