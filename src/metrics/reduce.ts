import { quantileSorted } from 'simple-statistics';
import type { Observation } from '../results/schema.ts';
import { trimmedBlocks } from '../stats/bootstrap.ts';
import { quantileNs, samplesNeeded } from '../stats/histogram.ts';
import { blockPercentile } from '../stats/percentile-interval.ts';
import { per, sumOf } from '../stats/sums.ts';
import type { Distribution, Metric, RowValue } from './metric.ts';

/** How the numbers of a metric come about. */
type Reduction = Pick<Metric, 'ofTrial' | 'ofRow' | 'samplesNeeded' | 'pooledBy'>;

type Reading = (observation: Observation) => number | null;

/** Of a trial as it was read, whatever the number of samples. */
function asRead(read: Reading): Pick<Metric, 'ofTrial' | 'samplesNeeded'> {
  return { ofTrial: read, samplesNeeded: null };
}

/**
 * The trials that a row's rate, CPU and utilisation are taken from: ordered by CPU per request, without the fifth at each
 * end. The same for all three, so that they multiply out.
 */
export function steadyTrials(observations: readonly Observation[]): readonly Observation[] {
  const sorted = observations.toSorted((a, b) => a.server.cpuNsPerRequest - b.server.cpuNsPerRequest);
  const trimmed = trimmedBlocks(sorted.length);
  return sorted.slice(trimmed, sorted.length - trimmed);
}

/** The geometric mean over these trials; null where none has a value above 0. */
export function geometricMean(observations: readonly Observation[], read: Reading): number | null {
  const logs = observations.flatMap((o) => {
    const value = read(o);
    return value === null || value <= 0 ? [] : [Math.log(value)];
  });
  return logs.length === 0 ? null : Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}

/** One value of a trial; of a row the geometric mean over its steady trials, with the quartiles over all. */
export function steadyMean(read: Reading): Reduction {
  return {
    ...asRead((o) => read(o)),
    pooledBy: 'geometric mean',
    ofRow: (observations) => {
      const sorted = observations.flatMap((o) => read(o) ?? []).sort((a, b) => a - b);
      const value = geometricMean(steadyTrials(observations), read);
      if (sorted.length === 0) return { value, enough: true };
      return { value, q1: quantileSorted(sorted, 0.25), q3: quantileSorted(sorted, 0.75), enough: true };
    },
  };
}

/**
 * An amount per answered request: of a row, the sum over its trials divided by the requests of all of
 * them. Trials without a reading count neither in the sum nor in what it is divided by.
 */
export function perRequest(amount: Reading): Reduction {
  return {
    ofTrial: (o) => {
      const value = amount(o);
      return value === null ? null : per(value, o.requests.accounted);
    },
    samplesNeeded: null,
    pooledBy: 'sum',
    ofRow: (observations) => {
      const read = observations.filter((o) => amount(o) !== null);
      const value = per(
        sumOf(read, (o) => amount(o) ?? 0),
        sumOf(read, (o) => o.requests.accounted),
      );
      return { value, enough: true };
    },
  };
}

/** One amount over another: of a row, sum over sum of the trials that have both. */
export function ratioOf(amount: Reading, divisor: Reading): Reduction {
  const both = (o: Observation) => amount(o) !== null && divisor(o) !== null;
  const ratio = (observations: readonly Observation[]) => {
    const read = observations.filter(both);
    return per(
      sumOf(read, (o) => amount(o) ?? 0),
      sumOf(read, (o) => divisor(o) ?? 0),
    );
  };
  return {
    ...asRead((o) => ratio([o])),
    pooledBy: 'sum',
    ofRow: (observations) => ({ value: ratio(observations), enough: true }),
  };
}

/** The largest of the trials. */
export function largest(read: Reading): Reduction {
  return {
    ...asRead(read),
    pooledBy: 'largest',
    ofRow: (observations) => {
      const values = observations.flatMap((o) => read(o) ?? []);
      return { value: values.length === 0 ? null : Math.max(...values), enough: true };
    },
  };
}

/** Null: a trial without it. */
function distributionOf(o: Observation, of: Distribution) {
  return of === 'submit' ? (o.file?.submit ?? null) : o[of];
}

/** A quantile: of a row, of the ONE histogram that its trials add up to. */
export function quantileOf(of: Distribution, share: number): Reduction & Pick<Metric, 'quantile'> {
  const needed = samplesNeeded(share);
  return {
    quantile: { of, share },
    samplesNeeded: needed,
    pooledBy: 'merged histogram',
    ofTrial: (o) => {
      const latency = distributionOf(o, of);
      if (latency === null) return null;
      return latency.count >= needed ? quantileNs(latency, share) : null;
    },
    ofRow: (observations): RowValue => {
      const latencies = observations.flatMap((o) => distributionOf(o, of) ?? []);
      if (latencies.length === 0) return { value: null, enough: true };
      const { valueNs, interval, enough } = blockPercentile(latencies, share);
      const bounds = interval === null ? {} : { low: interval.low, high: interval.high };
      return { value: valueNs, ...bounds, enough };
    },
  };
}
