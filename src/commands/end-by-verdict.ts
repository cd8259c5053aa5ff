import type { Comparison } from '../compare/result.ts';
import { outcomeLine } from '../reports/compare.ts';
import { GateError } from '../util/errors.ts';

/** The worst of the verdicts decides. */
export function endByVerdict(
  comparisons: readonly Comparison[],
  inconclusive: 'pass' | 'fail' | undefined,
): void {
  const worst = (['regressed', 'missing', 'inconclusive'] as const)
    .map((outcome) => comparisons.find((comparison) => comparison.outcome === outcome))
    .find((comparison) => comparison !== undefined);
  if (worst === undefined) return;
  if (worst.outcome !== 'inconclusive') throw new GateError(outcomeLine(worst), 'regressed');
  if (inconclusive === 'pass') return;
  throw new GateError(outcomeLine(worst), inconclusive === 'fail' ? 'regressed' : 'inconclusive');
}
