import { describe, expect, test } from 'vitest';
import { PROBE_GUEST, PROBED } from '../fixtures/features.ts';
import { featureMatrix, MODELS_GROUP } from './feature-matrix.ts';

describe('the matrix of features', () => {
  const { kernels, groups } = featureMatrix(PROBED, PROBE_GUEST);
  const featureOf = (name: string, found = groups) =>
    found.flatMap(({ features }) => features).find((feature) => feature.name === name);

  test('has a column for every kernel, also for one that broke', () => {
    expect(kernels.map(({ release, problem }) => [release, problem === null])).toEqual([
      ['5.10.1', true],
      ['7.2.3', true],
      ['6.6.1', false],
    ]);
    for (const { counts, features } of groups) {
      expect(counts).toHaveLength(3);
      for (const { cells } of features) {
        expect(cells).toHaveLength(3);
        expect(cells[2]).toEqual({ available: null, reason: null, uses: [] });
      }
    }
  });
  test('has the models first, and the groups as the kernels name them', () => {
    expect(groups.map(({ group, counts }) => [group, counts])).toEqual([
      [MODELS_GROUP, [null, null, null]],
      ['io_uring operations', [2, 66, null]],
      ['io_uring feature bits', [null, null, null]],
      ['epoll', [null, null, null]],
    ]);
  });
  test.each([
    ['is had by all that were asked', 'epoll-lt', true],
    ['is had by none', 'EPOLLWAKEUP', true],
    ['is had by one', 'SOCKET', false],
    ['is named by one kernel alone', 'opcode 65', false],
    ['runs everywhere, with other features', 'io_uring', false],
  ])('says whether a feature that %s is the same', (_title, name, same) => {
    expect(featureOf(name)?.same).toBe(same);
  });
  test('takes a feature that a kernel does not name as one that it does not know', () => {
    expect(featureOf('opcode 65')?.cells.map(({ available, reason }) => [available, reason])).toEqual([
      [false, 'unknown'],
      [true, null],
      [null, null],
    ]);
  });
  test('holds one kernel alone, and everything is the same then', () => {
    const alone = featureMatrix(PROBED.slice(1, 2), PROBE_GUEST);
    const features = alone.groups.flatMap((group) => group.features);
    expect(features.length).toBeGreaterThan(0);
    expect(features.filter(({ same }) => !same)).toEqual([]);
  });
  test('has no groups where every boot broke', () => {
    expect(featureMatrix(PROBED.slice(2), PROBE_GUEST).groups).toEqual([]);
  });
});
