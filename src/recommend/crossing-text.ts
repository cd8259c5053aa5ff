import { formatCount, formatRatio } from '../document/format.ts';
import type { Crossing } from './recommendation-schema.ts';

/** A crossing in a sentence. */
export function crossingText({
  first,
  second,
  outcome,
  cheaper,
  between,
  meets,
  points,
  limits,
}: Crossing): string {
  const pair = `${first} and ${second}`;
  const other = cheaper === first ? second : first;
  const low = formatCount(between?.low ?? 0);
  const high = formatCount(between?.high ?? 0);
  const end = limits.length === 0 ? '' : `; ${limits.join('; ')}`;
  const all = points.filter(({ change }) => change !== null).map(({ at }) => formatCount(at));
  const span = all.length === 0 ? '' : `${all[0]} to ${all.at(-1)}`;
  switch (outcome) {
    case 'crosses':
      return `${other} takes less up to ${low}, ${cheaper} from ${high} on; they meet ${meets === null ? `between ${low} and ${high}` : `at ${meetsText(meets)}`}${end}`;
    case 'begins':
      return `${cheaper} takes less than ${other} from ${high} on (${atEnd(points)}); up to ${low} no difference that these runs can show${end}`;
    case 'ends':
      return `${cheaper} takes less than ${other} up to ${low}; from ${high} on no difference that these runs can show${end}`;
    case 'always':
      return `${cheaper} takes less than ${other} at all of ${span} (${atEnd(points)})${end}`;
    case 'none':
      return `${pair}: no difference that these runs can show, at any of ${span}${end}`;
    case 'mixed':
      return `${pair}: now one takes less, now the other, in no order${end}`;
    case 'unknown':
      return `${pair}: not measured at two values in common${end}`;
  }
}

/** `140 [60, 310]`. */
export function meetsText({ at, interval }: NonNullable<Crossing['meets']>): string {
  return interval === null
    ? formatCount(at)
    : `${formatCount(at)} [${formatCount(interval.low)}, ${formatCount(interval.high)}]`;
}

function atEnd(points: Crossing['points']): string {
  const last = points.findLast(({ change }) => change !== null);
  if (last?.change == null) return '';
  const { ratio } = last.change;
  return `×${formatRatio(ratio > 1 ? ratio : 1 / ratio)} at ${formatCount(last.at)}`;
}
