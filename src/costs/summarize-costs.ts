import { Bench } from 'tinybench';
import { medianInterval } from '../stats/median-interval.ts';
import { NS_PER_MS, NS_PER_S } from '../util/units.ts';
import type { CostInfo, CostSamples } from './bench.ts';
import { DERIVED_COSTS } from './derived.ts';
import type { Cost, CostFrequency, DerivedCost } from './schema.ts';

/** The cost that turns nanoseconds into cycles. */
export const CYCLE_COST = 'core-cycle';

/** What the rounds of one cost gave: in their order, null where it was not asked for again. */
export interface CostRounds {
  readonly info: CostInfo;
  readonly rounds: readonly (CostSamples | null)[];
}

type Interval = Pick<
  Extract<Cost, { status: 'measured' }>,
  'ns' | 'lowNs' | 'highNs' | 'cycles' | 'tscCycles' | 'roundNs'
>;

/**
 * One number of all rounds: the median over the medians of rounds, with an interval over rounds, whose batches share
 * their weather. tinybench has what there is to say of the batches themselves. A round that failed is left out; of a
 * cost that never went well, the last reason is told.
 */
export function summarizeCost(
  { info, rounds }: CostRounds,
  frequency: CostFrequency,
  clockStepNs: number,
): Cost {
  const about = aboutOf(info);
  const taken = rounds.filter((round) => round !== null);
  const measured = taken.filter((round) => round.status === 'measured' && round.ns.length > 0);
  if (measured.length === 0) {
    const last = taken.at(-1);
    const reason = last?.reason ?? 'not measured: it was stopped before';
    return { ...about, status: last?.status === 'unsupported' ? 'unsupported' : 'failed', reason };
  }
  const roundNs = rounds.map((round) =>
    round?.status === 'measured' && round.ns.length > 0 ? medianInterval(round.ns).median : null,
  );
  const batches = measured.flatMap((round) => round.ns);
  const turns = medianInterval(measured.map((round) => round.turns)).median;
  const interval = intervalOf(roundNs, frequency);
  const batchNs = Math.max(interval.ns, 0) * turns;
  return {
    ...about,
    status: 'measured',
    ...interval,
    batches: {
      ...summarizeBatches(batches),
      turns: Math.round(turns),
      clockShare: batchNs > 0 ? clockStepNs / batchNs : 0,
    },
  };
}

/** Every difference of costs, round by round. */
export function deriveCosts(costs: readonly Cost[], frequency: CostFrequency): DerivedCost[] {
  return DERIVED_COSTS.map((spec) => {
    const { terms, ...about } = spec;
    const found = terms.map((term) => ({ ...term, of: costs.find(({ id }) => id === term.cost) }));
    const lacking = found.find(({ of }) => of?.status !== 'measured');
    if (lacking !== undefined) {
      const reason = lacking.of === undefined ? 'was not measured' : reasonOf(lacking.of);
      return { ...about, terms: [...terms], status: 'missing', reason: `${lacking.cost}: ${reason}` };
    }
    const series = found.flatMap(({ times, of }) =>
      of?.status === 'measured' ? [{ times, roundNs: of.roundNs }] : [],
    );
    const roundNs = (series[0]?.roundNs ?? []).map((_, round) =>
      series.reduce<number | null>((sum, { times, roundNs: one }) => {
        const ns = one[round] ?? null;
        return sum === null || ns === null ? null : sum + times * ns;
      }, 0),
    );
    if (roundNs.every((ns) => ns === null))
      return { ...about, terms: [...terms], status: 'missing', reason: 'no round has all of its terms' };
    return { ...about, terms: [...terms], status: 'derived', ...intervalOf(roundNs, frequency) };
  });
}

function reasonOf(cost: Cost): string {
  return cost.status === 'measured' ? '' : cost.reason;
}

function intervalOf(roundNs: readonly (number | null)[], frequency: CostFrequency): Interval {
  const { median, low, high } = medianInterval(roundNs.filter((ns) => ns !== null));
  const cyclesAt = (hz: number | null) => (hz === null ? null : (median * hz) / NS_PER_S);
  return {
    ns: median,
    lowNs: low,
    highNs: high,
    cycles: cyclesAt(frequency.coreHz),
    tscCycles: cyclesAt(frequency.tscHz),
    roundNs: [...roundNs],
  };
}

function aboutOf({ id, group, title, measures, unit }: CostInfo) {
  return { id, group, title, measures, unit };
}

/** What tinybench says of the batches, whose durations it is given: it measures nothing itself. */
function summarizeBatches(ns: readonly number[]) {
  const bench = new Bench({ iterations: ns.length, time: 0, warmup: false, throws: true });
  let next = 0;
  // It takes milliseconds, and none below zero.
  const duration = () => Math.max(0, ns[next++ % ns.length] ?? 0) / NS_PER_MS;
  bench.add('batches', () => ({ overriddenDuration: duration() }), { async: false });
  const [task] = bench.runSync();
  if (task?.result.state !== 'completed') throw new Error(`the summary ended as ${task?.result.state}`);
  const { p50, mean, moe, p99, min, max, samplesCount } = task.result.latency;
  return {
    count: samplesCount,
    p50Ns: p50 * NS_PER_MS,
    meanNs: mean * NS_PER_MS,
    meanMoeNs: moe * NS_PER_MS,
    p99Ns: p99 * NS_PER_MS,
    minNs: min * NS_PER_MS,
    maxNs: max * NS_PER_MS,
  };
}
