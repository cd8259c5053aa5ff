import type { Cost, CostsResult, DerivedCost } from './schema.ts';

/** A cost that was measured, or derived of such. */
export type FoundCost = Extract<Cost, { status: 'measured' }> | Extract<DerivedCost, { status: 'derived' }>;

/** A cost by its id, measured or derived; else the reason why there is none. */
export function costOf(
  { costs, derived }: Pick<CostsResult, 'costs' | 'derived'>,
  id: string,
): FoundCost | { readonly status: 'none'; readonly reason: string } {
  const cost = costs.find((one) => one.id === id) ?? derived.find((one) => one.id === id);
  if (cost === undefined) return { status: 'none', reason: `the cost ${id} was not measured` };
  if (cost.status === 'measured' || cost.status === 'derived') return cost;
  return { status: 'none', reason: cost.reason };
}

/** Only what was measured. */
export function nsOf(result: Pick<CostsResult, 'costs' | 'derived'>, id: string): number | null {
  const cost = costOf(result, id);
  return cost.status === 'none' ? null : cost.ns;
}
