import { describe, expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import type { MeasuredTrial, RunResult, TrialResult } from '../results/schema.ts';
import { lackingCells, mostlyDisturbedBy } from './lacking.ts';

const fixture = fixtureRun();
const [model] = fixture.trials.filter((trial) => trial.status === 'measured');
if (model === undefined) throw new Error('the fixture holds a measured trial');

const LABELS = ['ref', 'a', 'a#2', 'b'];
const WORKLOAD = fixture.record.settings.workloads[0]?.id ?? '';

/** @param dirty `label/block` of contaminated trials, and `failed:label`. */
function run(blocks: number, dirty: readonly string[] = []): RunResult {
  const cells = LABELS.map((label) => ({
    label,
    model: label.replace(/#.*/, ''),
    workload: WORKLOAD,
    skipReason: null,
  }));
  const trials = Array.from({ length: blocks }, (_, block) =>
    cells.map(
      (cell): TrialResult => trial({ ...cell, block, marked: dirty.includes(`${cell.label}/${block}`) }),
    ),
  ).flat();
  const settings = { ...fixture.record.settings, baseline: 'ref', blocks };
  return { ...fixture, record: { ...fixture.record, cells, settings }, trials, calibrations: [] };
}

function trial({
  label,
  model: id,
  block,
  marked,
}: {
  label: string;
  model: string;
  block: number;
  marked: boolean;
}): MeasuredTrial {
  const marks = marked ? ['the server waited for its CPU 9.0 % of the time'] : [];
  return {
    ...(model as MeasuredTrial),
    ...{ label, model: id, workload: WORKLOAD, block, counter: 'own' },
    observation: {
      ...(model as MeasuredTrial).observation,
      contamination: { ...(model as MeasuredTrial).observation.contamination, marks },
    },
  };
}

const labels = (lacking: ReturnType<typeof lackingCells>) => lacking.again.map(({ label }) => label).sort();

describe('What a run lacks of its clean trials', () => {
  test('is nothing where all are clean', () => {
    expect(lackingCells(run(3), 3)).toEqual({ cells: [], again: [], givenUp: [] });
  });
  test('is a row whose trial was contaminated, with the reference and the rows of its model', () => {
    const lacking = lackingCells(run(3, ['a/1']), 3);
    expect(lacking.cells).toEqual([
      { label: 'a', workload: WORKLOAD, clean: 2 },
      { label: 'a#2', workload: WORKLOAD, clean: 2 },
    ]);
    expect(labels(lacking)).toEqual(['a', 'a#2', 'ref']);
  });
  test('is every row where the reference was contaminated: none has its pair', () => {
    const lacking = lackingCells(run(3, ['ref/0']), 3);
    expect(lacking.cells.map(({ label }) => label)).toEqual(['ref', 'a', 'a#2', 'b']);
    expect(labels(lacking)).toEqual(['a', 'a#2', 'b', 'ref']);
  });
  test('is nothing any more once a further block is clean', () => {
    expect(lackingCells(run(4, ['a/1']), 3).again).toEqual([]);
    expect(lackingCells(run(4, ['a/1', 'ref/3']), 3).again).not.toEqual([]);
  });
  test('is not what failed or was skipped', () => {
    const failed = run(3, ['b/0']);
    const trials = failed.trials.map((one): TrialResult => {
      if (one.label !== 'b' || one.block !== 2 || one.status !== 'measured') return one;
      const { observation: _, ...rest } = one;
      return { ...rest, status: 'failed', stage: 'load', message: 'gone' };
    });
    expect(lackingCells({ ...failed, trials }, 3).again).toEqual([]);
  });
  test('is given up where it was never clean however often it was tried beside clean ones', () => {
    const always = ['b/0', 'b/1', 'b/2', 'b/3', 'b/4', 'b/5', 'b/6'];
    expect(lackingCells(run(7, always), 3).cells.map(({ label }) => label)).toEqual(['b']);
    expect(lackingCells(run(8, [...always, 'b/7']), 3)).toEqual({
      cells: [],
      again: [],
      givenUp: [{ label: 'b', workload: WORKLOAD, clean: 0 }],
    });
    // Once clean, it can be; and where nothing was, the weather was to blame.
    expect(lackingCells(run(8, [...always.slice(1), 'b/7']), 3).givenUp).toEqual([]);
    const storm = LABELS.flatMap((label) => Array.from({ length: 9 }, (_, block) => `${label}/${block}`));
    expect(lackingCells(run(9, storm), 3).givenUp).toEqual([]);
    expect(labels(lackingCells(run(9, storm), 3))).toEqual([...LABELS].sort());
  });
});

test('What disturbed most is said without its numbers', () => {
  expect(mostlyDisturbedBy(run(3))).toBeNull();
  expect(mostlyDisturbedBy(run(3, ['a/1', 'b/1']))).toBe('the server waited for its CPU … of the time');
});
