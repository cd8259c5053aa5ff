import type { KernelMatrix } from '../compare/kernel-matrix-schema.ts';
import { documentOf, notesPart, tablePart } from '../document/document.ts';
import type { Document } from '../document/document-schema.ts';
import type { Clock } from '../results/schema.ts';
import { kernelNames, kernelsTable } from '../tables/kernels-table.ts';
import { counted } from '../util/units.ts';
import { outcomeLine } from './compare.ts';
import { kindLine } from './guest-line.ts';

/** Several kernels: the answers, a matrix for each kind of guest, and what its numbers are. */
export function kernelsReport(
  matrices: readonly KernelMatrix[],
  {
    why = [],
    warnings = [],
  }: { readonly why?: readonly string[]; readonly warnings?: readonly string[] } = {},
): Document {
  const [first] = matrices;
  if (first === undefined) return documentOf({ title: 'No boots', warnings });
  const names = kernelNames(first.kernels);
  return documentOf({
    title: `Kernels ${names.join(', ')}`,
    facts: [
      ...new Set(matrices.map(({ guest }) => kindLine(guest))),
      ...first.kernels.map(({ release, build }, i) => `${names[i]}  Linux ${release} ${build}`),
      ...matrices.map(
        ({ guest, kernels }) =>
          `${counted(guest.smp, 'CPU')}: ${kernels.map(({ runs }, i) => `${names[i]} ${counted(runs.length, 'boot')}`).join(', ')}`,
      ),
    ],
    parts: [
      notesPart(matrices.flatMap((matrix) => outcomesOf(matrix))),
      ...matrices.map((matrix) => tablePart(kernelsTable(matrix))),
      notesPart(why),
      notesPart([...new Set(matrices.map(({ guest }) => NUMBERS[guest.clock]))]),
    ],
    warnings,
  });
}

/** What the numbers of a clock are. */
const NUMBERS: Readonly<Record<Clock, string>> = {
  icount:
    'Path length is guest instructions per request, of server, client and kernel: what is executed, not how long it takes. No caches, no stalls, no time.',
  kvm: 'Wall time counts no instructions, so that there is no path length: show and compare have the times of these runs.',
  tcg: 'Under plain emulation neither instructions nor times mean anything, and none are told: what runs is all there is to see; kernels probe shows more of it.',
};

/** Every kernel against the first, in a sentence. */
function outcomesOf({ guest, kernels }: KernelMatrix): string[] {
  const names = kernelNames(kernels);
  return kernels.flatMap(({ comparison }, i) =>
    comparison === null
      ? []
      : [`${names[i]} against ${names[0]}, ${counted(guest.smp, 'CPU')}: ${outcomeLine(comparison)}`],
  );
}
