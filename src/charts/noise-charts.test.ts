import { describe, expect, test } from 'vitest';
import { chartTable } from '../document/chart-table.ts';
import { fixtureNoise } from '../fixtures/noise.ts';
import { renderChart } from '../render/chart.ts';
import type { NoiseCertificate } from '../results/noise-schema.ts';
import { noiseCharts } from './noise-charts.ts';

function designs({ pairs, runs, threes }: NoiseCertificate) {
  return [pairs, runs, threes].filter((design) => design !== null);
}

describe('A noise certificate as charts', () => {
  test('has every rate of every way of judging, with the interval that is stored', () => {
    const certificate = fixtureNoise();
    const [rates] = noiseCharts(certificate);
    expect(rates?.groups.map(({ label }) => label)).toEqual(['in pairs', 'by single runs']);
    const points = rates?.groups.flatMap(({ rows }) => rows.flatMap(({ points: own }) => own)) ?? [];
    const stored = designs(certificate).flatMap(({ equal, found }) => [
      ...[equal.falseAlarms, equal.passed, equal.inconclusive],
      ...found.map(({ regressed }) => regressed),
    ]);
    expect(points.map(({ value, interval }) => ({ value, interval }))).toEqual(
      stored.map(({ times, of, low, high }) => ({ value: times / of, interval: { low, high } })),
    );
  });

  test('tells by shape which metrics are known well enough', () => {
    const certificate = fixtureNoise();
    const [, widths] = noiseCharts({ ...certificate, detect: 0.025 });
    const marks = widths?.groups.flatMap(({ rows }) => rows.map(({ points }) => points[0]?.mark));
    expect(marks).toEqual(['same', 'unclear', 'same', 'unclear']);
    expect(widths?.band).toMatchObject({ high: 2.5 });
  });

  test('draws nothing of what is not certified', () => {
    const certificate = { ...fixtureNoise(), pairs: null, runs: null };
    expect(noiseCharts(certificate)).toEqual([]);
    const { pairs } = fixtureNoise();
    expect(noiseCharts({ ...certificate, pairs: pairs && { ...pairs, halfWidths: [] } })).toHaveLength(1);
  });

  test('reads in characters and as a table', () => {
    const charts = noiseCharts({ ...fixtureNoise(), runs: null });
    expect(charts.map((chart) => renderChart(chart, { width: 100 })).join('\n\n')).toMatchInlineSnapshot(`
      "How often compare is wrong about equals here, and finds a known change, with 95 % intervals
      in pairs
        equals: false alarms   ├○─────┤                                              │ 3 % [0 %, 13 %]
        equals: passed                                                    ├─────○────┤ 90 % [80 %, 100 %]
        equals: inconclusive   ├───○────┤                                            │ 8 % [0 %, 18 %]
        5 % slower: regressed                                         ├─────○────┤   │ 83 % [73 %, 93 %]
        10 % slower: regressed                                                  ├────○ 100 % [90 %, 100 %]
                               0 %             share of comparisons              100 %
        │ all of them

      How well compare knows a change over all cells here: its interval around no change, by metric
      in pairs
        CPU/request ·················├────────────●─────────────┤·················· 0 % [-2.06 %, +2.10 %]
        p50         ············├─────────────────●──────────────────┤············· 0 % [-2.91 %, +3.00 %]
                    -4.76 %                     change                      +5.00 %
        ● no difference   │ no change   ··· less than 5 %, which was to be found"
    `);
    expect(charts.map((chart) => chartTable(chart).rows.length)).toEqual([5, 2]);
  });
});
