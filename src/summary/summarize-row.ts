import { quantileSorted } from 'simple-statistics';
import type { Metric, RowValue } from '../metrics/metric.ts';
import { geometricMean, steadyTrials } from '../metrics/reduce.ts';
import { METRICS } from '../metrics/registry.ts';
import type { AuditedTrial, CountedTrial, MeasuredTrial, Observation } from '../results/schema.ts';
import { addUp, per, sumOf } from '../stats/sums.ts';
import { NS_PER_S } from '../util/units.ts';
import type { Workload } from '../workloads/schema.ts';
import { summarizeKernelWork } from './kernel-work.ts';
import { summarizeLatency } from './latency.ts';
import type { OpenLoopSummary, RowNumbers, SaturationSummary, ServerSummary, Spread } from './run-summary.ts';

/** Trials of a row in which something else counts. */
export interface FurtherTrials {
  /** The CPU. */
  readonly counted: readonly CountedTrial[];
  /** Tracepoints or strace. */
  readonly audited: readonly AuditedTrial[];
}

/** @param trials at least one. */
export function summarizeRow(
  trials: readonly MeasuredTrial[],
  { counted, audited }: FurtherTrials,
  workload: Workload,
): RowNumbers {
  const observations = trials.map((trial) => trial.observation);
  const by = { own: observations, cpu: counted.map((trial) => trial.observation) };
  const traced = audited.map((trial) => trial.observation);
  const rowValueOf = (metric: Metric): RowValue => {
    const value = metric.ofRow(by[metric.takenFrom]);
    return value.value === null && metric.alsoTraced ? metric.ofRow(traced) : value;
  };
  const throughputPerS = spreadOf(observations, (o) => o.throughputPerS);
  const submits = observations.flatMap((o) => (o.file === null ? [] : [o.file.submit]));
  const services = observations.flatMap((o) => (o.service === null ? [] : [o.service]));
  return {
    metrics: Object.fromEntries(METRICS.map((metric) => [metric.id, rowValueOf(metric)])),
    throughputPerS,
    timed: observations.every((o) => o.pathLength === null),
    response: summarizeLatency(observations.map((o) => o.response)),
    submit: submits.length === 0 ? null : summarizeLatency(submits),
    service: services.length === 0 ? null : summarizeLatency(services),
    server: summarizeServer(observations, traced),
    kernel: summarizeKernelWork(observations),
    client: {
      cpuNsPerRequest: geometricMean(steadyTrials(observations), (o) =>
        per(o.client.cpuNs, o.requests.accounted),
      ),
      utilisation: spreadOf(observations, (o) => o.client.utilisation),
    },
    saturation: summarizeSaturation(trials),
    openLoop: workload.mode === 'open' ? summarizeOpenLoop(observations, workload.ratePerSecond) : null,
    errors: sumOf(observations, (o) => o.requests.errors + o.requests.connectionErrors),
    marks: observations.flatMap((o) => o.contamination.marks),
    warnings: [...new Set(observations.flatMap((o) => o.warnings))],
  };
}

/** Who was the limit in more than half of the trials; a side that was full beside the other counts for both. */
export function summarizeSaturation(measured: readonly MeasuredTrial[]): SaturationSummary {
  const trials = { server: 0, client: 0, both: 0, neither: 0 };
  for (const { observation } of measured) trials[observation.saturation]++;
  const most = (count: number) => count > measured.length / 2;
  const client = most(trials.client + trials.both);
  const server = most(trials.server + trials.both);
  if (most(trials.client)) return { verdict: 'client', trials };
  if (client && server) return { verdict: 'both', trials };
  return { verdict: client ? 'client' : server ? 'server' : 'neither', trials };
}

function summarizeServer(
  observations: readonly Observation[],
  traced: readonly Observation[],
): ServerSummary {
  const cpuNsPerRequest = geometricMean(steadyTrials(observations), (o) =>
    per(o.server.cpuNs, o.requests.accounted),
  );
  const countsCalls = ({ server }: Observation) => server.syscallsPerRequest !== null;
  // Of a server that does not count them, what counted them in trials of their own.
  const told = observations.some(countsCalls) ? observations : traced;
  const counting = told.filter(countsCalls);
  const accounted = sumOf(counting, (o) => o.requests.accounted);
  const syscalls = addUp(counting.map((o) => o.server.syscalls));
  // Trials without a reading count neither in the sum nor in what it is divided by.
  const switched = observations.filter(
    (o) => o.server.voluntarySwitches !== null && o.server.involuntarySwitches !== null,
  );
  return {
    cpuNsPerRequest,
    requestsPerCpuS: cpuNsPerRequest === null ? null : NS_PER_S / cpuNsPerRequest,
    utilisation: spreadOf(observations, (o) => o.server.utilisation),
    syscallsPerRequest: per(
      Object.values(syscalls).reduce((sum, count) => sum + count, 0),
      accounted,
    ),
    syscallsPerRequestByName: Object.fromEntries(
      Object.entries(syscalls).map(([name, count]) => [name, per(count, accounted) ?? 0]),
    ),
    contextSwitchesPerRequest: per(
      sumOf(switched, (o) => (o.server.voluntarySwitches ?? 0) + (o.server.involuntarySwitches ?? 0)),
      sumOf(switched, (o) => o.requests.accounted),
    ),
    threads: largest(observations.map((o) => o.server.threads)),
    rssMaxBytes: largest(observations.map((o) => o.server.rssMaxBytes)),
    counters: addUp(observations.map((o) => o.server.counters)),
  };
}

function summarizeOpenLoop(observations: readonly Observation[], offeredPerS: number): OpenLoopSummary {
  const achievedPerS = spreadOf(observations, (o) => o.throughputPerS).value;
  return {
    offeredPerS,
    achievedShare: achievedPerS / offeredPerS,
    dueUnsent: sumOf(observations, (o) => o.requests.dueUnsent),
  };
}

function spreadOf(observations: readonly Observation[], read: (o: Observation) => number): Spread {
  const sorted = observations.map(read).sort((a, b) => a - b);
  return {
    value: geometricMean(steadyTrials(observations), read) ?? 0,
    median: quantileSorted(sorted, 0.5),
    q1: quantileSorted(sorted, 0.25),
    q3: quantileSorted(sorted, 0.75),
    min: sorted[0] ?? 0,
    max: sorted.at(-1) ?? 0,
  };
}

function largest(values: readonly (number | null)[]): number | null {
  return values.reduce((max, value) => (value !== null && (max === null || value > max) ? value : max), null);
}
