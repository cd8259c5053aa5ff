import { expect, test } from 'vitest';
import { halfSampleMode } from './mode.ts';

test.each([
  { values: [], mode: null },
  { values: [5], mode: 5 },
  { values: [5, 7], mode: 6 },
  { values: [1, 5, 5.2], mode: 5.1 },
  // Two levels, and the one that more values share.
  { values: [14, 14, 14.1, 15, 15.1, 14, 19], mode: 14 },
  { values: [19.6, 19.3, 18.5, 14.0, 14.01, 13.99, 18.4, 14.0], mode: 14.0 },
])('The half-sample mode of $values is $mode', ({ values, mode }) => {
  const found = halfSampleMode(values);
  if (mode === null) expect(found).toBeNull();
  else expect(found).toBeCloseTo(mode, 6);
});
