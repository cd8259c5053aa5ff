import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { describe, expect, test } from 'vitest';
import { type CostPoint, fitScale } from './scale-fit.ts';

const SEED = 3;
const SWEEP = [0, 10, 100, 1000, 4000, 9900];
const BASE_NS = 5000;

type Cost = (idle: number) => number;

/** Blocks of a cost with normal noise of `share` of it; seeded. */
function noisy(cost: Cost, { blocks = 6, share = 0, sweep = SWEEP, seed = SEED } = {}): CostPoint[][] {
  const random = xoroshiro128plus(seed);
  const uniform = () => 1 - uniformFloat64(random);
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return Array.from({ length: blocks }, () =>
    sweep.map((idle) => ({ idle, cpuNsPerRequest: cost(idle) * (1 + share * normal()) })),
  );
}

const constant: Cost = () => BASE_NS;
const line =
  (slope: number): Cost =>
  (idle) =>
    BASE_NS + slope * idle;

describe('A line', () => {
  test('is found exactly where there is no noise', () => {
    const fit = fitScale(noisy(line(20)), SEED);
    expect(fit).toMatchObject({ blocks: 6, verdict: { kind: 'O(N)' } });
    expect(fit.slopeNsPerIdle?.value).toBeCloseTo(20, 9);
    expect(fit.slopeNsPerIdle?.interval?.low).toBeCloseTo(20, 9);
    expect(fit.slopeNsPerIdle?.interval?.high).toBeCloseTo(20, 9);
    expect(fit.growthShare?.value).toBeCloseTo((20 * 9900) / BASE_NS, 9);
  });

  test('lies within the interval where there is noise', () => {
    const { slopeNsPerIdle, verdict } = fitScale(noisy(line(20), { share: 0.1 }), SEED);
    expect(verdict).toEqual({ kind: 'O(N)' });
    expect(slopeNsPerIdle?.interval?.low).toBeLessThan(20);
    expect(slopeNsPerIdle?.interval?.high).toBeGreaterThan(20);
    expect(slopeNsPerIdle?.interval?.low).toBeGreaterThan(15);
    expect(slopeNsPerIdle?.interval?.high).toBeLessThan(25);
  });

  test('is not bent by one block in which a neighbour took the CPU', () => {
    const blocks = noisy(line(20), { share: 0.01 });
    const disturbed = blocks.map((points, block) =>
      points.map((point) => (block === 2 && point.idle === 9900 ? scaledBy(point, 5) : point)),
    );
    expect(fitScale(disturbed, SEED).slopeNsPerIdle?.value).toBeCloseTo(20, 0);
  });

  test('has the exponent 1 where the slope is all there is, and 0 where there is none', () => {
    expect(
      fitScale(
        noisy((idle) => 20 * idle + 1),
        SEED,
      ).exponent?.value,
    ).toBeCloseTo(1, 3);
    expect(fitScale(noisy(constant), SEED).exponent?.value).toBeCloseTo(0, 9);
    expect(
      fitScale(
        noisy((idle) => BASE_NS + idle ** 2),
        SEED,
      ).exponent?.value,
    ).toBeCloseTo(2, 2);
  });

  test('has no exponent over a count that has no logarithm', () => {
    expect(fitScale(noisy(line(20), { sweep: [0, 500] }), SEED).exponent).toBeNull();
  });
});

describe('The verdict', () => {
  test.each([
    { what: 'a constant cost', blocks: noisy(constant, { share: 0.02 }), kind: 'O(1)' },
    { what: 'a cost that falls', blocks: noisy(line(-0.1)), kind: 'O(1)' },
    { what: 'growth of 20 %, though certain', blocks: noisy(line(0.1), { share: 0.001 }), kind: 'O(1)' },
    { what: 'growth of 300 %', blocks: noisy(line(1.5), { share: 0.1 }), kind: 'O(N)' },
    {
      what: 'growth of 100 % by 1,000 idle connections',
      blocks: noisy(line(5), { share: 0.02, sweep: [0, 10, 100, 1000] }),
      kind: 'O(N)',
    },
  ])('on $what is $kind', ({ blocks, kind }) => {
    expect(fitScale(blocks, SEED).verdict).toEqual({ kind });
  });

  test.each([
    {
      what: 'a single count',
      blocks: noisy(constant, { sweep: [0] }),
      verdict: { kind: 'inconclusive', why: 'too-few-points' },
    },
    {
      what: 'no block',
      blocks: [],
      verdict: { kind: 'inconclusive', why: 'too-few-points' },
    },
    {
      what: 'three blocks',
      blocks: noisy(line(20), { blocks: 3 }),
      verdict: { kind: 'inconclusive', why: 'too-few-blocks', blocksWanted: 4 },
    },
    {
      what: 'growth of 20 % that ends at 100 idle connections',
      blocks: noisy(line(10), { share: 0.005, sweep: [0, 10, 100] }),
      verdict: { kind: 'inconclusive', why: 'sweep-too-short' },
    },
  ])('on $what is doubt, and says what it lacks', ({ blocks, verdict }) => {
    expect(fitScale(blocks, SEED).verdict).toEqual(verdict);
  });

  test('on noise is doubt, and the blocks that it asks for would decide', () => {
    const { verdict } = fitScale(noisy(constant, { share: 0.8, seed: 5 }), SEED);
    expect(verdict).toEqual({ kind: 'inconclusive', why: 'too-noisy', blocksWanted: 22 });
    const more = noisy(constant, { share: 0.8, seed: 5, blocks: 22 });
    expect(fitScale(more, SEED).verdict).toEqual({ kind: 'O(1)' });
  });

  test('on noise around the limit asks for no number of blocks, for none would decide', () => {
    const limit = (0.5 * BASE_NS) / 10_000;
    const blocks = [-3, -1, -0.001, 0, 1, 3].flatMap((off) => noisy(line(limit * (1 + off)), { blocks: 1 }));
    expect(fitScale(blocks, SEED).verdict).toEqual({
      kind: 'inconclusive',
      why: 'too-noisy',
      blocksWanted: null,
    });
  });

  test('never calls a constant cost O(N), be it noisy', () => {
    const verdicts = Array.from({ length: 200 }, (_, seed) =>
      fitScale(noisy(constant, { share: 0.2, seed }), SEED),
    ).map(({ verdict }) => verdict.kind);
    expect(verdicts.filter((kind) => kind === 'O(N)')).toEqual([]);
    expect(verdicts.filter((kind) => kind === 'O(1)').length).toBeGreaterThan(150);
  });
});

function scaledBy(point: CostPoint, factor: number): CostPoint {
  return { ...point, cpuNsPerRequest: point.cpuNsPerRequest * factor };
}
