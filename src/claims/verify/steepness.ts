import type { Interval } from '../../stats/bootstrap.ts';
import type { Point } from './observations.ts';

/** Counts that lie nearer together tell no growth. */
export const SPAN_MIN = 8;
/** Of a cost without an interval, as of a sweep, whose blocks are behind its own fit. */
const UNKNOWN_INTERVAL = 0.1;

export interface Exponent {
  readonly value: number;
  readonly interval: Interval;
}

/** The exponent of a power law through two counts. */
export function exponentOf(first: Point, last: Point): Exponent {
  const span = Math.log(last.n / first.n);
  const at = (high: number, low: number) => Math.log(Math.max(high, Number.MIN_VALUE) / low) / span;
  const a = first.interval ?? { low: first.value, high: first.value };
  const b = last.interval ?? { low: last.value, high: last.value };
  return {
    value: at(last.value, first.value),
    interval: { low: at(b.low, a.high), high: at(b.high, Math.max(a.low, Number.MIN_VALUE)) },
  };
}

/**
 * The exponent k of a cost a + b N^k, through its fewest count, its largest, and the largest that lies well below that. The
 * exponent between the ends alone hides a square behind a constant: 1000 + N^2 / 1000 ns grow to their hundredfold from 100 to
 * 10,000. Infinite where nothing was added by the middle count, as its interval's ends may be. Null where there are no such counts.
 * @param points in the order of their counts.
 */
export function steepness(points: readonly Point[]): Exponent | null {
  const [first, last] = [points[0], points.at(-1)];
  const middle = points.slice(1).findLast(({ n }) => last !== undefined && last.n >= SPAN_MIN * n);
  if (first === undefined || middle === undefined || last === undefined) return null;
  const span = Math.log((last.n - first.n) / (middle.n - first.n));
  const exponent = (late: number, early: number) => {
    if (late <= 0) return 0;
    return early <= 0 ? Number.POSITIVE_INFINITY : Math.log(late / early) / span;
  };
  const [least, early, late] = [intervalOf(first), intervalOf(middle), intervalOf(last)];
  // What disturbs the first count disturbs both differences alike.
  const bases = [least.low, least.high];
  return {
    value: exponent(last.value - first.value, middle.value - first.value),
    interval: {
      low: Math.min(...bases.map((base) => exponent(late.low - base, early.high - base))),
      high: Math.max(...bases.map((base) => exponent(late.high - base, early.low - base))),
    },
  };
}

function intervalOf({ value, interval }: Point): Interval {
  return interval ?? { low: value * (1 - UNKNOWN_INTERVAL), high: value * (1 + UNKNOWN_INTERVAL) };
}
