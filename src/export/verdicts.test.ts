import { describe, expect, test } from 'vitest';
import { COMPARISON } from '../fixtures/comparison.ts';
import { exportInput, exportText } from '../fixtures/export-input.ts';
import { parseExposition } from '../fixtures/exposition.ts';
import { fixtureSweep } from '../fixtures/scale.ts';
import { type CellLine, cellLineSchema } from '../reports/cell-line.ts';
import { cellsExporter } from './cells-ndjson.ts';
import { influxExporter } from './influx.ts';
import { openmetricsExporter } from './openmetrics.ts';
import { prometheusExporter } from './prometheus.ts';

const compared = { ...exportInput(), comparison: COMPARISON };
const swept = exportInput(fixtureSweep());

function cellLines(text: string): readonly CellLine[] {
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as CellLine);
  for (const line of lines) expect(cellLineSchema.strict().parse(line)).toEqual(line);
  // A reader of tables takes the columns from the first line.
  expect(new Set(lines.map((line) => Object.keys(line).join(' '))).size).toBe(1);
  return lines;
}

describe('A line of cells', () => {
  const lines = cellLines(exportText(cellsExporter));

  test('is a metric of a model under a workload, with all that tells it from others', () => {
    expect(lines.find(({ metric }) => metric === 'responseP99Ns')).toMatchInlineSnapshot(`
      {
        "active": 200,
        "arch": "x64",
        "arrivals": null,
        "base": null,
        "better": "lower",
        "clock": null,
        "connections": 200,
        "contaminated": 0.16666666666666666,
        "cpu": "Example CPU @ 2.50GHz",
        "depth": 1,
        "enough": true,
        "finishedAt": "2025-01-01T00:00:30.000Z",
        "guest": null,
        "high": 1839104,
        "host": "1a2b3c4d5e6f",
        "kernel": "6.12.1",
        "kind": "measured",
        "limit": "server",
        "low": 1814528,
        "messageBytes": 64,
        "metric": "responseP99Ns",
        "mode": "closed",
        "model": "epoll-lt",
        "ratePerS": null,
        "run": "20250101-000000-fixture",
        "samples": 228796,
        "unit": "ns",
        "value": 1830912,
        "verdict": null,
        "version": "0.1.0",
        "workload": "many-connections",
      }
    `);
  });
  test('is there once for each, and beside them the ratio to the reference', () => {
    const keys = lines.map(({ kind, model, workload, metric }) => `${kind} ${model} ${workload} ${metric}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(
      lines
        .filter(({ kind }) => kind === 'reference')
        .map(({ model, workload, verdict }) => [model, workload, verdict]),
    ).toMatchInlineSnapshot(`
      [
        [
          "epoll-et",
          "many-connections",
          "no-difference",
        ],
        [
          "io_uring",
          "many-connections",
          "better",
        ],
        [
          "select",
          "many-connections",
          "worse",
        ],
        [
          "epoll-et",
          "fixed-rate",
          "no-difference",
        ],
        [
          "io_uring",
          "fixed-rate",
          "better",
        ],
      ]
    `);
  });
  test('has its value within its ends', () => {
    for (const { value, low, high } of lines)
      if (value !== null && low !== null && high !== null) {
        expect(low).toBeLessThanOrEqual(value);
        expect(high).toBeGreaterThanOrEqual(value);
      }
  });
});

describe('Verdicts of a comparison', () => {
  const { metrics } = COMPARISON;
  test('are lines of cells', () => {
    const lines = cellLines(exportText(cellsExporter, compared)).filter(({ kind }) => kind === 'compared');
    expect(lines.map(({ metric, verdict, value }) => [metric, verdict, value])).toEqual(
      metrics.map(({ metric, verdict, change }) => [metric, verdict, change.ratio]),
    );
  });
  test.each([
    { exporter: prometheusExporter, format: 'prometheus' as const },
    { exporter: openmetricsExporter, format: 'openmetrics' as const },
  ])('are series of $format', ({ exporter, format }) => {
    const { samples } = parseExposition(exportText(exporter, compared), format);
    const of = (name: string) => samples.filter((sample) => sample.name === `iomodels_bench_compare_${name}`);
    expect(of('verdict').map(({ labels }) => [labels.metric, labels.verdict])).toEqual(
      metrics.map(({ metric, verdict }) => [metric, verdict]),
    );
    expect(of('change_ratio').map(({ value }) => value)).toEqual(metrics.map(({ change }) => change.ratio));
    expect(Object.fromEntries(of('metrics').map(({ labels, value }) => [labels.verdict, value]))).toEqual(
      COMPARISON.counts,
    );
    expect(of('info')).toMatchObject([{ labels: { outcome: 'regressed', host: '1a2b3c4d5e6f' }, value: 1 }]);
  });
  test('are points of influx', () => {
    const points = exportText(influxExporter, compared).match(/^iomodels_bench_compare,.*$/gm) ?? [];
    expect(points).toHaveLength(metrics.length);
    expect(points[1]).toMatch(
      /metric=cpuNsPerRequest,.* verdict="regressed",change_ratio=1\.112,change_ratio_low=1\.098,change_ratio_high=1\.124,/,
    );
  });
});

describe('Slopes of a sweep', () => {
  test('are series of Prometheus', () => {
    const { samples } = parseExposition(exportText(prometheusExporter, swept), 'prometheus');
    const slopes = samples.filter(({ name }) => name === 'iomodels_bench_scale_slope_per_idle_seconds');
    const poll = slopes.find(({ labels }) => labels.model === 'poll' && labels.active === '1');
    // The fixture's behaviour: 25 ns for an idle connection.
    expect(Math.round((poll?.value ?? 0) * 1e9)).toBe(25);
    const verdicts = samples.filter(({ name }) => name === 'iomodels_bench_scale_verdict');
    expect(
      verdicts.map(({ labels }) => `${labels.model} ${labels.active} ${labels.verdict}`),
    ).toMatchInlineSnapshot(`
      [
        "select 1 O(N)",
        "poll 1 O(N)",
        "epoll-lt 1 O(1)",
        "io_uring 1 O(1)",
        "select 10 inconclusive: sweep-too-short",
        "poll 10 O(N)",
        "epoll-lt 10 O(1)",
        "io_uring 10 O(1)",
      ]
    `);
  });
  test('are lines of cells and points of influx', () => {
    const lines = cellLines(exportText(cellsExporter, swept)).filter(({ kind }) => kind === 'scaled');
    const points = exportText(influxExporter, swept).match(/^iomodels_bench_scale,.*$/gm) ?? [];
    expect(lines).toHaveLength(8);
    expect(points).toHaveLength(8);
    const poll = lines.find(({ model, active }) => model === 'poll' && active === 1);
    expect(poll).toMatchObject({ workload: null, unit: 'ns per idle connection', verdict: 'O(N)' });
    expect(Math.round(poll?.value ?? 0)).toBe(25);
    expect(points.find((point) => point.includes('model=poll'))).toMatch(
      /verdict="O\(N\)",slope_ns_per_idle=2[45]/,
    );
  });
  test('are none in a run that is no sweep', () => {
    for (const exporter of [prometheusExporter, influxExporter, cellsExporter])
      expect(exportText(exporter)).not.toMatch(/iomodels_bench_scale|scaled/);
  });
});
