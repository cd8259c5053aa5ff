import type { CompareOptions } from '../../compare/compare-runs.ts';
import { kernelMatrices } from '../../compare/kernel-matrix.ts';
import type { KernelMatrix } from '../../compare/kernel-matrix-schema.ts';
import { withSchema } from '../../reports/json.ts';
import { kernelsReport } from '../../reports/kernels.ts';
import type { RunResult } from '../../results/schema.ts';
import { KERNELS_SCHEMA_VERSION } from '../../results/schema-id.ts';
import { type PrintOptions, write, writeDocument } from '../output.ts';

/** Prints boots as matrices of models and kernels. */
export async function reportKernels(
  runs: readonly RunResult[],
  options: PrintOptions,
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
  if (options.json)
    await write(
      `${JSON.stringify(withSchema('kernels', { schemaVersion: KERNELS_SCHEMA_VERSION, matrices, problems }), null, 1)}\n`,
    );
  else
    await writeDocument(kernelsReport(matrices, problems), {
      ...options,
      ...(stored === undefined ? {} : { stored }),
    });
  return matrices;
}
