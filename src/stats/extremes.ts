/**
 * The expected lowest of `of` values drawn from these without putting back: where values have a floor and noise
 * that only raises them, it lies at the floor, and it does not depend on how many values there are. (The lowest of
 * all falls with their number; that of single draws is a U-statistic: Hoeffding (1948), "A class of statistics
 * with asymptotically normal distribution".) The i-th smallest of n is the lowest of a draw with probability
 * C(n - 1 - i, of - 1) / C(n, of), i from 0.
 * @throws RangeError unless 1 <= of <= the number of values.
 */
export function expectedLowest(values: readonly number[], of: number): number {
  const count = values.length;
  if (!Number.isInteger(of) || of < 1 || of > count)
    throw new RangeError(`the lowest of ${of}, of ${count} values`);
  const sorted = values.toSorted((a, b) => a - b);
  let weight = of / count;
  let sum = 0;
  for (let i = 0; i + of <= count; i++) {
    sum += weight * (sorted[i] ?? 0);
    const left = count - 1 - i;
    weight *= left === 0 ? 0 : (left - of + 1) / left;
  }
  return sum;
}

/** The same of the highest: where noise only lowers them, as it does a rate. */
export function expectedHighest(values: readonly number[], of: number): number {
  return -expectedLowest(
    values.map((value) => -value),
    of,
  );
}
