import { expect, test } from 'vitest';
import { resolveCompareOptions } from './compare-config.ts';

test('takes a threshold for all metrics and others for single ones', () => {
  expect(resolveCompareOptions({ threshold: '3%,cpuNsPerRequest=10%', metrics: 'cpu*,rss*' })).toEqual({
    threshold: 0.03,
    thresholds: { cpuNsPerRequest: 0.1 },
    metrics: ['cpuNsPerRequest', 'rssMaxBytes'],
  });
});
test('is 5 % of everything where nothing is said', () => {
  expect(resolveCompareOptions({})).toEqual({ threshold: 0.05, thresholds: {}, metrics: null });
});
test.each([
  { flags: { threshold: 'much' }, problem: /--threshold much: must be a share/ },
  { flags: { threshold: '0' }, problem: /above 0/ },
  { flags: { threshold: 'cpu=3%' }, problem: /--threshold: unknown metric cpu/ },
  { flags: { metrics: 'latency' }, problem: /unknown metric latency/ },
  { flags: { allowMissing: ' ' }, problem: /--allow-missing names nothing/ },
])('refuses $flags', ({ flags, problem }) => {
  expect(() => resolveCompareOptions(flags)).toThrow(problem);
});
