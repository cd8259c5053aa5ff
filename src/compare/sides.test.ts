import { describe, expect, test } from 'vitest';
import { fakeRun, QUIET } from '../fixtures/compare.ts';
import type { Entry, RunResult } from '../results/schema.ts';
import { compareRuns } from './compare-runs.ts';
import { rowOf, sidesBy } from './sides.ts';

/** A run of these rows; every row has the trials of its own simulated model. */
function runOf(labels: readonly string[], baseline = labels[0] ?? ''): RunResult {
  const entries: Entry[] = labels.map((label) => ({ label, model: label.replace(/[@#].*/, '') }));
  const run = fakeRun({ host: QUIET, blocks: 8, models: labels.length, workloads: 1, seed: 1 });
  const named = <T extends { label: string; model: string }>(item: T): T => ({
    ...item,
    ...entries[Number(item.label.replace('model-', ''))],
  });
  return {
    ...run,
    record: {
      ...run.record,
      cells: run.record.cells.map(named),
      settings: { ...run.record.settings, entries, baseline },
    },
    trials: run.trials.map(named),
  };
}

const shape = (run: RunResult, by: Parameters<typeof sidesBy>[1]) =>
  sidesBy(run, by).map(({ name, base, current }) => ({
    name,
    base: base.record.cells.map(({ label, model }) => `${label}: ${model}`),
    current: current.record.cells.map(({ label, model }) => `${label}: ${model}`),
  }));

describe('The rows of a run are compared', () => {
  const run = runOf(['a@x', 'b@x', 'a@y', 'b@y'], 'a@x');
  test('by label: each with the reference', () => {
    expect(shape(run, 'label').map(({ name }) => name)).toEqual([
      'b@x against a@x',
      'a@y against a@x',
      'b@y against a@x',
    ]);
    expect(shape(run, 'label')[0]).toMatchObject({
      base: ['b@x against a@x: a'],
      current: ['b@x against a@x: b'],
    });
  });
  test('by server: each variant with the first, model by model', () => {
    expect(shape(run, 'server')).toEqual([
      { name: 'y against x', base: ['a: a', 'b: b'], current: ['a: a', 'b: b'] },
    ]);
    expect(shape(runOf(['a', 'b', 'a#2']), 'server')).toEqual([
      { name: '#2 against the first row', base: ['a: a'], current: ['a: a'] },
    ]);
  });
  test('by model: each with that of the reference, within a variant', () => {
    expect(shape(run, 'model')).toEqual([
      {
        name: 'b against a',
        base: ['b against a@x: a', 'b against a@y: a'],
        current: ['b against a@x: b', 'b against a@y: b'],
      },
    ]);
  });
  test.each([
    { by: 'label' as const, labels: ['a'], needs: 'two rows' },
    { by: 'server' as const, labels: ['a', 'b'], needs: 'a model in several rows' },
    { by: 'model' as const, labels: ['a', 'a#2'], needs: 'two models' },
  ])('by $by only where there is something to tell apart', ({ by, labels, needs }) => {
    expect(() => sidesBy(runOf(labels), by)).toThrow(needs);
  });
  test('in pairs: both sides are of one run', () => {
    for (const { base, current } of sidesBy(run, 'server'))
      expect(compareRuns([base], [current]).design).toBe('pairs');
  });
  test('and batching is no matter between models', () => {
    const [sides] = sidesBy(run, 'label');
    const metrics = compareRuns(sides ? [sides.base] : [], sides ? [sides.current] : []).metrics;
    expect(metrics.length).toBeGreaterThan(0);
    expect(metrics.every(({ batching }) => batching === null)).toBe(true);
  });
});

test('A row that is not there is refused, and those that are are named', () => {
  expect(() => rowOf(runOf(['a', 'b']), 'c')).toThrow('has no row c; it has a, b');
});
