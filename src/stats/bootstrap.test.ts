import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { describe, expect, test } from 'vitest';
import { halfWidth, type Interval, type Pair, pairedRatio } from './bootstrap.ts';

const OPTIONS = { seed: 7, comparisons: 1 };

/** Eight blocks around a ratio of 1.5, give or take 2 %. */
const FASTER: readonly Pair[] = [0.98, 1.01, 1, 1.02, 0.99, 1.005, 0.995, 1].map((noise, block) => ({
  value: 150 * noise * (block + 1),
  baseline: 100 * (block + 1),
}));

describe('The ratio of two models', () => {
  test('Is taken within each block, so that a slow block does not count against either', () => {
    const { ratio, interval, differs } = pairedRatio(FASTER, OPTIONS);
    expect(ratio).toBeCloseTo(1.5, 2);
    expect(interval?.low).toBeGreaterThan(1.47);
    expect(interval?.high).toBeLessThan(1.53);
    expect(differs).toBe(true);
  });

  test('Turned over, it is the inverse', () => {
    const turned = FASTER.map(({ value, baseline }) => ({ value: baseline, baseline: value }));
    const there = pairedRatio(FASTER, OPTIONS);
    const back = pairedRatio(turned, OPTIONS);
    expect((there.ratio ?? 0) * (back.ratio ?? 0)).toBeCloseTo(1, 12);
    expect((there.simultaneous?.low ?? 0) * (back.simultaneous?.high ?? 0)).toBeCloseTo(1, 12);
  });

  test('One block in which a neighbour took the CPU hardly moves it', () => {
    const [first, ...rest] = FASTER;
    const disturbed = [{ value: (first?.value ?? 0) / 5, baseline: first?.baseline ?? 0 }, ...rest];
    expect(pairedRatio(disturbed, OPTIONS).ratio).toBeCloseTo(1.5, 1);
  });

  test('The same seed gives the same interval, another one nearly the same', () => {
    expect(pairedRatio(FASTER, OPTIONS)).toEqual(pairedRatio(FASTER, OPTIONS));
    const other = pairedRatio(FASTER, { ...OPTIONS, seed: 8 });
    expect(other.interval?.low).toBeCloseTo(pairedRatio(FASTER, OPTIONS).interval?.low ?? 0, 2);
  });

  test('The more comparisons a run makes, the wider the interval that decides', () => {
    const widths = [1, 5, 33].map((comparisons) =>
      halfWidth(pairedRatio(FASTER, { seed: 7, comparisons }).simultaneous),
    );
    expect(widths).toEqual([...widths].sort((a, b) => Number(a) - Number(b)));
    expect(new Set(widths).size).toBe(3);
  });

  test.each([0, 1, 3])('With %i blocks there is no interval', (blocks) => {
    const result = pairedRatio(FASTER.slice(0, blocks), OPTIONS);
    expect(result).toMatchObject({ blocks, interval: null, simultaneous: null, differs: false });
    expect(result.ratio === null).toBe(blocks === 0);
  });

  test('Blocks without a value on both sides are left out', () => {
    const gaps = [...FASTER, { value: 0, baseline: 100 }, { value: 100, baseline: 0 }];
    expect(pairedRatio(gaps, OPTIONS)).toEqual(pairedRatio(FASTER, OPTIONS));
  });

  test('Equal values in every block are no difference', () => {
    const equal = FASTER.map(({ baseline }) => ({ value: baseline, baseline }));
    expect(pairedRatio(equal, OPTIONS)).toMatchObject({ ratio: 1, differs: false });
  });
});

/**
 * A model against itself, again and again: how often would a difference be reported? Deterministic, for
 * the noise is seeded. Measured with 2,000 repetitions, the share of 95 % intervals that leave out 1 is
 * 2 to 6 %; a plain mean instead of the trimmed one makes it 7 to 9 % wherever there are outliers, and a
 * percentile interval that is not expanded 12 to 18 % with 5 to 7 blocks.
 */
describe('A model against itself', () => {
  const REPETITIONS = 300;
  /** At 5 %, 300 repetitions exceed this by chance in one of ten cases; those here do not. */
  const MISSES_MAX = 0.066;

  const random = xoroshiro128plus(20240229);
  const uniform = () => 1 - uniformFloat64(random);
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const NOISE = {
    normal: () => Math.exp(0.03 * normal()),
    'three times slower in one trial of 20': () => Math.exp(0.03 * normal()) / (uniform() < 0.05 ? 3 : 1),
    'up to ten times slower in one trial of 3': () =>
      Math.exp(0.05 * normal()) / (uniform() < 0.3 ? 1 + 9 * uniform() : 1),
  };

  const cases = Object.entries(NOISE).flatMap(([noise, draw]) =>
    [5, 7, 10, 20].map((blocks) => ({ noise, draw, blocks })),
  );

  test.each(cases)(
    'Over $blocks blocks, noise $noise: few 95 % intervals leave out 1',
    ({ draw, blocks }) => {
      let misses = 0;
      let verdicts = 0;
      for (let repetition = 0; repetition < REPETITIONS; repetition++) {
        const pairs = Array.from({ length: blocks }, () => ({ value: draw(), baseline: draw() }));
        const { interval, differs } = pairedRatio(pairs, { seed: repetition, comparisons: 11 });
        if (leavesOutOne(interval)) misses++;
        if (differs) verdicts++;
      }
      expect(misses / REPETITIONS).toBeLessThanOrEqual(MISSES_MAX);
      // Of 11 comparisons one in 20 runs may err: 0.5 % each.
      expect(verdicts / REPETITIONS).toBeLessThanOrEqual(0.015);
    },
  );
});

function leavesOutOne(interval: Interval | null): boolean {
  return interval !== null && (interval.low > 1 || interval.high < 1);
}
