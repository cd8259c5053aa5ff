import type { FeatureMatrix } from '../compare/feature-matrix-schema.ts';
import { documentOf, tablePart } from '../document/document.ts';
import type { Document } from '../document/document-schema.ts';
import { featuresTable, sameFeaturesTable } from '../tables/features-table.ts';
import { kernelNames } from '../tables/kernels-table.ts';
import { CLOCK_TEXTS } from './guest-line.ts';

/** What kernels have: where they differ, then the rest in a few lines; with `all` every feature in one table. */
export function featuresReport(
  matrix: FeatureMatrix,
  { all = false }: { readonly all?: boolean } = {},
): Document {
  const { guest, kernels, groups } = matrix;
  const names = kernelNames(kernels);
  const tables = [featuresTable(matrix, { all }), all ? null : sameFeaturesTable(matrix)];
  return documentOf({
    title: `Features of ${names.length === 1 ? 'the kernel' : 'the kernels'} ${names.join(', ')}`,
    facts: [
      `guests · clock ${guest.clock}: ${CLOCK_TEXTS[guest.clock]} · QEMU ${guest.qemu} · -cpu ${guest.cpu}`,
      ...kernels.map(({ release, build }, i) => `${names[i]}  Linux ${release} ${build ?? '(broke)'}`),
      ...groups.flatMap(({ group, counts }) => {
        const known = counts.flatMap((count, i) => (count === null ? [] : [`${names[i]} ${count}`]));
        return known.length === 0 ? [] : [`${group} that they know: ${known.join(', ')}`];
      }),
    ],
    parts: tables.flatMap((table) => (table === null ? [] : [tablePart(table)])),
    warnings: kernels.flatMap(({ problem }, i) =>
      problem === null ? [] : [`${names[i]} broke: ${problem.split('\n')[0]}`],
    ),
  });
}
