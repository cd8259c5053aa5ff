import { kernelsHeatChart, pathLengthCharts } from '../../charts/kernels-charts.ts';
import type { CompareOptions } from '../../compare/compare-runs.ts';
import { kernelMatrices } from '../../compare/kernel-matrix.ts';
import type { KernelMatrix } from '../../compare/kernel-matrix-schema.ts';
import type { Chart } from '../../document/chart-schema.ts';
import { withSchema } from '../../reports/json.ts';
import { kernelsReport } from '../../reports/kernels.ts';
import { pageOf } from '../../reports/page.ts';
import type { RunResult } from '../../results/schema.ts';
import { KERNELS_SCHEMA_VERSION } from '../../results/schema-id.ts';
import { type PrintOptions, write, writeDocument } from '../output.ts';
import { type ReportOptions, typedCommand, writePage } from '../report-file.ts';
import { NOT_EXPLAINED, whyChanged } from '../why.ts';

/** Prints boots as matrices of models and kernels. */
export async function reportKernels(
  runs: readonly (RunResult & { readonly folder: string })[],
  options: PrintOptions & ReportOptions,
  {
    compareOptions,
    problems = [],
    stored,
  }: {
    readonly compareOptions?: CompareOptions;
    readonly problems?: readonly string[];
    readonly stored?: string;
  } = {},
): Promise<readonly KernelMatrix[]> {
  const matrices = kernelMatrices(runs, compareOptions);
  const why = await whyOf(matrices, runs);
  const document = kernelsReport(matrices, { why, warnings: problems });
  if (options.report !== undefined)
    await writePage(
      pageOf(document, { charts: chartsOf(matrices), commands: [typedCommand()] }),
      options.report,
    );
  if (options.json)
    await write(
      `${JSON.stringify(withSchema('kernels', { schemaVersion: KERNELS_SCHEMA_VERSION, matrices, why, problems }), null, 1)}\n`,
    );
  else
    await writeDocument(document, {
      ...options,
      ...(stored === undefined ? {} : { stored }),
    });
  return matrices;
}

function chartsOf(matrices: readonly KernelMatrix[]): readonly Chart[] {
  return matrices.flatMap((matrix) => [
    ...[kernelsHeatChart(matrix)].filter((chart) => chart !== null),
    ...pathLengthCharts(matrix),
  ]);
}

/** What explains the change under every kernel, of the first kind of guest in which it was counted by function. */
async function whyOf(
  matrices: readonly KernelMatrix[],
  runs: readonly (RunResult & { readonly folder: string })[],
): Promise<readonly string[]> {
  const named = (ids: readonly string[]) => runs.filter(({ record }) => ids.includes(record.runId));
  const kernels = matrices[0]?.kernels.length ?? 0;
  const lines: string[] = [];
  let missing = false;
  for (let kernel = 1; kernel < kernels; kernel++) {
    const found = await Promise.all(
      matrices.map(({ kernels: all }) => {
        const [base, own] = [all[0], all[kernel]];
        return base && own?.comparison
          ? whyChanged(own.comparison, { base: named(base.runs), current: named(own.runs) })
          : [];
      }),
    );
    const explained = found.find((one) => one !== null && one.length > 0);
    missing ||= explained === undefined && found.includes(null);
    lines.push(...(explained ?? []));
  }
  return missing && lines.length === 0 ? [NOT_EXPLAINED] : lines;
}
