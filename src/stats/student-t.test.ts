import { expect, test } from 'vitest';
import { normalProbability, studentTQuantile } from './student-t.ts';

/** From the tables of any textbook. */
const QUANTILES = [
  { probability: 0.975, degrees: 1, t: 12.7062 },
  { probability: 0.975, degrees: 2, t: 4.30265 },
  { probability: 0.975, degrees: 4, t: 2.77645 },
  { probability: 0.975, degrees: 9, t: 2.26216 },
  { probability: 0.995, degrees: 30, t: 2.75 },
  { probability: 0.999, degrees: 5, t: 5.89343 },
  { probability: 0.9995, degrees: 3, t: 12.92398 },
  { probability: 0.975, degrees: 1000, t: 1.96234 },
  { probability: 0.025, degrees: 4, t: -2.77645 },
  { probability: 0.5, degrees: 7, t: 0 },
];

test.each(QUANTILES)('With $degrees degrees, $probability lies below $t', ({ probability, degrees, t }) => {
  expect(studentTQuantile(probability, degrees)).toBeCloseTo(t, 3);
});

test.each([
  { probability: 0, degrees: 4 },
  { probability: 1, degrees: 4 },
  { probability: 0.5, degrees: 0 },
  { probability: 0.5, degrees: 2.5 },
])('A quantile at $probability with $degrees degrees is refused', ({ probability, degrees }) => {
  expect(() => studentTQuantile(probability, degrees)).toThrow(RangeError);
});

test.each([
  { z: 0, share: 0.5 },
  { z: -1.959964, share: 0.025 },
  { z: 1.959964, share: 0.975 },
  { z: -4, share: 3.1671e-5 },
])('The share below z = $z is $share', ({ z, share }) => {
  expect(normalProbability(z) / share).toBeCloseTo(1, 4);
});
