import { quantileSorted } from 'simple-statistics';
import type { Latency, Observation } from '../results/schema.ts';
import { mergeLatencies, quantileNs, samplesNeeded } from '../stats/histogram.ts';
import { per, sumOf } from '../stats/sums.ts';
import type { Metric, RowValue } from './metric.ts';

/** How the numbers of a metric come about. */
type Reduction = Pick<Metric, 'ofTrial' | 'ofRow' | 'samplesNeeded' | 'pooledBy'>;

type Reading = (observation: Observation) => number | null;

/** Of a trial as it was read, whatever the number of samples. */
function asRead(read: Reading): Pick<Metric, 'ofTrial' | 'samplesNeeded'> {
  return { ofTrial: read, samplesNeeded: null };
}

/** One value of a trial, and the median of a row's trials with their quartiles. */
export function medianOverTrials(read: Reading): Reduction {
  return {
    ...asRead(read),
    pooledBy: 'median',
    ofRow: (observations) => {
      const sorted = observations.flatMap((o) => read(o) ?? []).sort((a, b) => a - b);
      if (sorted.length === 0) return { value: null, enough: true };
      return {
        value: quantileSorted(sorted, 0.5),
        q1: quantileSorted(sorted, 0.25),
        q3: quantileSorted(sorted, 0.75),
        enough: true,
      };
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

/** A quantile: of a row, of the ONE histogram that its trials add up to. */
export function quantileOf(of: 'response' | 'service', share: number): Reduction & Pick<Metric, 'quantile'> {
  const needed = samplesNeeded(share);
  const rowValueOf = (latency: Latency): RowValue => ({
    value: quantileNs(latency, share),
    enough: latency.count >= needed,
  });
  return {
    quantile: { of, share },
    samplesNeeded: needed,
    pooledBy: 'merged histogram',
    ofTrial: (o) => {
      const latency = o[of];
      if (latency === null) return null;
      const { value, enough } = rowValueOf(latency);
      return enough ? value : null;
    },
    ofRow: (observations) => {
      const latencies = observations.flatMap((o) => o[of] ?? []);
      return latencies.length === 0 ? { value: null, enough: true } : rowValueOf(mergeLatencies(latencies));
    },
  };
}
