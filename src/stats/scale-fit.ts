import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { linearRegression, mean, sampleVariance } from 'simple-statistics';
import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { expandedPercentiles } from './bootstrap.ts';
import { expectedLowest } from './extremes.ts';
import { studentTQuantile } from './student-t.ts';

/** A cost that grows by this share of what it is with the fewest idle connections grows for real. */
export const GROWTH_MATERIAL = 0.5;
/**
 * O(1) is a claim about this many idle connections at least. A sweep that ends earlier has its line
 * drawn on to here, so that a cost which grows is not called constant for want of connections.
 */
export const IDLE_REFERENCE = 10_000;
/** With fewer trials of a count its floor is likely not to have been seen, and no percentile interval holds 95 %. */
export const SCALE_BLOCKS_MIN = 6;
/** Of counted costs: with fewer there is no spread to take an interval from. */
export const COUNTED_BLOCKS_MIN = 2;
const INTERVAL_ERROR = 0.05;
/** The floor of a count is the expected lowest of so many of its trials; see `expectedLowest`. */
export const FLOOR_OF = 5;
const RESAMPLES = 1000;
/** More blocks than this are not asked for: something else is wrong then. */
const BLOCKS_WANTED_MAX = 1000;

/** What a sweep compares: the server's CPU time, or in a guest that counts them, the instructions of both ends. */
export const SCALE_COSTS = ['server-cpu', 'path-length'] as const;
export type ScaleCost = (typeof SCALE_COSTS)[number];

/** What a request cost in one trial: nanoseconds, or instructions. */
export interface CostPoint {
  readonly idle: number;
  readonly cost: number;
}

export interface FitOptions {
  /** Of what is drawn at random. */
  readonly seed: number;
  /** Of which kind the costs are; without a word, CPU time. */
  readonly of?: ScaleCost;
}

const estimate = z.object({
  value: z.number(),
  interval: z
    .object({ low: z.number(), high: z.number() })
    .nullable()
    .describe('95 %; null with too few blocks'),
});

type ScaleEstimate = ReadonlyDeep<z.infer<typeof estimate>>;

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
  blocks: z
    .number()
    .int()
    .nonnegative()
    .describe('whose trials are used, at the count of idle connections that has the fewest'),
  slopeNsPerIdle: estimate
    .nullable()
    .describe('server CPU in ns that one more idle connection adds to a request; null of path lengths'),
  slopeInstructionsPerIdle: estimate
    .nullable()
    .default(null)
    .describe('guest instructions that one more idle connection adds to a request; null of CPU time'),
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
  line: z
    .array(
      z.object({
        idle: z.number(),
        cost: z.number(),
        interval: z.object({ low: z.number(), high: z.number() }).nullable(),
      }),
    )
    .default([])
    .describe(
      'the fitted line at every count of idle connections, with the 95 % interval of its place there',
    ),
});

export type ScaleVerdict = ReadonlyDeep<z.infer<typeof scaleVerdictSchema>>;
export type ScaleFit = ReadonlyDeep<z.infer<typeof scaleFitSchema>>;

/** Costs of one count of idle connections; null in a block where the trial is left out. */
interface Count {
  readonly idle: number;
  readonly costs: readonly (number | null)[];
}

/**
 * What idle connections cost: the line `a + b N` through the floors of all counts.
 *
 * **A count's cost** is its floor, the expected lowest of five trials. Noise only ever adds CPU time, and in bursts: on a
 * busy host, lines through the trials of each block followed whoever was hit with the most connections, where a trial has
 * the most weight. In simulations of 8 blocks of a constant cost they were called O(N) in 9 % where bursts hit the larger
 * counts thrice as often, and in 77 % where those were hit in four trials of five; lines through floors are in 0 and 3 %.
 *
 * **The line** is the ordinary least-squares one. Counts span three orders of magnitude, so the largest decide; that is
 * wanted. Where the cost is constant, so is its noise, and that is the case in which precision decides the verdict.
 * Where it grows, weights of 1/cost^2 would be more precise, but the slope is many times its error there, and if the
 * cost bends (caches) such weights would tell the slope of small counts.
 *
 * **Intervals** are a bootstrap over blocks of all of that, expanded for few blocks as in `pairedRatio`.
 *
 * **Path lengths** are counted, not timed: no burst of others is in them, and they lie on both sides of their middle, mostly
 * within a hundredth. Their line is the mean of those of the blocks, with Student's interval, which two blocks suffice for.
 *
 * @param blocks the points of each block. A block may lack counts that another one has.
 */
