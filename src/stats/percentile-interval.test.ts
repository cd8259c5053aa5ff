import { describe, expect, test } from 'vitest';
import type { Latency } from '../results/schema.ts';
import { bucketIndex } from './histogram.ts';
import { blockPercentile } from './percentile-interval.ts';

/** A block of `count` values at `ns`, and as many as `tail` at ten times that. */
function block(ns: number, count = 2000, tail = 40): Latency {
  const [middle, far] = [bucketIndex(ns), bucketIndex(10 * ns)];
  return {
    ...{ count: count + tail, sumNs: ns * count, minNs: ns, maxNs: tail > 0 ? 10 * ns : ns },
    histogram: tail > 0 ? [middle, count, far - middle, tail] : [middle, count],
  };
}

describe('A percentile over blocks', () => {
  test('that are alike is known well', () => {
    const blocks = Array.from({ length: 16 }, (_, i) => block(10_000 + 50 * i));
    const { valueNs, interval, enough, blocksBeyond } = blockPercentile(blocks, 0.5);
    expect(valueNs).toBeGreaterThan(10_000);
    expect(interval?.low).toBeLessThanOrEqual(valueNs ?? 0);
    expect(interval?.high).toBeGreaterThanOrEqual(valueNs ?? 0);
    expect((interval?.high ?? 0) / (interval?.low ?? 1)).toBeLessThan(1.1);
    expect({ enough, blocksBeyond }).toEqual({ enough: true, blocksBeyond: expect.any(Number) });
    expect(blockPercentile(blocks, 0.99).enough).toBe(true);
  });
  test('of which one made all of the tail is not, however many values it has', () => {
    const blocks = [
      block(10_000, 20_000, 2000),
      ...Array.from({ length: 7 }, () => block(10_000, 20_000, 0)),
    ];
    const p99 = blockPercentile(blocks, 0.99);
    expect(p99.blocksBeyond).toBe(1);
    expect(p99.enough).toBe(false);
    expect((p99.interval?.high ?? 0) / (p99.interval?.low ?? 1)).toBeGreaterThan(2);
  });
  test('needs ten values beyond it, and five blocks that hold some', () => {
    const few = Array.from({ length: 6 }, () => block(10_000, 100, 2));
    expect(blockPercentile(few, 0.99)).toMatchObject({ enough: false, samplesNeeded: 1000 });
    const four = Array.from({ length: 4 }, () => block(10_000));
    expect(blockPercentile(four, 0.99)).toMatchObject({ enough: false, blocksBeyond: 4 });
  });
  test('of one block has no interval, and of none no value', () => {
    expect(blockPercentile([block(10_000)], 0.5)).toMatchObject({ interval: null, enough: false });
    expect(blockPercentile([], 0.5)).toMatchObject({ valueNs: null, interval: null, enough: false });
  });
  test('is the same each time, and only one of those that there are', () => {
    const blocks = [block(10_000), block(12_000), block(9_000)];
    expect(blockPercentile(blocks, 0.99)).toEqual(blockPercentile([...blocks], 0.99));
    expect(() => blockPercentile(blocks, 0.9)).toThrow('no percentile of 0.9');
  });
});
