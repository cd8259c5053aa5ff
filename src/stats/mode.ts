/**
 * Where values lie closest together: the half-sample mode. The shorter half of the sorted values is taken
 * again and again until two or three are left. Of values that have a floor, or two levels, it is the one
 * that most of them share, whatever the others do: Bickel and Fruehwirth (2006), "On a fast, robust
 * estimator of the mode", Computational Statistics & Data Analysis 50. Null without a value.
 */
export function halfSampleMode(values: readonly number[]): number | null {
  let sorted = values.toSorted((a, b) => a - b);
  while (sorted.length > 3) {
    const half = Math.ceil(sorted.length / 2);
    const widthAt = (start: number) => (sorted[start + half - 1] ?? 0) - (sorted[start] ?? 0);
    let narrowest = 0;
    for (let start = 1; start + half <= sorted.length; start++)
      if (widthAt(start) < widthAt(narrowest)) narrowest = start;
    sorted = sorted.slice(narrowest, narrowest + half);
  }
  const [first, second, third] = sorted;
  if (first === undefined) return null;
  if (second === undefined) return first;
  if (third === undefined) return (first + second) / 2;
  return second - first <= third - second ? (first + second) / 2 : (second + third) / 2;
}