export function fitScale(
  blocks: readonly (readonly CostPoint[])[],
  { seed, of = 'server-cpu' }: FitOptions,
): ScaleFit {
  const idle = [...new Set(blocks.flatMap((points) => points.map((point) => point.idle)))];
  const counts = idle
    .sort((a, b) => a - b)
    .map((count): Count => ({ idle: count, costs: blocks.map((points) => costAt(points, count)) }));
  const fewest = counts.length === 0 ? 0 : Math.min(...counts.map(({ costs }) => present(costs).length));
  const fitted = of === 'path-length' ? countedLine(counts) : timedLine(counts, { fewest, seed });
  if (fitted === null) {
    const none = {
      ...{ slopeNsPerIdle: null, slopeInstructionsPerIdle: null, growthShare: null, exponent: null },
    };
    return { ...none, blocks: fewest, verdict: { kind: 'inconclusive', why: 'too-few-points' }, line: [] };
  }
  const { line, estimateOf, leastGrowth, blocksMin } = fitted;
  const growth = estimateOf(line.growth, (one) => one.growth);
  const slope = estimateOf(line.slope, (one) => one.slope);
  return {
    blocks: fewest,
    slopeNsPerIdle: of === 'server-cpu' ? slope : null,
    slopeInstructionsPerIdle: of === 'path-length' ? slope : null,
    growthShare: growth,
    exponent: line.exponent === null ? null : estimateOf(line.exponent, (one) => one.exponent),
    verdict: judge(growth, {
      blocks: fewest,
      blocksMin,
      reach: IDLE_REFERENCE / lengthOf(counts),
      leastGrowth,
    }),
    line: counts.map(({ idle: at }) => {
      const { value: cost, interval } = estimateOf(line.costAt(at), (one) => one.costAt(at));
      return { idle: at, cost, interval };
    }),
  };
}

/** A line with what its intervals come from. */
interface FittedLine {
  readonly line: Line;
  readonly estimateOf: (value: number, read: (line: Line) => number | null) => ScaleEstimate;
  /** Of the line that grows least. */
  readonly leastGrowth: number;
  /** With fewer there is no interval. */
  readonly blocksMin: number;
}

/** Null where there are fewer than two counts. */
function timedLine(
  counts: readonly Count[],
  { fewest, seed }: { readonly fewest: number; readonly seed: number },
): FittedLine | null {
  const line = lineThrough(counts, floorsOf(counts));
  if (line === null) return null;
  const lines = fewest < SCALE_BLOCKS_MIN ? [] : resampledLines(counts, seed);
  return {
    line,
    estimateOf: (value, read) => {
      const drawn = lines.flatMap((one) => read(one) ?? []);
      return { value, interval: drawn.length === 0 ? null : expandedPercentiles(drawn, fewest) };
    },
    leastGrowth: lineThrough(counts, lowestOf(counts))?.growth ?? 0,
    blocksMin: SCALE_BLOCKS_MIN,
  };
}

/** The same of costs that are counted. A block that lacks a count has no line of its own. */
function countedLine(counts: readonly Count[]): FittedLine | null {
  const line = lineThrough(
    counts,
    counts.map(({ costs }) => mean(present(costs))),
  );
  if (line === null) return null;
  const blocks = counts[0]?.costs.length ?? 0;
  const lines = Array.from({ length: blocks }, (_, block) =>
    counts.map(({ costs }) => costs[block] ?? null),
  ).flatMap((costs) => (costs.includes(null) ? [] : (lineThrough(counts, present(costs)) ?? [])));
  return {
    line,
    estimateOf: (value, read) => ({
      value,
      interval: studentInterval(
        value,
        lines.flatMap((one) => read(one) ?? []),
      ),
    }),
    leastGrowth: Math.min(...lines.map(({ growth }) => growth)),
    blocksMin: COUNTED_BLOCKS_MIN,
  };
}

/** Around a mean. Null for fewer values than `COUNTED_BLOCKS_MIN`. */
function studentInterval(middle: number, values: readonly number[]): ScaleEstimate['interval'] {
  if (values.length < COUNTED_BLOCKS_MIN) return null;
  const error = Math.sqrt(sampleVariance([...values]) / values.length);
  const reach = studentTQuantile(1 - INTERVAL_ERROR / 2, values.length - 1) * error;
  return { low: middle - reach, high: middle + reach };
}

