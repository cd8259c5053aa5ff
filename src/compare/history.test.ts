import { describe, expect, test } from 'vitest';
import { FULL, fakeRun, QUIET } from '../fixtures/compare.ts';
import { recordedRuns } from '../fixtures/recordings.ts';
import type { Metric } from '../metrics/metric.ts';
import type { RunResult } from '../results/schema.ts';
import { COMPARE_DEFAULTS, compareRuns } from './compare-runs.ts';
import { historyOf } from './history.ts';
import { runHistorySchema } from './history-result.ts';
import { COMPARED_METRICS } from './judged-metrics.ts';

function metricOf(id: string): Metric {
  const metric = COMPARED_METRICS.find((one) => one.id === id);
  if (metric === undefined) throw new Error(`no metric ${id}`);
  return metric;
}

function told(runs: readonly RunResult[], id = 'cpuNsPerRequest') {
  const like = runs.at(-1)?.record;
  if (like === undefined) throw new Error('no run');
  return historyOf(runs, { metric: metricOf(id), like, compare: COMPARE_DEFAULTS });
}

const run = (seed: number, more: object = {}) =>
  fakeRun({ seed, host: QUIET, blocks: 15, models: 1, workloads: 1, ...more });

describe('the history of a metric', () => {
  const equal = [1, 2, 3, 4, 5, 6].map((seed) => run(seed));

  test('has every run in its order, and what compare takes each for', () => {
    const { cells, runs, metric } = told(equal);
    expect({ runs, metric }).toEqual({ runs: 6, metric: 'cpuNsPerRequest' });
    expect(cells).toHaveLength(1);
    const [cell] = cells;
    expect(cell?.runs.map(({ runId }) => runId)).toEqual(equal.map(({ record }) => record.runId));
    for (const one of cell?.runs ?? []) {
      expect(one).toMatchObject({ trials: 15, unseen: null, handicapNs: null });
      // The floor of the simulation is at 5,000 ns.
      expect(one.level).toBeGreaterThan(4900);
      expect(one.level).toBeLessThan(one.middle ?? 0);
    }
  });
  test('says of each what compare says of it beside the one before, the others being the history', () => {
    // As runs of one kind, it would be noise of that kind.
    const runs = [...equal, run(7, { slower: 1.1, kernel: '6.13.0' })];
    const [cell] = told(runs).cells;
    expect(cell?.runs.map(({ before }) => before?.verdict ?? null)).toEqual([
      null,
      ...Array.from({ length: 5 }, () => 'same'),
      'regressed',
    ]);
    const [before, last] = runs.slice(-2);
    if (before === undefined || last === undefined) throw new Error('there are seven');
    const { metrics } = compareRuns([before], [last], {
      ...COMPARE_DEFAULTS,
      history: runs.slice(0, -2),
      metrics: ['cpuNsPerRequest'],
    });
    expect(cell?.runs.at(-1)?.before?.change).toEqual(metrics[0]?.change);
    // As what compare shows of the side.
    expect(cell?.runs.at(-1)?.level).toBeCloseTo(metrics[0]?.current.value ?? 0, 6);
  });
  test('has the spread that compare judges by', () => {
    const [cell] = told(equal).cells;
    const [base, current, ...history] = equal;
    if (base === undefined || current === undefined) throw new Error('there are six');
    const known = compareRuns([base], [current], { ...COMPARE_DEFAULTS, history }).metrics.find(
      ({ metric }) => metric === 'cpuNsPerRequest',
    );
    // There the two sides are groups of their own, here all six are one.
    expect(cell?.spread).toMatchObject({ degrees: 5, runs: 6 });
    expect(known?.spread?.degrees).toBe(3);
    expect(cell?.spread?.share).toBeGreaterThan(0.001);
    expect(cell?.spread?.share).toBeLessThan(0.02);
  });
  test('knows no spread of runs of which each has another kernel', () => {
    const runs = ['6.1', '6.2', '6.3'].map((kernel, i) => run(i, { kernel }));
    expect(told(runs).cells[0]?.spread).toBeNull();
  });
  test('has no level of a run that saw no floor, and says why', () => {
    const [cell] = told([...equal, run(8, { host: FULL })]).cells;
    expect(cell?.runs.at(-1)).toMatchObject({ clean: 0, level: null });
    expect(cell?.runs.at(-1)?.unseen).toMatch(/^0 of 15 trials were clean \(the server waited for its CPU/);
    expect(cell?.runs.at(-1)?.middle).toBeGreaterThan(5000);
    expect(cell?.runs.at(-1)?.before?.verdict).toBe('inconclusive');
    expect(cell?.spread?.runs).toBe(6);
  });
  test('takes a rate by its ceiling, and a tail by the median of its clean trials', () => {
    for (const one of told(equal, 'throughputPerS').cells[0]?.runs ?? [])
      expect(one.level).toBeGreaterThan(one.middle ?? 0);
    for (const one of told(equal, 'responseP99Ns').cells[0]?.runs ?? [])
      expect((one.level ?? 0) / (one.middle ?? 1)).toBeCloseTo(1, 0);
  });
  test('compares nothing across other hardware, and says what is other', () => {
    const [first, second] = equal;
    if (first === undefined || second === undefined) throw new Error('there are six');
    const environment = { ...second.record.environment, cpuModel: 'Other CPU' };
    const other = { ...second, record: { ...second.record, environment } };
    expect(told([first, other]).cells[0]?.runs[1]).toMatchObject({
      before: null,
      notCompared: expect.stringContaining('Other CPU'),
    });
  });
  test('of one run is told without a comparison, and of none is empty', () => {
    expect(told(equal.slice(0, 1)).cells[0]).toMatchObject({ spread: null, runs: [{ before: null }] });
    const [first] = equal;
    if (first === undefined) throw new Error('there are six');
    const none = historyOf([], {
      ...{ metric: metricOf('cpuNsPerRequest'), like: first.record, compare: COMPARE_DEFAULTS },
    });
    expect(none).toMatchObject({ runs: 0, cells: [{ runs: [], spread: null }] });
  });
  test('is as its schema says', () => {
    const history = told(equal);
    expect(runHistorySchema.parse(JSON.parse(JSON.stringify(history)))).toEqual(history);
  });
});

test('Of a recording, floors of equal runs lie within a per cent or two, and no step between equal ones regressed', () => {
  const runs = recordedRuns('quiet').filter(({ record }) => record.settings.handicap === null);
  const { cells } = told(runs);
  expect(cells.length).toBeGreaterThan(0);
  for (const { spread, runs: past } of cells) {
    expect(spread?.share).toBeLessThan(0.02);
    expect(past.map(({ before }) => before?.verdict)).not.toContain('regressed');
  }
});
