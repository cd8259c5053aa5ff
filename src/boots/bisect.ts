/** What a kernel is, beside the good one; `unknown`: its boots do not decide, or it does not boot. */
export type Judgement = 'good' | 'bad' | 'unknown';

export interface BisectResult<K> {
  /** The last one that is known to be good, and the first that is known to be bad after it. */
  readonly lastGood: K;
  readonly firstBad: K;
  /** Between the two: any of them, or the first bad one, may be the first. */
  readonly unknown: readonly K[];
}

/**
 * The first bad kernel of a row in which all that follow a bad one are bad, in log2 judgements; those that cannot be judged cost
 * one more each.
 * @param kernels in order; the first is good and the last bad, and neither is judged.
 */
export async function bisect<K>(
  kernels: readonly K[],
  judge: (kernel: K) => Promise<Judgement>,
): Promise<BisectResult<K>> {
  let [low, high] = [0, kernels.length - 1];
  const unknown = new Set<number>();
  for (;;) {
    const next = nearestTo((low + high) / 2, { low, high, unknown });
    if (next === null) break;
    const kernel = kernels[next];
    if (kernel === undefined) break;
    const judgement = await judge(kernel);
    if (judgement === 'good') low = next;
    else if (judgement === 'bad') high = next;
    else unknown.add(next);
  }
  const [lastGood, firstBad] = [kernels[low], kernels[high]];
  if (lastGood === undefined || firstBad === undefined) throw new Error('bisect needs two kernels');
  return { lastGood, firstBad, unknown: kernels.slice(low + 1, high) };
}

/** The place next to `middle` that can still tell something; null: none. */
function nearestTo(
  middle: number,
  {
    low,
    high,
    unknown,
  }: { readonly low: number; readonly high: number; readonly unknown: ReadonlySet<number> },
): number | null {
  const open = Array.from({ length: Math.max(0, high - low - 1) }, (_, i) => low + 1 + i).filter(
    (place) => !unknown.has(place),
  );
  return open.length === 0
    ? null
    : open.reduce((a, b) => (Math.abs(b - middle) < Math.abs(a - middle) ? b : a));
}
