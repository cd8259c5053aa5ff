import { expect, test } from 'vitest';
import { resolveCompareOptions } from './compare-config.ts';

test.each(['detect', 'threshold'])('--%s is of all metrics, and others of single ones', (flag) => {
  expect(resolveCompareOptions({ [flag]: '3%,cpuNsPerRequest=10%', metrics: 'cpu*,rss*' })).toEqual({
    detect: 0.03,
    isDetectSaid: true,
    detects: { cpuNsPerRequest: 0.1 },
    metrics: ['cpuNsPerRequest', 'rssMaxBytes'],
  });
});
test('is 5 % of everything where nothing is said', () => {
  expect(resolveCompareOptions({})).toEqual({ detect: 0.05, detects: {}, metrics: null });
});
test.each([
  { flags: { detect: 'much' }, problem: /--detect much: must be a share/ },
  { flags: { threshold: 'much' }, problem: /--threshold much: must be a share/ },
  { flags: { detect: '5%', threshold: '5%' }, problem: /give one of them/ },
  { flags: { detect: '0' }, problem: /above 0/ },
  { flags: { detect: 'cpu=3%' }, problem: /--detect: unknown metric cpu/ },
  { flags: { metrics: 'latency' }, problem: /unknown metric latency/ },
  { flags: { allowMissing: ' ' }, problem: /--allow-missing names nothing/ },
])('refuses $flags', ({ flags, problem }) => {
  expect(() => resolveCompareOptions(flags)).toThrow(problem);
});
