import { describe, expect, test } from 'vitest';
import {
  bucketIndex,
  bucketLowerNs,
  bucketWidthNs,
  decodeHistogram,
  encodeHistogram,
  HISTOGRAM_BUCKETS,
  mergeHistograms,
  mergeLatencies,
  quantileNs,
  samplesNeeded,
  scaleLatency,
  totalCount,
} from './histogram.ts';

/** All of these values, as stored. */
function latencyOf(valuesNs: readonly number[]) {
  const counts = new Array<number>(HISTOGRAM_BUCKETS).fill(0);
  for (const value of valuesNs) {
    const index = bucketIndex(value);
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return {
    count: valuesNs.length,
    sumNs: valuesNs.reduce((sum, value) => sum + value, 0),
    minNs: Math.min(...valuesNs),
    maxNs: Math.max(...valuesNs),
    histogram: encodeHistogram(counts),
  };
}

describe('Buckets', () => {
  test.each([
    { value: 0, index: 0 },
    { value: 255, index: 255 },
    { value: 256, index: 256 },
    { value: 257, index: 256 },
    { value: 258, index: 257 },
    { value: 511, index: 383 },
    { value: 512, index: 384 },
    { value: 1_000_000, index: 1780 },
    { value: 2 ** 31, index: 256 + 23 * 128 },
    { value: 2 ** 32 - 1, index: 256 + 24 * 128 - 1 },
    { value: 2 ** 32, index: 256 + 24 * 128 },
    { value: 60e9, index: 3807 },
    { value: 2 ** 36 - 1, index: 3839 },
    { value: 2 ** 36, index: 3839 },
    { value: 1e15, index: 3839 },
  ])('The value $value ns is counted in bucket $index', ({ value, index }) => {
    expect(bucketIndex(value)).toBe(index);
  });

  test('Buckets follow one another without a gap, and hold the values that are counted in them', () => {
    for (let index = 0; index < HISTOGRAM_BUCKETS; index++) {
      const lower = bucketLowerNs(index);
      const next = lower + bucketWidthNs(index);
      expect([bucketIndex(lower), bucketIndex(next - 1)]).toEqual([index, index]);
      if (index < HISTOGRAM_BUCKETS - 1) expect(bucketLowerNs(index + 1)).toBe(next);
    }
    expect(HISTOGRAM_BUCKETS).toBe(3840);
  });

  test('No bucket above 256 ns is wider than 1/128 of its values', () => {
    for (let index = 256; index < HISTOGRAM_BUCKETS; index++) {
      expect(bucketWidthNs(index) / bucketLowerNs(index)).toBeLessThanOrEqual(1 / 128);
    }
  });
});

describe('The stored form', () => {
  test('Gaps count from the bucket before, and the counts come back', () => {
    const counts = new BigUint64Array(HISTOGRAM_BUCKETS);
    counts[3] = 5n;
    counts[4] = 1n;
    counts[3839] = 2n;
    const sparse = encodeHistogram(counts);
    expect(sparse).toEqual([3, 5, 1, 1, 3835, 2]);
    expect(decodeHistogram(sparse)).toEqual([...counts].map(Number));
    expect(totalCount(sparse)).toBe(8);
  });

  test.each([
    { sparse: [3], message: 'a gap without a count' },
    { sparse: [3840, 1], message: 'bucket 3840 of 3840' },
  ])('$sparse is refused: $message', ({ sparse, message }) => {
    expect(() => decodeHistogram(sparse)).toThrow(message);
  });

  test('Merging adds counts, whether or not the histograms share buckets', () => {
    expect(mergeHistograms([[3, 5], [3, 1, 2, 4], []])).toEqual([3, 6, 2, 4]);
    expect(mergeHistograms([])).toEqual([]);
  });

  test('Merged latencies keep the extremes, and a trial without a request changes nothing', () => {
    const empty = { count: 0, sumNs: 0, minNs: 0, maxNs: 0, histogram: [] };
    const merged = mergeLatencies([latencyOf([10, 20]), empty, latencyOf([5, 400])]);
    expect(merged).toMatchObject({ count: 4, sumNs: 435, minNs: 5, maxNs: 400 });
    expect(mergeLatencies([empty])).toEqual(empty);
  });
});

describe('Quantiles', () => {
  /** A thousand values over five decades. */
  const values = Array.from({ length: 1000 }, (_, i) => Math.round(100 * 10 ** (i / 200)));

  test.each([0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1])(
    'Quantile %d is within 1/256 of the exact one',
    (share) => {
      const exact = values[Math.max(1, Math.ceil(share * values.length)) - 1] ?? Number.NaN;
      const found = quantileNs(latencyOf(values), share) ?? Number.NaN;
      expect(Math.abs(found / exact - 1)).toBeLessThanOrEqual(1 / 256);
    },
  );

  test('The percentile of all trials is not the mean of their percentiles', () => {
    const quiet = latencyOf(new Array<number>(990).fill(100));
    const stalled = latencyOf(new Array<number>(10).fill(200));
    expect(quantileNs(mergeLatencies([quiet, stalled]), 0.5)).toBe(100);
  });

  test('It never leaves the range of what was recorded', () => {
    expect(quantileNs(latencyOf([1_000_003]), 0.5)).toBe(1_000_003);
    expect(quantileNs(latencyOf([2 ** 40]), 0.5)).toBe(2 ** 40);
  });

  test('Nothing recorded has none', () => {
    expect(quantileNs({ histogram: [], minNs: 0, maxNs: 0 }, 0.5)).toBeNull();
  });

  test.each([
    { share: 0.5, samples: 20 },
    { share: 0.99, samples: 1000 },
    { share: 0.999, samples: 10_000 },
  ])('Percentile $share needs $samples samples', ({ share, samples }) => {
    expect(samplesNeeded(share)).toBe(samples);
  });
});

describe('latencies that took so many times as long', () => {
  const counts = new Array<number>(HISTOGRAM_BUCKETS).fill(0);
  for (let ns = 1; ns < 2 ** 31; ns *= 1.37) counts[bucketIndex(ns)] = 1000;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const latency = { count: total, sumNs: 5, minNs: 1, maxNs: 2 ** 31, histogram: encodeHistogram(counts) };

  test.each([1.05, 1.1, 2, 0.5])(
    '%d: hold every value once, each percentile so many times as large',
    (factor) => {
      const scaled = scaleLatency(latency, factor);
      expect(totalCount(scaled.histogram)).toBe(total);
      expect(scaled).toMatchObject({
        count: total,
        sumNs: 5 * factor,
        minNs: factor,
        maxNs: factor * 2 ** 31,
      });
      for (const share of [0.5, 0.75, 0.9]) {
        const ratio = (quantileNs(scaled, share) ?? 0) / (quantileNs(latency, share) ?? 1);
        expect(Math.abs(ratio / factor - 1)).toBeLessThan(1 / 64);
      }
    },
  );
  test('the last bucket has no end: nothing leaves it', () => {
    const last = { ...latency, histogram: [HISTOGRAM_BUCKETS - 1, 7], maxNs: 2 ** 37 };
    expect(scaleLatency(last, 3).histogram).toEqual(last.histogram);
  });
});
