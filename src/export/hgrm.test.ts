import { expect, test } from 'vitest';
import { exportInput, relabelled } from '../fixtures/export-input.ts';
import type { Latency } from '../results/schema.ts';
import { quantileNs } from '../stats/histogram.ts';
import { hgrmExporter } from './hgrm.ts';

const input = exportInput();
const names = hgrmExporter.names?.(input) ?? [];
const texts = hgrmExporter.write(input);
const of = (name: string) => texts[names.indexOf(name)] ?? '';
const EPOLL = of('epoll-lt.many-connections.response.hgrm');

test('A cell is a file, and one more where requests are due at a time of their own', () => {
  expect(names).toEqual([
    'epoll-lt.many-connections.response.hgrm',
    'epoll-et.many-connections.response.hgrm',
    'io_uring.many-connections.response.hgrm',
    'select.many-connections.response.hgrm',
    'epoll-lt.fixed-rate.response.hgrm',
    'epoll-lt.fixed-rate.service.hgrm',
    'epoll-et.fixed-rate.response.hgrm',
    'epoll-et.fixed-rate.service.hgrm',
    'io_uring.fixed-rate.response.hgrm',
    'io_uring.fixed-rate.service.hgrm',
  ]);
});

test('It has the columns, the steps and the footer of HdrHistogram', () => {
  const lines = EPOLL.split('\n');
  expect([...lines.slice(0, 9), '...', ...lines.slice(-10)].join('\n')).toMatchInlineSnapshot(`
    "       Value     Percentile TotalCount 1/(1-Percentile)

         907.264 0.000000000000        927           1.00
         956.416 0.100000000000      23708           1.11
         997.376 0.200000000000      47551           1.25
        1034.240 0.300000000000      68992           1.43
        1077.248 0.400000000000      95195           1.67
        1118.208 0.500000000000     119029           2.00
        1134.592 0.550000000000     128559           2.22
    ...
        5193.728 0.999938964844     228785       16384.00
        5193.728 0.999945068359     228785       18204.44
        5193.728 0.999951171875     228785       20480.00
        5294.613 1.000000000000     228796
    #[Mean    =     1135.213, StdDeviation   =      183.266]
    #[Max     =     5294.613, Total count    =       228796]
    #[Buckets =           29, SubBuckets     =          256]
    #[response time in microseconds: epoll-lt, many-connections, kernel 6.12.1, x64, host 1a2b3c4d5e6f]
    #[run 20250101-000000-fixture, iomodels-bench 0.1.0]
    "
  `);
});

test('The plotter of HdrHistogram finds a point in every line but the last, ever further right', () => {
  for (const text of texts) {
    const points = plotted(text);
    expect(points.length).toBeGreaterThan(40);
    expect(points.length).toBe(parse(text).rows.length - 1);
    for (const [i, [x, y]] of points.entries()) {
      expect(x).toBeGreaterThan(points[i - 1]?.[0] ?? 0);
      expect(y).toBeGreaterThanOrEqual(points[i - 1]?.[1] ?? 0);
    }
  }
});

test('A value is the percentile that the tables show, the last one the largest, and the total that of the trials', () => {
  const { rows, total, maxUs } = parse(EPOLL);
  const [row] = input.summary.workloads[0]?.rows ?? [];
  if (row?.status !== 'measured') throw new Error('the fixture begins with a measured row');
  const { response } = row;
  expect(total).toBe(response.count);
  expect(maxUs * 1000).toBeCloseTo(response.maxNs ?? 0, 0);
  expect(rows.at(-1)).toEqual({ us: maxUs, share: 1, count: total });
  expect((rows.find(({ share }) => share === 0.5)?.us ?? 0) * 1000).toBe(response.p50.valueNs);
  for (const { share, count } of rows) expect(count).toBeGreaterThanOrEqual(share * total - 1e-6);
});

test('No percentile has fewer than ten values beyond it', () => {
  for (const text of texts) {
    const { rows, total } = parse(text);
    for (const { share } of rows.slice(0, -1)) expect((1 - share) * total).toBeGreaterThanOrEqual(10 - 1e-6);
  }
});

test.each(['../../etc/x', 'a b', 'epoll-lt#2', 'a*b', 'é', '.'])('The label %j is no path', (label) => {
  const [name = ''] = hgrmExporter.names?.(relabelled(label)) ?? [];
  expect(name).toMatch(/^[A-Za-z0-9._%!'()~-]+\.many-connections\.response\.hgrm$/);
  expect(decodeURIComponent(name.replace('.many-connections.response.hgrm', ''))).toBe(label);
});

test('A single value is a whole distribution', () => {
  const latency: Latency = { count: 1, sumNs: 5, minNs: 5, maxNs: 5, histogram: [5, 1] };
  expect(quantileNs(latency, 1)).toBe(5);
  const { result } = input;
  const trials = result.trials.map((trial) =>
    trial.status === 'measured'
      ? { ...trial, observation: { ...trial.observation, response: latency, service: null } }
      : trial,
  );
  const [text = ''] = hgrmExporter.write(exportInput({ ...result, trials: trials.slice(0, 1) }));
  expect(parse(text).rows).toEqual([{ us: 0.005, share: 1, count: 1 }]);
});

/** What the plotter does with a file: see plotFiles.html of HdrHistogram. */
function plotted(text: string): readonly (readonly [number, number])[] {
  return text.split('\n').flatMap((line) => {
    const values = line.trim().split(/[ ]+/);
    if (line.trim().startsWith('#') || values.length !== 4) return [];
    const [y, , , x] = values.map((value) => Number.parseFloat(value));
    return y === undefined || x === undefined || Number.isNaN(x) || Number.isNaN(y) ? [] : [[x, y] as const];
  });
}

/** By the formats of HdrHistogram's Java code, column for column; throws at the first line that is none. */
function parse(text: string) {
  const [head, blank, ...lines] = text.trimEnd().split('\n');
  expect(head).toBe('       Value     Percentile TotalCount 1/(1-Percentile)');
  expect(blank).toBe('');
  const rows = lines
    .filter((line) => !line.startsWith('#['))
    .map((line) => {
      const match = /^( *\d+\.\d{3}) (\d\.\d{12}) ( *\d+)(?: ( *\d+\.\d{2}))?$/.exec(line);
      const [, us = '', share = '', count = '', inverse] = match ?? [];
      if (match === null || us.length < 12 || count.length < 10) throw new Error(line);
      if (inverse !== undefined) expect(Number(inverse)).toBeCloseTo(1 / (1 - Number(share)), 1);
      return { us: Number(us), share: Number(share), count: Number(count) };
    });
  const [, maxUs = '', total = ''] = /^#\[Max {5}= +([\d.]+), Total count {4}= +(\d+)\]$/m.exec(text) ?? [];
  expect(text).toMatch(/^#\[Mean {4}= +[\d.]+, StdDeviation {3}= +[\d.]+\]$/m);
  expect(text).toMatch(/^#\[Buckets = +29, SubBuckets {5}= +256\]$/m);
  return { rows, maxUs: Number(maxUs), total: Number(total) };
}
