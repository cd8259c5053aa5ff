/** Below this the series needs few terms and loses no digits; above it, the continued fraction does. */
const SERIES_MAX = 2.5;
/** Of the continued fraction: enough for all digits from `SERIES_MAX` on. */
const FRACTION_TERMS = 200;

/**
 * P(W <= w) of the rank-sum statistic of Wilcoxon, Mann and Whitney: in how many of a side's `m` and the other's `n`
 * values the one is the larger, where all orders are equally likely. By the counts of the orders, the coefficients of
 * the Gaussian binomial (Andrews, The Theory of Partitions, 1976, 3.2), which are exact for up to 25 values a side.
 */
export function rankSumCdf(w: number, m: number, n: number): number {
  const key = `${m} ${n}`;
  const shares = known.get(key) ?? sharesUpTo(m, n);
  known.set(key, shares);
  return w < 0 ? 0 : (shares[Math.floor(w)] ?? 1);
}

/** By the sizes of the sides: comparisons ask for few of them, often. */
const known = new Map<string, readonly number[]>();

function sharesUpTo(m: number, n: number): number[] {
  let sum = 0;
  const sums = orders(m, n).map((count) => {
    sum += count;
    return sum;
  });
  return sums.map((upTo) => upTo / sum);
}

/** By the value of the statistic, 0 to `m * n`: multiplied by 1 - x^(n+i), divided by 1 - x^i, for every i up to m. */
function orders(m: number, n: number): number[] {
  const counts = new Array<number>(m * n + 1).fill(0);
  counts[0] = 1;
  for (let i = 1; i <= m; i++) {
    for (let w = m * n; w >= n + i; w--) counts[w] = (counts[w] ?? 0) - (counts[w - n - i] ?? 0);
    for (let w = i; w <= m * n; w++) counts[w] = (counts[w] ?? 0) + (counts[w - i] ?? 0);
  }
  return counts;
}

/**
 * P(Z > z) of the standard normal distribution for z >= 0: by the series of Abramowitz and Stegun, Handbook of
 * Mathematical Functions, 26.2.10, and far out by their continued fraction, 26.2.14.
 */
export function normalTail(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z > SERIES_MAX) {
    let fraction = z;
    for (let term = FRACTION_TERMS; term > 0; term--) fraction = z + term / fraction;
    return density / fraction;
  }
  let sum = 0;
  let step = z;
  for (let odd = 3; sum + step !== sum; odd += 2) {
    sum += step;
    step *= (z * z) / odd;
  }
  return 0.5 - density * sum;
}
