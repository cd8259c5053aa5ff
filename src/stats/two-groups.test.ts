import { expect, test } from 'vitest';
import { twoGroups } from './two-groups.ts';

test.each([
  ['two groups with nothing in between', [100, 100.2, 108, 108.1, 108.3], { low: 100.1, highShare: 0.6 }],
  ['in any order', [108, 100, 108.2, 100.2], { low: 100.1, highShare: 0.5 }],
])('%s', (_, values, groups) => {
  expect(twoGroups(values)).toMatchObject(groups);
});

test.each([
  ['nothing', []],
  ['one value', [100]],
  ['an outlier', [100, 100.1, 100.2, 108]],
  ['groups that are near each other', [100, 100.01, 100.5, 100.51]],
  ['values all over the place', [100, 102, 104, 106, 108]],
  ['equal values', [100, 100, 100, 100]],
])('%s is not two groups', (_, values) => {
  expect(twoGroups(values)).toBeNull();
});
