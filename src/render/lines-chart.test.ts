import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { scaleChart } from '../charts/scale-chart.ts';
import { fixtureSweep, type SweepOptions } from '../fixtures/scale.ts';
import { SOCKET_MODELS } from '../models/registry.ts';
import { summarizeScale } from '../summary/scale-summary.ts';
import { renderChart } from './chart.ts';

/** A chart of a sweep without noise, in which two blocks say all. */
function chartOf(change: Partial<SweepOptions> = {}) {
  const [sweep] = summarizeScale(fixtureSweep({ noise: 0, blocks: 2, active: [1], ...change })).sweeps;
  if (sweep === undefined) throw new Error('no sweep');
  const chart = scaleChart(sweep);
  if (chart === null) throw new Error('nothing in it');
  return chart;
}

function chart(width: number, change: Partial<SweepOptions> = {}): string {
  return renderChart(chartOf(change), { width });
}

test('A cost that does not grow is level, one in proportion to N rises', () => {
  expect(chart(80)).toMatchInlineSnapshot(`
    "CPU per request over idle connections, 1 active (log-log)
     500µs ┤
           │
           │                                                                  ·p
     200µs ┤                                                                ··
           │                                                             ···
     100µs ┤                                                          ··p
           │                                                       ···
      50µs ┤                                                   ····
           │                                                p··
           │                                           ·····s
      20µs ┤                                       ·····
           │                                  ·····
      10µs ┤                         ·····sp··
           │  spe     spe·················e·················e···········e······e
       5µs ┤   i       i··················i·················i···········i······i
           └───┬─┄┄┄┄──┬──────────────────┬─────────────────┬───────────┬──────┬────
               0       10                100              1,000       4,000  9,900
            s select   p poll   e epoll-lt   i io_uring"
  `);
});

test('At 120 columns it is wider, not different', () => {
  expect(chart(120)).toMatchInlineSnapshot(`
    "CPU per request over idle connections, 1 active (log-log)
     500µs ┤
           │
           │                                                                                                ·p
     200µs ┤                                                                                            ····
           │                                                                                       ·····
     100µs ┤                                                                                   ···p
           │                                                                              ·····
      50µs ┤                                                                         ·····
           │                                                                    p····
           │                                                             ·······s
      20µs ┤                                                     ········
           │                                              ········
      10µs ┤                                ········sp····
           │  spe     spe···························e···························e·················e··········e
       5µs ┤   i       i····························i···························i·················i··········i
           └───┬─┄┄┄┄──┬────────────────────────────┬───────────────────────────┬─────────────────┬──────────┬────
               0       10                          100                        1,000             4,000      9,900
            s select   p poll   e epoll-lt   i io_uring"
  `);
});

describe('Every chart', () => {
  const all = SOCKET_MODELS.map(({ id }) => ({ model: id, baseNs: 5000, slopeNs: 0, eventsPerWakeup: 1 }));
  test.each([
    { what: 'of all models', change: { behaviours: all } },
    { what: 'without the count 0', change: { idle: [10, 100] } },
    { what: 'of 0 and one other count', change: { idle: [0, 500] } },
    { what: 'of one count', change: { idle: [500] } },
    { what: 'of many counts', change: { idle: Array.from({ length: 40 }, (_, i) => i * 200) } },
    {
      what: 'of six decades',
      change: { behaviours: [{ model: 'poll', baseNs: 900, slopeNs: 1e6, eventsPerWakeup: 1 }] },
    },
  ])('$what has 15 rows, a scale, and fits', ({ change }) => {
    const drawn = chartOf(change);
    for (const width of [60, 80, 120, 300]) {
      const lines = renderChart(drawn, { width }).split('\n');
      expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
      expect(lines.filter((line) => /[│┤]/.test(line))).toHaveLength(15);
      expect(lines.filter((line) => line.includes('┤')).length).toBeGreaterThan(1);
    }
  });
});

test('Marks that have no room side by side become one, and the legend says so', () => {
  const all = SOCKET_MODELS.map(({ id }) => ({ model: id, baseNs: 5000, slopeNs: 0, eventsPerWakeup: 1 }));
  const text = chart(80, { behaviours: all });
  expect(text).toContain('* several of them');
  const lines = text.split('\n');
  const legend = lines.findIndex((line) => line.includes(` ${SOCKET_MODELS[0]?.id} `));
  const marks = lines
    .slice(legend)
    .join(' ')
    .matchAll(/(\S) ([a-z][\w-]+)/g);
  expect(new Set([...marks].map((match) => match[1])).size).toBeGreaterThanOrEqual(SOCKET_MODELS.length);
});

test('There is no chart of nothing', () => {
  const sweep = fixtureSweep();
  const [empty] = summarizeScale({ ...sweep, trials: [] }).sweeps;
  expect(empty && scaleChart(empty)).toBeNull();
  expect(renderChart({ ...chartOf(), series: [] }, { width: 80 })).toBe('');
});
