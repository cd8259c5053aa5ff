import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { describe, expect, test } from 'vitest';
import { changePoints, SEGMENT_MIN } from './change-points.ts';

const LEVEL = 0.05;

type Noise = (random: ReturnType<typeof xoroshiro128plus>) => number;

/** Box-Muller. */
const gaussian: Noise = (random) =>
  Math.sqrt(-2 * Math.log(1 - uniformFloat64(random))) * Math.cos(2 * Math.PI * uniformFloat64(random));
/** As levels of runs are: mostly near each other, one in ten far above. */
const bursty: Noise = (random) => gaussian(random) + (uniformFloat64(random) < 0.1 ? 8 : 0);

/** In how many of so many series, each of other values, a change is found. */
function shareFound(
  series: number,
  make: (random: ReturnType<typeof xoroshiro128plus>) => readonly number[],
  isFound: (at: readonly number[]) => boolean,
): number {
  let found = 0;
  for (let seed = 1; seed <= series; seed++) {
    const points = changePoints(make(xoroshiro128plus(seed)), { level: LEVEL, seed });
    if (isFound(points.map(({ at }) => at))) found++;
  }
  return found / series;
}

function valuesOf(levels: readonly number[], noise: Noise, random: ReturnType<typeof xoroshiro128plus>) {
  return levels.map((level) => level + noise(random));
}

const level = (count: number, value = 0) => new Array<number>(count).fill(value);

describe('change points', () => {
  test('are found where they are, with the medians on both sides', () => {
    const values = [...level(6, 10), ...level(8, 12), ...level(5, 9)].map(
      (value, i) => value + 0.01 * (i % 3),
    );
    const points = changePoints(values, { level: LEVEL, seed: 1 });
    expect(points.map(({ at }) => at)).toEqual([6, 14]);
    expect(points.map(({ before, after }) => [before, after])).toEqual([
      [expect.closeTo(10.01, 5), expect.closeTo(12.01, 5)],
      [expect.closeTo(12.01, 5), expect.closeTo(9.01, 5)],
    ]);
    for (const { pValue } of points) expect(pValue).toBeLessThanOrEqual(LEVEL);
  });
  test('are the same for the same seed', () => {
    const values = valuesOf([...level(10), ...level(10, 2)], gaussian, xoroshiro128plus(3));
    const options = { level: LEVEL, seed: 7 };
    expect(changePoints(values, options)).toEqual(changePoints(values, options));
  });
  test.each([
    { what: 'nothing', values: [] },
    { what: 'values without any difference', values: level(30, 5) },
    {
      what: 'fewer values than two segments have',
      values: [...level(SEGMENT_MIN - 1), ...level(SEGMENT_MIN, 9)],
    },
    { what: 'one odd value', values: [...level(10), 100, ...level(10)].map((value, i) => value + (i % 4)) },
  ])('are none in $what', ({ values }) => {
    expect(changePoints(values, { level: LEVEL, seed: 1 })).toEqual([]);
  });
  // Of 150 series: a share of 5 % is seen as more than 10 % once in 150, and the seeds are fixed.
  test.each([
    { name: 'Gaussian', noise: gaussian, runs: 12 },
    { name: 'Gaussian', noise: gaussian, runs: 40 },
    { name: 'bursty', noise: bursty, runs: 40 },
  ])('are a false alarm in 5 % of series of $runs with $name noise, and not in more', ({ noise, runs }) => {
    const share = shareFound(
      150,
      (random) => valuesOf(level(runs), noise, random),
      (at) => at.length > 0,
    );
    expect(share).toBeLessThanOrEqual(0.1);
  });
  test.each([
    { name: 'Gaussian', noise: gaussian },
    { name: 'bursty', noise: bursty },
  ])('of three standard deviations are found to within two runs, with $name noise', ({ noise }) => {
    const share = shareFound(
      50,
      (random) => valuesOf([...level(20), ...level(20, 3)], noise, random),
      (at) => at.some((place) => Math.abs(place - 20) <= 2),
    );
    expect(share).toBeGreaterThanOrEqual(0.8);
  });
});
