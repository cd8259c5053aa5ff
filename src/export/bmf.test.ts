import { expect, test } from 'vitest';
import { exportInput, exportText, NASTY_LABELS, relabelled } from '../fixtures/export-input.ts';
import { bmfExporter } from './bmf.ts';

type Bmf = Record<string, Record<string, { value: number; lower_value?: number; upper_value?: number }>>;

const parsed = JSON.parse(exportText(bmfExporter)) as Bmf;

test('A benchmark is a model and a workload, in the order of the plan', () => {
  expect(Object.keys(parsed)).toMatchInlineSnapshot(`
    [
      "epoll-lt/many-connections",
      "epoll-et/many-connections",
      "io_uring/many-connections",
      "select/many-connections",
      "epoll-lt/fixed-rate",
      "epoll-et/fixed-rate",
      "io_uring/fixed-rate",
    ]
  `);
});

test('Its measures are those that Bencher has built in, and ours', () => {
  expect(parsed['epoll-lt/many-connections']).toMatchInlineSnapshot(`
    {
      "client-cpu-per-request": {
        "lower_value": 900,
        "upper_value": 900.0000000000001,
        "value": 900.0000000000001,
      },
      "context-switches-per-request": {
        "lower_value": 0.01206140350877193,
        "upper_value": 0.012072659109167187,
        "value": 0.012067518662913687,
      },
      "cpu-per-request": {
        "lower_value": 6291.7727664711965,
        "upper_value": 6400,
        "value": 6378.230105156759,
      },
      "goodput": {
        "lower_value": 9728000,
        "upper_value": 9895335.103594871,
        "value": 9761203.185974868,
      },
      "latency": {
        "lower_value": 1101824,
        "upper_value": 1118208,
        "value": 1118208,
      },
      "response-p99": {
        "lower_value": 1814528,
        "upper_value": 1839104,
        "value": 1830912,
      },
      "response-p999": {
        "lower_value": 2203648,
        "upper_value": 2269184,
        "value": 2269184,
      },
      "rss-max": {
        "lower_value": 2310144,
        "upper_value": 2310144,
        "value": 2310144,
      },
      "syscalls-per-request": {
        "lower_value": 2.049995688168334,
        "upper_value": 2.0500064663534077,
        "value": 2.050000874141156,
      },
      "threads-max": {
        "lower_value": 1,
        "upper_value": 1,
        "value": 1,
      },
      "throughput": {
        "lower_value": 152000,
        "upper_value": 154614.61099366986,
        "value": 152518.7997808575,
      },
      "wakeups-per-connection": {
        "lower_value": 1.5,
        "upper_value": 1.5,
        "value": 1.5,
      },
    }
  `);
});

test('A value lies within its bounds', () => {
  const bounded = Object.values(parsed)
    .flatMap((b) => Object.values(b))
    .filter(({ lower_value }) => lower_value !== undefined);
  expect(bounded.length).toBeGreaterThan(70);
  for (const { value, lower_value, upper_value } of bounded) {
    expect(value).toBeGreaterThanOrEqual(lower_value ?? Number.NaN);
    expect(value).toBeLessThanOrEqual(upper_value ?? Number.NaN);
  }
});

test.each(NASTY_LABELS)('The label %j is kept', (label) => {
  const names = Object.keys(JSON.parse(exportText(bmfExporter, relabelled(label))) as Bmf);
  expect(names).toEqual([`${label}/many-connections`]);
});

test('Bounds are those of trials with enough samples, and none where no trial has them', () => {
  const { result } = exportInput();
  const trials = result.trials.map((trial) => {
    if (trial.status !== 'measured') return trial;
    // 20 are enough for a median, and 2,000 for the 99th percentile: of all trials together, not of one.
    const response = { count: 500, sumNs: 500e6, minNs: 1e6, maxNs: 1e6, histogram: [1000, 500] };
    return { ...trial, observation: { ...trial.observation, response, service: null } };
  });
  const read = JSON.parse(exportText(bmfExporter, exportInput({ ...result, trials }))) as Bmf;
  expect(Object.keys(read['epoll-lt/many-connections']?.['response-p99'] ?? {})).toEqual(['value']);
  expect(Object.keys(read['epoll-lt/many-connections']?.latency ?? {})).toEqual([
    'value',
    'lower_value',
    'upper_value',
  ]);
});
