import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { edgeFilesOf, parseCpuPressureUs, parseCpuStat, parseRunDelayNs, parseStatus } from './procfs.ts';

describe('parseCpuStat', () => {
  test('sums the ticks of each CPU, without the guest time that user time holds already', () => {
    const text = [
      'cpu  1100 2 300 5000 10 1 2 7 400 5',
      'cpu0 600 1 100 2500 5 1 1 3 400 5',
      'cpu12 500 1 200 2500 5 0 1 4 0 0',
      'intr 12345 0 0',
      'ctxt 99',
      '',
    ].join('\n');
    expect([...parseCpuStat(text)]).toEqual([
      [
        0,
        { total: 600 + 1 + 100 + 2500 + 5 + 1 + 1 + 3, idle: 2505, work: 703, irq: 1, softirq: 1, steal: 3 },
      ],
      [
        12,
        { total: 500 + 1 + 200 + 2500 + 5 + 0 + 1 + 4, idle: 2505, work: 702, irq: 0, softirq: 1, steal: 4 },
      ],
    ]);
  });

  test.each([
    ['nothing', '', []],
    [
      'a kernel before steal time',
      'cpu0 1 2 3 4 5 6 7',
      [[0, { total: 28, idle: 9, work: 19, irq: 6, softirq: 7, steal: 0 }]],
    ],
    [
      'a line that is no line of numbers',
      'cpu0 1 2 x 4\ncpu1 1 1 1 1 1 1 1 1',
      [[1, { total: 8, idle: 2, work: 5, irq: 1, softirq: 1, steal: 1 }]],
    ],
    [
      'a line that was cut in its name',
      'cpu0 1 1 1 1 1 1 1 1\ncpu',
      [[0, { total: 8, idle: 2, work: 5, irq: 1, softirq: 1, steal: 1 }]],
    ],
  ])('reads %s', (_title, text, cpus) => {
    expect([...parseCpuStat(text)]).toEqual(cpus);
  });
});

test.each([
  ['123456 789 12\n', 789],
  ['0 0 0', 0],
  ['', null],
  ['123', null],
  ['1 -5 2', null],
  ['1 x 2', null],
])('the run delay of "%s" is %s ns', (text, delayNs) => {
  expect(parseRunDelayNs(text)).toBe(delayNs);
});

test.each([
  [
    'some avg10=0.00 avg60=0.10 avg300=0.05 total=2345678\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=9\n',
    2345678,
  ],
  ['full avg10=0.00 avg60=0.00 avg300=0.00 total=9\n', null],
  ['', null],
  ['some avg10=0.00', null],
])('the pressure of "%s" is %s us', (text, us) => {
  expect(parseCpuPressureUs(text)).toBe(us);
});

test.each([
  ['Name:\tepoll\nVmPeak:\t 9000 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 1024 kB\nThreads:\t3\n', 3, 2048 * 1024],
  ['Name:\tepoll\nState:\tZ (zombie)\nThreads:\t1\n', 1, null],
  ['', null, null],
])('the status "%j" tells %s threads and a peak of %s bytes', (text, threads, rssMaxBytes) => {
  expect(parseStatus(text)).toEqual({ threads, rssMaxBytes });
});

test('what this host says about this process can be read', () => {
  const files = edgeFilesOf(process.pid);
  const text = (path: string) => readFileSync(path, 'utf8');
  expect(parseCpuStat(text(files.cpuStat)).size).toBeGreaterThan(0);
  const status = parseStatus(text(files.serverStatus));
  expect(status.threads).toBeGreaterThan(0);
  expect(status.rssMaxBytes).toBeGreaterThan(0);
});
