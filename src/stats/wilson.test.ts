import { expect, test } from 'vitest';
import { wilson } from './wilson.ts';

// By statsmodels' proportion_confint(method='wilson').
test.each([
  { share: 0, of: 20, low: 0, high: 0.1611 },
  { share: 0.5, of: 20, low: 0.2993, high: 0.7007 },
  { share: 1, of: 10, low: 0.7225, high: 1 },
])('Of $of trials with a share of $share the interval is [$low, $high]', ({ share, of, low, high }) => {
  const interval = wilson(share, of);
  expect(interval.low).toBeCloseTo(low, 3);
  expect(interval.high).toBeCloseTo(high, 3);
});
