import { linearRegression, median } from 'simple-statistics';
import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { BLOCKS_MIN, type MeanEstimate, meanEstimate } from './bootstrap.ts';

/** A cost that grows by this share of what it is with the fewest idle connections grows for real. */
export const GROWTH_MATERIAL = 0.5;
/**
 * O(1) is a claim about this many idle connections at least. A sweep that ends earlier has its line
 * drawn on to here, so that a cost which grows is not called constant for want of connections.
 */
export const IDLE_REFERENCE = 10_000;
/** More blocks than this are not asked for: something else is wrong then. */
const BLOCKS_WANTED_MAX = 1000;

/** What a request cost the server in one trial. */
export interface CostPoint {
  readonly idle: number;
  readonly cpuNsPerRequest: number;
}

const estimate = z.object({
  value: z.number(),
  interval: z
    .object({ low: z.number(), high: z.number() })
    .nullable()
    .describe('95 %; null with too few blocks'),
});

export const scaleVerdictSchema = z.union([
  z.object({ kind: z.enum(['O(1)', 'O(N)']) }),
  z
    .object({ kind: z.literal('inconclusive'), why: z.literal('too-few-points') })
    .describe('a slope needs two counts of idle connections'),
  z.object({
    kind: z.literal('inconclusive'),
    why: z.enum(['too-few-blocks', 'too-noisy']),
    blocksWanted: z
      .number()
      .nullable()
      .describe('the fewest that have an interval, or what this noise is likely to need'),
  }),
  z
    .object({ kind: z.literal('inconclusive'), why: z.literal('sweep-too-short') })
    .describe('it does grow: immaterially over this sweep, materially if the line goes on to the reference'),
]);

export const scaleFitSchema = z.object({
  blocks: z.number().int().nonnegative().describe('in which every point of the sweep was measured'),
  slopeNsPerIdle: estimate
    .nullable()
    .describe('server CPU in ns that one more idle connection adds to a request'),
  growthShare: estimate
    .nullable()
    .describe(
      'the slope times the length of the sweep, as a share of the cost with the fewest idle connections',
    ),
  exponent: estimate
    .nullable()
    .describe(
      'k of cost ~ N^k between the two largest counts: 0 is constant, 1 proportional. Null where those are ' +
        'not two counts above zero',
    ),
  verdict: scaleVerdictSchema,
});

export type ScaleVerdict = ReadonlyDeep<z.infer<typeof scaleVerdictSchema>>;
export type ScaleFit = ReadonlyDeep<z.infer<typeof scaleFitSchema>>;

/**
 * What idle connections cost: a line `a + b N` per block, and b over the blocks.
 *
 * **Within a block** it is the ordinary least-squares line over all counts. They span three orders of
 * magnitude, so the largest counts decide; that is wanted. Where the cost is constant, so is its noise,
 * and these lines are the most precise ones there are; that is the case in which precision decides the
 * verdict. Where the cost grows, its noise grows with it and weights of 1/cost^2 would be more precise,
 * but the slope is many times its error there, and if the cost bends (caches) such weights would tell
 * the slope of small counts, which does not lead to the cost that was measured at large ones.
 *
 * **Over blocks** it is `meanEstimate`: a disturbed trial bends the line of its own block only, and a
 * trimmed mean leaves that block out.
 *
 * @param blocks the points of each block; all blocks have the same counts.
 */
export function fitScale(blocks: readonly (readonly CostPoint[])[], seed: number): ScaleFit {
  const counts = [...new Set(blocks[0]?.map((point) => point.idle))].sort((a, b) => a - b);
  const fewest = counts[0] ?? 0;
  const most = counts.at(-1) ?? 0;
  if (counts.length < 2) {
    const none = { slopeNsPerIdle: null, growthShare: null, exponent: null };
    return {
      ...none,
      blocks: blocks.length,
      verdict: { kind: 'inconclusive', why: 'too-few-points' },
    };
  }
  const slope = meanEstimate(
    blocks.map((points) => linearRegression(points.map((p) => [p.idle, p.cpuNsPerRequest])).m),
    seed,
  );
  const baseNs = median(blocks.map((points) => costAt(points, fewest)));
  const growth = slope && scaled(slope, (most - fewest) / baseNs);
  return {
    blocks: blocks.length,
    slopeNsPerIdle: slope,
    growthShare: growth,
    exponent: exponentOf(blocks, counts, seed),
    verdict: judge(growth, { blocks: blocks.length, reach: IDLE_REFERENCE / (most - fewest) }),
  };
}

interface Extent {
  readonly blocks: number;
  /** How many times the sweep the reference is. */
  readonly reach: number;
}

/**
 * O(N) where the interval leaves out 0 and the growth over the sweep is material. O(1) where not even
 * the upper end of the interval, at the reference, is material. Doubt is its own answer.
 */
function judge(growth: MeanEstimate | null, { blocks, reach }: Extent): ScaleVerdict {
  if (growth === null || growth.interval === null)
    return { kind: 'inconclusive', why: 'too-few-blocks', blocksWanted: BLOCKS_MIN };
  const { value, interval } = growth;
  const limit = GROWTH_MATERIAL / Math.max(1, reach);
  if (interval.low > 0 && value >= GROWTH_MATERIAL) return { kind: 'O(N)' };
  if (interval.high < limit) return { kind: 'O(1)' };
  if (interval.low > 0 && value >= limit) return { kind: 'inconclusive', why: 'sweep-too-short' };
  // An interval shrinks with the root of the blocks, until it leaves out the limit or zero.
  const toSpare = value < limit ? limit - value : value;
  const wanted = Math.ceil(blocks * ((interval.high - interval.low) / 2 / toSpare) ** 2);
  const blocksWanted = wanted <= BLOCKS_WANTED_MAX ? Math.max(wanted, blocks + 1) : null;
  return { kind: 'inconclusive', why: 'too-noisy', blocksWanted };
}

function exponentOf(
  blocks: readonly (readonly CostPoint[])[],
  counts: readonly number[],
  seed: number,
): MeanEstimate | null {
  const [from = 0, to = 0] = counts.slice(-2);
  if (from <= 0) return null;
  return meanEstimate(
    blocks.map((points) => Math.log(costAt(points, to) / costAt(points, from)) / Math.log(to / from)),
    seed,
  );
}

function costAt(points: readonly CostPoint[], idle: number): number {
  return points.find((point) => point.idle === idle)?.cpuNsPerRequest ?? Number.NaN;
}

function scaled({ value, interval }: MeanEstimate, factor: number): MeanEstimate {
  return {
    value: value * factor,
    interval: interval && { low: interval.low * factor, high: interval.high * factor },
  };
}
