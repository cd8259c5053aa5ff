import { describe, expect, test } from 'vitest';
import { bisect, type Judgement } from './bisect.ts';

/** Judges by the place of the first bad one, and counts. */
function judged(firstBad: number, unknown: readonly number[] = []) {
  const asked: number[] = [];
  return {
    asked,
    judge: (kernel: number): Promise<Judgement> => {
      asked.push(kernel);
      if (unknown.includes(kernel)) return Promise.resolve('unknown');
      return Promise.resolve(kernel >= firstBad ? 'bad' : 'good');
    },
  };
}

describe('The first bad one', () => {
  test.each([2, 3, 6, 9, 33])('of %d kernels is found in log2 of them, wherever it is', async (length) => {
    const kernels = Array.from({ length }, (_, i) => i);
    for (let firstBad = 1; firstBad < length; firstBad++) {
      const { asked, judge } = judged(firstBad);
      expect(await bisect(kernels, judge)).toEqual({ lastGood: firstBad - 1, firstBad, unknown: [] });
      expect(asked.length).toBeLessThanOrEqual(Math.ceil(Math.log2(length - 1)));
    }
  });

  test('is one of several where those before it cannot be judged', async () => {
    const { judge } = judged(4, [2, 3]);
    expect(await bisect([0, 1, 2, 3, 4, 5], judge)).toEqual({ lastGood: 1, firstBad: 4, unknown: [2, 3] });
  });

  test('is found although others cannot be judged', async () => {
    const { judge } = judged(4, [2]);
    expect(await bisect([0, 1, 2, 3, 4, 5], judge)).toMatchObject({ lastGood: 3, firstBad: 4 });
  });
});
