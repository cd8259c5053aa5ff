import { expect, test } from 'vitest';
import { COMPARISON } from '../fixtures/comparison.ts';
import { exportInput } from '../fixtures/export-input.ts';
import { githubExporter } from './github.ts';

interface Entry {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly range: string;
  readonly extra: string;
}

const [bigger = [], smaller = []] = githubExporter
  .write(exportInput())
  .map((text) => JSON.parse(text) as Entry[]);

test('Throughput and goodput are in the file where bigger is better', () => {
  expect(bigger.slice(0, 2)).toMatchInlineSnapshot(`
    [
      {
        "extra": "quartiles of 5 trials; limit: server; kernel 6.12.1, x64, host 1a2b3c4d5e6f, version 0.1.0",
        "name": "epoll-lt/many-connections throughput",
        "range": "152000 to 154614.61099366986",
        "unit": "req/s",
        "value": 152518.7997808575,
      },
      {
        "extra": "quartiles of 5 trials; limit: server; kernel 6.12.1, x64, host 1a2b3c4d5e6f, version 0.1.0",
        "name": "epoll-lt/many-connections goodput",
        "range": "9728000 to 9895335.103594871",
        "unit": "bytes/s",
        "value": 9761203.185974868,
      },
    ]
  `);
  expect(new Set(bigger.map(({ unit }) => unit))).toEqual(new Set(['req/s', 'bytes/s']));
});

test('Latency, CPU and system calls are in the file where smaller is better', () => {
  expect(smaller.slice(0, 4)).toMatchInlineSnapshot(`
    [
      {
        "extra": "quartiles of 5 trials; limit: server; kernel 6.12.1, x64, host 1a2b3c4d5e6f, version 0.1.0",
        "name": "epoll-lt/many-connections p50 latency",
        "range": "1101824 to 1118208",
        "unit": "ns",
        "value": 1118208,
      },
      {
        "extra": "quartiles of 5 trials; limit: server; kernel 6.12.1, x64, host 1a2b3c4d5e6f, version 0.1.0",
        "name": "epoll-lt/many-connections p99 latency",
        "range": "1814528 to 1839104",
        "unit": "ns",
        "value": 1830912,
      },
      {
        "extra": "quartiles of 5 trials; limit: server; kernel 6.12.1, x64, host 1a2b3c4d5e6f, version 0.1.0",
        "name": "epoll-lt/many-connections p99.9 latency",
        "range": "2203648 to 2269184",
        "unit": "ns",
        "value": 2269184,
      },
      {
        "extra": "quartiles of 5 trials; limit: server; kernel 6.12.1, x64, host 1a2b3c4d5e6f, version 0.1.0",
        "name": "epoll-lt/many-connections server CPU",
        "range": "6291.7727664711965 to 6400",
        "unit": "ns/req",
        "value": 6378.230105156759,
      },
    ]
  `);
});

test('Every name is there once', () => {
  for (const entries of [bigger, smaller])
    expect(new Set(entries.map(({ name }) => name)).size).toBe(entries.length);
});

test('What the base has and the run lost is an entry of its own, where smaller is better', () => {
  const lost = { label: 'poll', workload: 'c10k', metric: null, reason: 'not in current', allowed: false };
  const comparison = { ...COMPARISON, missing: [lost, { ...lost, label: 'select', allowed: true }] };
  const [more = '', less = ''] = githubExporter.write({ ...exportInput(), comparison });
  expect(JSON.parse(more)).toEqual(bigger);
  expect(JSON.parse(less)).toEqual([
    ...smaller,
    { name: 'missing beside the base', unit: 'cells', value: 1, extra: 'poll/c10k: not in current' },
  ]);
});
