/** `5%` or `0.05` as a share; null unless it lies between 0 and 1. */
export function readShare(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(%)?$/.exec(text.trim());
  const value = match ? Number(match[1]) / (match[2] ? 100 : 1) : Number.NaN;
  return value > 0 && value < 1 ? value : null;
}
