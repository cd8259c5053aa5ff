import { Bench } from 'tinybench';
import { NS_PER_MS } from '../util/units.ts';

/** What one call costs. Nanoseconds. */
export interface CallCost {
  /** Median over batches: a batch that was interrupted does not move it. */
  readonly p50Ns: number;
  readonly p99Ns: number;
}

/** One call is too short to be timed alone: batches of this many are. */
const BATCH_CALLS = 1000;
const TIME_MS = 120;
const WARMUP_MS = 30;
const BATCHES_MIN = 16;

/** Measures a synchronous call that takes about a microsecond or less, on this thread. */
export async function timeCall(call: () => unknown): Promise<CallCost> {
  const bench = new Bench({
    time: TIME_MS,
    warmupTime: WARMUP_MS,
    iterations: BATCHES_MIN,
    timestampProvider: 'hrtimeNow',
    throws: true,
  });
  bench.add(
    'call',
    () => {
      const startMs = bench.now();
      for (let i = 0; i < BATCH_CALLS; i++) call();
      const batchMs = bench.now() - startMs;
      return { overriddenDuration: batchMs / BATCH_CALLS, overriddenIterationCost: batchMs };
    },
    { async: false },
  );
  const [task] = await bench.run();
  if (task?.result.state !== 'completed') throw new Error(`timing ended as ${task?.result.state}`);
  const { p50, p99 } = task.result.latency;
  return { p50Ns: p50 * NS_PER_MS, p99Ns: p99 * NS_PER_MS };
}

/** The smallest step that the clock takes between two readings that differ. Nanoseconds. */
export function clockStepNs(now: () => bigint): number {
  let smallest = Number.POSITIVE_INFINITY;
  let before = now();
  for (let i = 0; i < BATCH_CALLS; i++) {
    const after = now();
    if (after > before) smallest = Math.min(smallest, Number(after - before));
    before = after;
  }
  return smallest;
}
