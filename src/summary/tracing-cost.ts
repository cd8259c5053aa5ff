import type { AuditCounter, AuditedTrial, RunResult, TrialResult } from '../results/schema.ts';
import { per, sumOf } from '../stats/sums.ts';
import type { Workload } from '../workloads/schema.ts';
import { type BlockRatio, blockRatio, cpuPerRequest, type ObservedTrial, throughput } from './block-ratio.ts';
import { summarizeSaturation } from './summarize-row.ts';

/** A row under a workload, with and without somebody counting its system calls. */
export interface TracingCost {
  readonly workload: string;
  readonly label: string;
  readonly model: string;
  readonly untraced: TracedSpeed;
  /** The client was the limit without tracing: the server slows down by more than the throughput does. */
  readonly clientLimited: boolean;
  readonly traced: readonly TracingFactor[];
  /** Counters whose trials all broke, and how the first of them did. */
  readonly broken: readonly { readonly counter: AuditCounter; readonly message: string }[];
}

/** Means over trials; costs are sums divided by the requests of all of them. */
export interface TracedSpeed {
  readonly trials: number;
  readonly throughputPerS: number;
  readonly cpuNsPerRequest: number | null;
  readonly syscallsPerRequest: number | null;
}

export interface TracingFactor extends TracedSpeed {
  readonly counter: AuditCounter;
  /** Throughput untraced over traced, within the blocks; null in an open loop, which is given its rate. */
  readonly slowdown: BlockRatio | null;
  /** Server CPU per request traced over untraced. The tracer's own CPU is not in it. */
  readonly cpuFactor: BlockRatio | null;
}

const COUNTERS: readonly AuditCounter[] = ['tracepoint', 'strace'];

/** Every cell that has audit trials, and untraced ones to compare them with. */
export function summarizeTracing(result: RunResult): readonly TracingCost[] {
  return result.record.settings.workloads.flatMap((workload) =>
    result.record.settings.entries.flatMap((entry) => {
      const own = result.trials.filter(
        (trial) => trial.workload === workload.id && trial.label === entry.label,
      );
      const untraced = own.filter((trial) => trial.status === 'measured');
      const audited = own.filter((trial) => trial.status === 'audited');
      const broken = COUNTERS.flatMap((counter) => brokenOf(own, counter));
      if (untraced.length === 0 || audited.length + broken.length === 0) return [];
      const { seed } = result.record.settings;
      const cost: TracingCost = {
        workload: workload.id,
        ...entry,
        untraced: speedOf(untraced),
        clientLimited: summarizeSaturation(untraced).verdict === 'client',
        traced: COUNTERS.flatMap((counter) => factorOf({ audited, untraced, counter, workload, seed })),
        broken,
      };
      return [cost];
    }),
  );
}

function brokenOf(trials: readonly TrialResult[], counter: AuditCounter): TracingCost['broken'] {
  const own = trials.filter((trial) => trial.counter === counter);
  const failed = own.filter((trial) => trial.status === 'failed');
  const [first] = failed;
  if (first === undefined || failed.length < own.length) return [];
  return [{ counter, message: `${first.stage}: ${first.message}` }];
}

interface FactorInput {
  readonly audited: readonly AuditedTrial[];
  readonly untraced: readonly ObservedTrial[];
  readonly counter: AuditCounter;
  readonly workload: Workload;
  readonly seed: number;
}

function factorOf({ audited, untraced, counter, workload, seed }: FactorInput): TracingFactor[] {
  const traced = audited.filter((trial) => trial.counter === counter);
  if (traced.length === 0) return [];
  return [
    {
      counter,
      ...speedOf(traced),
      slowdown:
        workload.mode === 'open' ? null : blockRatio({ value: untraced, base: traced }, throughput, seed),
      cpuFactor: blockRatio({ value: traced, base: untraced }, cpuPerRequest, seed),
    },
  ];
}

function speedOf(trials: readonly ObservedTrial[]): TracedSpeed {
  const observations = trials.map((trial) => trial.observation);
  const requests = sumOf(observations, (o) => o.requests.accounted);
  return {
    trials: trials.length,
    throughputPerS: sumOf(observations, (o) => o.throughputPerS) / trials.length,
    cpuNsPerRequest: per(
      sumOf(observations, (o) => o.server.cpuNs),
      requests,
    ),
    syscallsPerRequest: per(
      sumOf(observations, (o) => sumOf(Object.values(o.server.syscalls), (count) => count)),
      requests,
    ),
  };
}
