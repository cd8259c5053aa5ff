import { quantileSorted } from 'simple-statistics';
import type { RowValue } from '../metrics/metric.ts';
import { METRICS } from '../metrics/registry.ts';
import type { MeasuredTrial, Observation, Saturation } from '../results/schema.ts';
import { addUp, per, sumOf } from '../stats/sums.ts';
import type { Workload } from '../workloads/schema.ts';
import { type KernelWork, summarizeKernelWork } from './kernel-work.ts';
import { type LatencySummary, summarizeLatency } from './latency.ts';

/** One value per block. */
export interface Spread {
  readonly median: number;
  readonly q1: number;
  readonly q3: number;
  readonly min: number;
  readonly max: number;
}

/** Costs are sums over all trials divided by the requests of all trials; null without a request. */
export interface ServerSummary {
  readonly cpuNsPerRequest: number | null;
  readonly requestsPerCpuS: number | null;
  readonly utilisation: Spread;
  readonly syscallsPerRequest: number | null;
  readonly syscallsPerRequestByName: Readonly<Record<string, number>>;
  readonly contextSwitchesPerRequest: number | null;
  readonly threads: number | null;
  readonly rssMaxBytes: number | null;
  /** Of the server, added up over all trials, e.g. CQ overflows and short sends. */
  readonly counters: Readonly<Record<string, number>>;
}

/** Who was the limit in more than half of the trials; `neither` where there is no such majority. */
export interface SaturationSummary {
  readonly verdict: Saturation;
  readonly trials: Readonly<Record<Saturation, number>>;
}

/** What an open loop asked for and what came of it. */
export interface OpenLoopSummary {
  readonly offeredPerS: number;
  readonly achievedShare: number;
  /** Requests that were due and never sent, over all trials. */
  readonly dueUnsent: number;
}

/** What the trials of a model under a workload say by themselves, without a comparison. */
export interface RowNumbers {
  /** Every metric of `metrics/registry.ts`, by id. */
  readonly metrics: Readonly<Record<string, RowValue>>;
  readonly throughputPerS: Spread;
  readonly response: LatencySummary;
  /** Null where it is the response time: in a closed loop requests are due when they are sent. */
  readonly service: LatencySummary | null;
  readonly server: ServerSummary;
  readonly kernel: KernelWork;
  readonly client: { readonly cpuNsPerRequest: number | null; readonly utilisation: Spread };
  readonly saturation: SaturationSummary;
  readonly openLoop: OpenLoopSummary | null;
  /** Requests that ended in an error, over all trials. */
  readonly errors: number;
  /** What disturbed the contaminated trials, one line per mark. */
  readonly marks: readonly string[];
  readonly warnings: readonly string[];
}

/** @param trials at least one. */
export function summarizeRow(trials: readonly MeasuredTrial[], workload: Workload): RowNumbers {
  const observations = trials.map((trial) => trial.observation);
  const throughputPerS = spreadOf(observations.map((o) => o.throughputPerS));
  const services = observations.flatMap((o) => (o.service === null ? [] : [o.service]));
  const accounted = sumOf(observations, (o) => o.requests.accounted);
  return {
    metrics: Object.fromEntries(METRICS.map((metric) => [metric.id, metric.ofRow(observations)])),
    throughputPerS,
    response: summarizeLatency(observations.map((o) => o.response)),
    service: services.length === 0 ? null : summarizeLatency(services),
    server: summarizeServer(observations, accounted),
    kernel: summarizeKernelWork(observations),
    client: {
      cpuNsPerRequest: per(
        sumOf(observations, (o) => o.client.cpuNs),
        accounted,
      ),
      utilisation: spreadOf(observations.map((o) => o.client.utilisation)),
    },
    saturation: summarizeSaturation(trials),
    openLoop: workload.mode === 'open' ? summarizeOpenLoop(observations, workload.ratePerSecond) : null,
    errors: sumOf(observations, (o) => o.requests.errors + o.requests.connectionErrors),
    marks: observations.flatMap((o) => o.contamination.marks),
    warnings: [...new Set(observations.flatMap((o) => o.warnings))],
  };
}

/** Who was the limit: the verdict of the majority of trials. */
export function summarizeSaturation(measured: readonly MeasuredTrial[]): SaturationSummary {
  const trials = { server: 0, client: 0, neither: 0 };
  for (const { observation } of measured) trials[observation.saturation]++;
  const half = measured.length / 2;
  const verdict = trials.client > half ? 'client' : trials.server > half ? 'server' : 'neither';
  return { verdict, trials };
}

function summarizeServer(observations: readonly Observation[], accounted: number): ServerSummary {
  const cpuNs = sumOf(observations, (o) => o.server.cpuNs);
  const syscalls = addUp(observations.map((o) => o.server.syscalls));
  // Trials without a reading count neither in the sum nor in what it is divided by.
  const switched = observations.filter(
    (o) => o.server.voluntarySwitches !== null && o.server.involuntarySwitches !== null,
  );
  return {
    cpuNsPerRequest: per(cpuNs, accounted),
    requestsPerCpuS: per(accounted * 1e9, cpuNs),
    utilisation: spreadOf(observations.map((o) => o.server.utilisation)),
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
  const achievedPerS = spreadOf(observations.map((o) => o.throughputPerS)).median;
  return {
    offeredPerS,
    achievedShare: achievedPerS / offeredPerS,
    dueUnsent: sumOf(observations, (o) => o.requests.dueUnsent),
  };
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return {
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
