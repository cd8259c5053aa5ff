import { expect, test } from 'vitest';
import { holm } from './holm.ts';

test.each([
  { given: [], adjusted: [] },
  { given: [0.03], adjusted: [0.03] },
  // p.adjust(c(0.01, 0.04, 0.03, 0.005), 'holm') of R.
  { given: [0.01, 0.04, 0.03, 0.005], adjusted: [0.03, 0.06, 0.06, 0.02] },
  { given: [0.9, 0.8], adjusted: [1, 1] },
])('$given becomes $adjusted', ({ given, adjusted }) => {
  const result = holm(given);
  expect(result).toHaveLength(adjusted.length);
  adjusted.forEach((value, i) => {
    expect(result[i]).toBeCloseTo(value, 12);
  });
});
