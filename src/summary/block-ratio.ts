import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';
import type { Observation, ObservedTrial } from '../results/schema.ts';
import { pairedRatio } from '../stats/bootstrap.ts';
import { intervalSchema } from './run-summary.ts';

export const blockRatioSchema = z
  .object({
    ratio: z.number(),
    interval: intervalSchema.nullable().describe('95 %; null with too few blocks'),
    range: intervalSchema.describe('of single blocks, the least and the most'),
    blocks: z.number().int().nonnegative(),
  })
  .describe('how many times one set of trials reaches another, from the blocks that hold both');
export type BlockRatio = ReadonlyDeep<z.infer<typeof blockRatioSchema>>;

/** What is compared of a trial. Zero where it was not seen: no ratio is made of it. */
export type Merit = (observation: Observation) => number;

export const throughput: Merit = (observation) => observation.throughputPerS;
export const cpuPerRequest: Merit = (observation) => observation.server.cpuNsPerRequest;

/** `value` over `base`, both of one merit, paired within the blocks. Null without a block that has both. */
export function blockRatio(
  sets: { readonly value: readonly ObservedTrial[]; readonly base: readonly ObservedTrial[] },
  merit: Merit,
  seed: number,
): BlockRatio | null {
  const bases = new Map(sets.base.map((trial) => [trial.block, merit(trial.observation)]));
  const pairs = sets.value
    .map((trial) => ({ value: merit(trial.observation), baseline: bases.get(trial.block) ?? 0 }))
    .filter((pair) => pair.value > 0 && pair.baseline > 0);
  const { ratio, interval, blocks } = pairedRatio(pairs, { seed, comparisons: 1 });
  if (ratio === null) return null;
  const ratios = pairs.map((pair) => pair.value / pair.baseline);
  return { ratio, interval, range: { low: Math.min(...ratios), high: Math.max(...ratios) }, blocks };
}
