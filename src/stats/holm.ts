/**
 * p-values adjusted for being judged together, in the order given: below 0.05 means that, over the
 * whole family, a false finding happens in at most 5 % of families. Holm (1979), "A simple sequentially
 * rejective multiple test procedure": the k-th smallest of m is multiplied by m - k + 1, and none comes
 * out below a smaller one.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const adjusted = new Array<number>(pValues.length).fill(1);
  let largest = 0;
  order.forEach(({ p, index }, place) => {
    largest = Math.max(largest, Math.min(1, p * (pValues.length - place)));
    adjusted[index] = largest;
  });
  return adjusted;
}
