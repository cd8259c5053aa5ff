import { bisect, errorFunction } from 'simple-statistics';

/** Wide enough for one degree of freedom at probabilities down to 1e-7. */
const QUANTILE_BOUND = 1e7;
const ITERATIONS = 200;
const TOLERANCE = 1e-10;

/**
 * The quantile of Student's t distribution: the t below which the share `probability` lies.
 *
 * The distribution function is inverted by bisection, since no small maintained package has the
 * quantile alone.
 * @throws RangeError unless 0 < probability < 1 and degrees is a positive integer.
 */
export function studentTQuantile(probability: number, degrees: number): number {
  if (!(probability > 0 && probability < 1)) {
    throw new RangeError(`studentTQuantile: probability ${probability} is not between 0 and 1`);
  }
  if (!Number.isInteger(degrees) || degrees < 1) {
    throw new RangeError(`studentTQuantile: ${degrees} degrees of freedom`);
  }
  if (probability === 0.5) return 0;
  const size = centralReach(Math.abs(2 * probability - 1), degrees);
  return probability < 0.5 ? -size : size;
}

/** Of a level and its degrees a comparison asks for each of its cells. */
const reaches = new Map<string, number>();

/** The t for which the share `twoSided` lies between -t and t. */
function centralReach(twoSided: number, degrees: number): number {
  const key = `${twoSided} ${degrees}`;
  const known = reaches.get(key);
  if (known !== undefined) return known;
  const reach = bisect(
    (t: number) => centralProbability(t, degrees) - twoSided,
    0,
    QUANTILE_BOUND,
    ITERATIONS,
    TOLERANCE,
  );
  reaches.set(key, reach);
  return reach;
}

/** Two-sided p-value of a t statistic. @throws RangeError unless degrees is a positive integer. */
export function studentTP(t: number, degrees: number): number {
  if (!Number.isInteger(degrees) || degrees < 1)
    throw new RangeError(`studentTP: ${degrees} degrees of freedom`);
  if (!Number.isFinite(t)) return 0;
  return Math.min(1, Math.max(0, 1 - centralProbability(Math.abs(t), degrees)));
}

/** The share of a standard normal distribution below `z`. */
export function normalProbability(z: number): number {
  // Of the tail, so that a small share keeps its digits.
  const tail = (1 - errorFunction(Math.abs(z) / Math.SQRT2)) / 2;
  return z < 0 ? tail : 1 - tail;
}

/**
 * The share of Student's t distribution between -t and t, for a whole number of degrees of freedom:
 * the finite series of Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4.
 */
function centralProbability(t: number, degrees: number): number {
  const theta = Math.atan(t / Math.sqrt(degrees));
  const cosSquared = Math.cos(theta) ** 2;
  const odd = degrees % 2 === 1;
  let term = odd ? Math.cos(theta) : 1;
  let sum = 0;
  for (let k = odd ? 3 : 2; k <= degrees; k += 2) {
    sum += term;
    term *= ((k - 1) / k) * cosSquared;
  }
  return odd ? (2 / Math.PI) * (theta + Math.sin(theta) * sum) : Math.sin(theta) * sum;
}
