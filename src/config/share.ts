/** `5%` or `0.05` as a share; null unless it lies between 0 and 1. */
export function readShare(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(%)?$/.exec(text.trim());
  const value = match ? Number(match[1]) / (match[2] ? 100 : 1) : Number.NaN;
  return value > 0 && value < 1 ? value : null;
}

const DIGITS_MAX = 17;

/** A share as `5%`, in as few digits as tell it, or as `0.05` where no number of per cent is it: read again, it is the same. */
export function shareFlag(share: number): string {
  const texts = Array.from({ length: DIGITS_MAX }, (_, i) => Number((100 * share).toPrecision(i + 1)));
  const percent = texts.find((text) => text / 100 === share);
  return percent === undefined ? String(share) : `${percent}%`;
}
