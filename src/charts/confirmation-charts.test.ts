import { describe, expect, test } from 'vitest';
import { compareRuns } from '../compare/compare-runs.ts';
import { confirmComparison } from '../compare/confirm.ts';
import { documentOf } from '../document/document.ts';
import { type FakeRun, fakeRun, QUIET } from '../fixtures/compare.ts';
import { renderChart } from '../render/chart.ts';
import { renderDocument } from '../render/terminal.ts';
import { compareReport } from '../reports/compare.ts';
import { overallTable } from '../tables/compare-table.ts';
import { confirmationCharts } from './confirmation-charts.ts';

const run = (seed: number, more: Partial<FakeRun> = {}) =>
  fakeRun({ host: QUIET, blocks: 10, models: 2, workloads: 1, seed, ...more });
const history = Array.from({ length: 8 }, (_, i) => run(1000 + i));
const options = { detect: 0.05, detects: {}, metrics: ['cpuNsPerRequest'], history };
const first = compareRuns([run(1)], [run(2, { slower: 1.3 })], options);
const again = (current: ReturnType<typeof run>) =>
  confirmComparison(first, compareRuns([run(1)], [current], options));

describe('A second measurement as a chart', () => {
  test('has each interval beside the first one, marked by its own verdict', () => {
    const comparison = again(run(3));
    const charts = confirmationCharts(comparison);
    expect(charts.map(({ title }) => title.split(',')[0])).toEqual(['All cells together', 'CPU/request']);
    const [, cells] = charts;
    const rows = cells?.groups.flatMap((group) => group.rows) ?? [];
    expect(rows.map(({ label, points }) => [label, points[0]?.mark])).toEqual(
      comparison.metrics.flatMap(({ label }) => [
        [label, 'worse'],
        [`again: ${label}`, 'same'],
      ]),
    );
    const values = comparison.metrics.flatMap((one) => [one.change.ratio, one.again?.change.ratio]);
    expect(rows.map(({ points }) => 1 + (points[0]?.value ?? 0) / 100)).toEqual(
      values.map((value) => expect.closeTo(value ?? Number.NaN, 9)),
    );
  });

  test('is none where nothing was measured again, and has the reason of what could not be', () => {
    expect(confirmationCharts(first)).toEqual([]);
    const lost = again(run(3, { models: 1 }));
    const [, cells] = confirmationCharts(lost);
    const rows = cells?.groups.flatMap((group) => group.rows) ?? [];
    expect(rows.map(({ label, points }) => [label, points[0]?.note])).toEqual([
      ['model-0', ''],
      ['again: model-0', expect.stringContaining('measured again: same')],
      ['model-1', 'could not be measured again'],
    ]);
  });

  test('has a chart for each workload where the cells are many', () => {
    const [one] = again(run(3, { slower: 1.3 })).metrics;
    if (one === undefined) throw new Error('nothing was compared');
    const metrics = ['a', 'b'].flatMap((workload) =>
      Array.from({ length: 12 }, (_, i) => ({ ...one, workload, label: `row-${i}` })),
    );
    const charts = confirmationCharts({ ...first, overall: [], metrics });
    expect(charts.map(({ groups }) => groups.map(({ label }) => label))).toEqual([['a'], ['b']]);
  });

  test('is told in characters, and in the tables with the run that it was', () => {
    const comparison = again(run(3, { slower: 1.3 }));
    const [together] = confirmationCharts(comparison);
    expect(together && renderChart(together, { width: 90 })).toMatchInlineSnapshot(`
      "All cells together, measured again: both changes, with 95 % intervals
        CPU/request        ·····│······                         ├─▼─┤ +31.6 % [+29.9 %, +33.3 %]
        again: CPU/request ·····│······                         ├─▼─┤ +31.4 % [+29.7 %, +33.0 %]
                           -4.76 %           change           +33.3 %
        ▼ worse   │ no change   ··· less than 5 %, which was to be found"
    `);
    const table = overallTable(comparison);
    expect(
      renderDocument(documentOf({ title: '', parts: [{ kind: 'table', table }] }), {
        width: 110,
        color: false,
      }),
    ).toContain('measured');
    expect(table.rows[0]?.again).toMatchObject({ kind: 'estimate' });
    expect(compareReport(comparison).facts[2]).toMatch(/^again {4}fake-3 \(Linux .*; 10 blocks/);
  });
});
