import { BLOCKS_MIN, trimmedError, trimmedMean } from './bootstrap.ts';
import { studentTQuantile } from './student-t.ts';

/** How much larger one sample of logarithms is than another. */
export interface LogChange {
  /** Difference of the trimmed means. */
  readonly difference: number;
  /** Half of its 95 % interval; null with too few values on a side. */
  readonly reach: number | null;
}

const INTERVAL_ERROR = 0.05;

/**
 * Two independent samples of logarithms, one value per block: Yuen (1974), "The two-sample trimmed t
 * for unequal population variances", Biometrika 61. Degrees of freedom are rounded down. Null where a
 * side has no value.
 */
export function logChange(base: readonly number[], current: readonly number[]): LogChange | null {
  if (base.length === 0 || current.length === 0) return null;
  const [before, after] = [base.toSorted(ascending), current.toSorted(ascending)];
  const difference = trimmedMean(after) - trimmedMean(before);
  if (Math.min(base.length, current.length) < BLOCKS_MIN) return { difference, reach: null };
  const errors = [trimmedError(before), trimmedError(after)];
  const variance = errors.reduce((sum, error) => sum + error.variance, 0);
  if (variance === 0) return { difference, reach: 0 };
  const degrees = variance ** 2 / errors.reduce((sum, error) => sum + error.variance ** 2 / error.degrees, 0);
  const t = studentTQuantile(1 - INTERVAL_ERROR / 2, Math.max(1, Math.floor(degrees)));
  return { difference, reach: t * Math.sqrt(variance) };
}

function ascending(a: number, b: number): number {
  return a - b;
}
