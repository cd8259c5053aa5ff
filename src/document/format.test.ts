import { expect, test } from 'vitest';
import {
  formatBytes,
  formatChange,
  formatCount,
  formatDuration,
  formatEstimate,
  formatPercent,
  formatPerRequest,
  formatRatio,
  formatShare,
  formatSi,
  formatSigned,
  formatWallTime,
} from './format.ts';

const CASES = [
  {
    format: formatSi,
    cases: {
      0: '0',
      980: '980',
      1000: '1.00k',
      12345: '12.3k',
      152340: '152.3k',
      999960: '1.00M',
      2.5e9: '2.50G',
    },
  },
  {
    format: (ns: number) => formatDuration(ns),
    cases: {
      0: '0 ns',
      1: '1 ns',
      830: '830 ns',
      999.6: '1.00 µs',
      12345: '12.3 µs',
      999499: '999 µs',
      999900: '1.00 ms',
      1.2e6: '1.20 ms',
      2.05e9: '2.05 s',
      48000: '48.0 µs',
      7.2e12: '7200 s',
    },
  },
  {
    format: (ns: number) => formatDuration(ns, { digits: 2, space: '' }),
    cases: { 12345: '12µs', 123456: '120µs', 1234567: '1.2ms', 996000: '1.0ms' },
  },
  {
    format: (ms: number) => formatWallTime(ms),
    cases: { 480: '480 ms', 12300: '12.3 s', 112000: '1 min 52 s' },
  },
  {
    format: (ms: number) => formatWallTime(ms, 's'),
    cases: { 480: '0 s', 12300: '12 s', 112000: '1 min 52 s' },
  },
  {
    format: (b: number) => formatBytes(b),
    cases: {
      0: '0 B',
      64: '64 B',
      65536: '64 KiB',
      2310144: '2.20 MiB',
      1047552: '1.00 MiB',
      4294967296: '4 GiB',
    },
  },
  { format: formatCount, cases: { 0: '0', 6400.4: '6,400', 1234567: '1,234,567' } },
  {
    format: formatPerRequest,
    cases: {
      0: '0',
      0.0001: '<.001',
      0.0123: '0.012',
      0.1: '0.10',
      2.05: '2.05',
      14: '14.0',
      199.7: '200',
      1204: '1.20k',
    },
  },
  {
    format: formatRatio,
    cases: { 0.6471: '0.647', 1: '1.000', 9.9999: '10.00', 12.345: '12.35', 123.4: '123' },
  },
  { format: formatSigned, cases: { 1204.4: '+1,204', [-36.2]: '-36', [-0.3]: '0', 0: '0' } },
  { format: formatChange, cases: { 1.05: '+5.0 %', 1: '+0.0 %', 0.9999: '+0.0 %', 0.968: '-3.2 %' } },
  { format: formatPercent, cases: { 0.05: '5 %', 0.0025: '0.25 %', 0.1: '10 %', 0.07: '7 %' } },
  { format: formatShare, cases: { 0.764: '76 %', 1: '100 %' } },
].flatMap(({ format, cases }) =>
  Object.entries(cases).map(([value, text]) => ({ format, value: Number(value), text })),
);

test.each(CASES)('$value reads $text', ({ format, value, text }) => {
  expect(format(value)).toBe(text);
});

test.each([
  { value: 545.3, interval: { low: 530.06, high: 560.2 }, text: '545 [530, 560]' },
  { value: 23.44, interval: { low: 22.8, high: 24.06 }, text: '23.4 [22.8, 24.1]' },
  { value: 0.0041, interval: { low: -0.02, high: 0.031 }, text: '0.004 [-0.020, 0.031]' },
  { value: -0.0001, interval: { low: -0.0004, high: 0 }, text: '0.000 [0.000, 0.000]' },
  { value: 0.98, interval: null, text: '0.980' },
  { value: 0, interval: null, text: '0' },
])('$value in $interval reads $text', ({ value, interval, text }) => {
  expect(formatEstimate(value, interval)).toBe(text);
});
