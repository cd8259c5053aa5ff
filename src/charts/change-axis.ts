import type { Change, Verdict } from '../compare/result.ts';
import type { IntervalPoint, IntervalsChart, Mark } from '../document/chart-schema.ts';
import { formatPercent } from '../document/format.ts';

/** What every chart of changes has in common: per cent, beside no change. */
export const CHANGES = {
  kind: 'intervals',
  x: { label: 'change', scale: 'linear', unit: 'percent' },
  reference: { value: 0, text: 'no change' },
} as const satisfies Partial<IntervalsChart>;

export const VERDICT_MARKS: Readonly<Record<Verdict, Mark>> = {
  regressed: 'worse',
  improved: 'better',
  same: 'same',
  inconclusive: 'unclear',
};

/** In which every interval of equals lies, where all that is shown is judged by one `detect`, a share; else null. */
export function detectBand(detects: readonly number[]): IntervalsChart['band'] {
  const [detect, ...others] = new Set(detects);
  if (detect === undefined || others.length > 0) return null;
  return { ...aroundNoChange(detect), text: `less than ${formatPercent(detect)}, which was to be found` };
}

/** As verdicts have it, up and down by the same factor: of 0.05 from -4.76 to +5 per cent. */
export function aroundNoChange(share: number): { readonly low: number; readonly high: number } {
  return { low: percentOf(1 / (1 + share)), high: 100 * share };
}

/** A change with its interval, both as ratios. */
export function changePoint(
  { ratio, interval }: Change,
  { mark, notes = [] }: { readonly mark: Mark; readonly notes?: readonly string[] },
): IntervalPoint {
  return {
    name: '',
    value: percentOf(ratio),
    interval: interval && { low: percentOf(interval.low), high: percentOf(interval.high) },
    mark,
    note: notes.join('; '),
  };
}

export function percentOf(ratio: number): number {
  return 100 * (ratio - 1);
}
