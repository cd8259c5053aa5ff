import type { Comparison, MetricComparison } from '../compare/result.ts';
import { explainChange } from '../explain/explain-change.ts';
import type { PathLength } from '../explain/explain-schema.ts';
import { explainedCells, pathLengthOf } from '../explain/path-length.ts';
import { PATH_LENGTH_ID } from '../metrics/registry.ts';
import { readExplanation } from '../results/explanation.ts';
import type { Explanation } from '../results/explanation-schema.ts';
import type { CellName } from '../results/schema.ts';

const LINES = 5;

/** Of runs that were not explained. */
export const NOT_EXPLAINED =
  'Why: these boots were not counted by function; kernels run --explain first does that.';

/** A run that is compared, and the folder in which it is stored. */
interface StoredRun {
  readonly folder: string;
}

/**
 * What explains the largest change of a path length, in a heading and five lines: of a cell that regressed or improved, else none.
 * Null where such a cell was not explained on both sides.
 */
export async function whyChanged(
  { metrics }: Pick<Comparison, 'metrics'>,
  sides: { readonly base: readonly StoredRun[]; readonly current: readonly StoredRun[] },
): Promise<readonly string[] | null> {
  const changed = metrics.filter(
    ({ metric, verdict }) => metric === PATH_LENGTH_ID && (verdict === 'regressed' || verdict === 'improved'),
  );
  if (changed.length === 0) return [];
  const [base, current] = [await explanationsOf(sides.base), await explanationsOf(sides.current)];
  const explained = changed.filter((cell) => [base, current].every((side) => hasCell(side, cell)));
  const [first, ...others] = explained;
  if (first === undefined) return null;
  const most = others.reduce((a, b) => (sizeOf(b) > sizeOf(a) ? b : a), first);
  const [before, after] = [pathOf(base, most), pathOf(current, most)];
  return [
    `Why, of ${most.label} under ${most.workload} (${Math.round(before.instructions)} to ${Math.round(after.instructions)} instructions per request; kernels explain tells all):`,
    ...explainChange(before, after, LINES).map((line) => `  ${line}`),
  ];
}

function sizeOf({ change }: MetricComparison): number {
  return Math.abs(Math.log(change.ratio));
}

async function explanationsOf(runs: readonly StoredRun[]): Promise<readonly Explanation[]> {
  const found = await Promise.all(runs.map(({ folder }) => readExplanation(folder)));
  return found.filter((explanation) => explanation !== null);
}

function hasCell(explanations: readonly Explanation[], cell: CellName): boolean {
  return explanations.some((explanation) =>
    explainedCells(explanation).some(
      ({ label, workload }) => label === cell.label && workload === cell.workload,
    ),
  );
}

function pathOf(explanations: readonly Explanation[], cell: CellName): PathLength {
  return pathLengthOf(explanations, cell);
}