interface Line {
  readonly slope: number;
  readonly costAt: (idle: number) => number;
  /** Over the sweep, as a share of the cost with the fewest idle connections. */
  readonly growth: number;
  /** Between the two largest counts; null where they have no logarithm. */
  readonly exponent: number | null;
}

/** @param costs one of each count. Null where there are fewer than two counts. */
function lineThrough(counts: readonly Count[], costs: readonly number[]): Line | null {
  const [base] = costs;
  if (base === undefined || costs.length < 2) return null;
  const { m: slope, b: atZero } = linearRegression(counts.map(({ idle }, i) => [idle, costs[i] ?? 0]));
  const [from = 0, to = 0] = counts.slice(-2).map(({ idle }) => idle);
  const [before = 0, last = 0] = costs.slice(-2);
  const exponent = from > 0 ? Math.log(last / before) / Math.log(to / from) : null;
  const costAt = (idle: number) => atZero + slope * idle;
  return { slope, costAt, growth: (slope * lengthOf(counts)) / base, exponent };
}

function lengthOf(counts: readonly Count[]): number {
  return (counts.at(-1)?.idle ?? 0) - (counts[0]?.idle ?? 0);
}

function floorsOf(counts: readonly Count[]): readonly number[] {
  return counts.map(({ costs }) => floorOf(present(costs)));
}

function lowestOf(counts: readonly Count[]): readonly number[] {
  return counts.map(({ costs }) => Math.min(...present(costs)));
}

function floorOf(costs: readonly number[]): number {
  return expectedLowest(costs, Math.min(FLOOR_OF, costs.length));
}

function present(costs: readonly (number | null)[]): readonly number[] {
  return costs.filter((cost) => cost !== null);
}

/** Lines of blocks that are drawn with replacement; those in which a count has no trial at all are drawn again. */
function resampledLines(counts: readonly Count[], seed: number): readonly Line[] {
  const random = xoroshiro128plus(seed);
  const blocks = counts[0]?.costs.length ?? 0;
  const lines: Line[] = [];
  while (lines.length < RESAMPLES) {
    const drawn = Array.from({ length: blocks }, () => uniformInt(random, 0, blocks - 1));
    const resampled = counts.map(({ idle, costs }) => ({ idle, costs: drawn.map((i) => costs[i] ?? null) }));
    if (resampled.some(({ costs }) => present(costs).length === 0)) continue;
    const line = lineThrough(resampled, floorsOf(resampled));
    if (line !== null) lines.push(line);
  }
  return lines;
}

interface Extent {
  readonly blocks: number;
  readonly blocksMin: number;
  /** How many times the sweep the reference is. */
  readonly reach: number;
  /** Of the line through the very lowest trial of each count, or of the block that grows least. */
  readonly leastGrowth: number;
}

/**
 * O(N) where the interval leaves out 0 and the growth over the sweep is material, also that of the lowest trials of all:
 * with the most connections not even the luckiest of them was cheap. O(1) where not even the upper end of the interval,
 * at the reference, is material. Doubt is its own answer.
 */
function judge(
  { value, interval }: ScaleEstimate,
  { blocks, blocksMin, reach, leastGrowth }: Extent,
): ScaleVerdict {
  if (interval === null) return { kind: 'inconclusive', why: 'too-few-blocks', blocksWanted: blocksMin };
  const limit = GROWTH_MATERIAL / Math.max(1, reach);
  const grows = interval.low > 0 && value >= GROWTH_MATERIAL;
  if (grows && leastGrowth >= GROWTH_MATERIAL) return { kind: 'O(N)' };
  // Floors that a single trial denies were not seen: that is the host's.
  if (grows) return { kind: 'inconclusive', why: 'too-noisy', blocksWanted: null };
  if (interval.high < limit) return { kind: 'O(1)' };
  if (interval.low > 0 && value >= limit) return { kind: 'inconclusive', why: 'sweep-too-short' };
  // An interval shrinks with the root of the blocks, until it leaves out the limit or zero.
  const toSpare = value < limit ? limit - value : value;
  const wanted = Math.ceil(blocks * ((interval.high - interval.low) / 2 / toSpare) ** 2);
  const blocksWanted = wanted <= BLOCKS_WANTED_MAX ? Math.max(wanted, blocks + 1) : null;
  return { kind: 'inconclusive', why: 'too-noisy', blocksWanted };
}

function costAt(points: readonly CostPoint[], idle: number): number | null {
  return points.find((point) => point.idle === idle)?.cost ?? null;
}
