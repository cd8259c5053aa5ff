import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';
import {
  type AuditedTrial,
  type AuditInstrument,
  auditInstrumentSchema,
  type ObservedTrial,
  type RunResult,
  type TrialResult,
} from '../results/schema.ts';
import { per, sumOf } from '../stats/sums.ts';
import type { Workload } from '../workloads/schema.ts';
import { blockRatio, blockRatioSchema, cpuPerRequest, throughput } from './block-ratio.ts';
import { summarizeSaturation } from './summarize-row.ts';

const tracedSpeedSchema = z
  .object({
    trials: z.number().int().nonnegative(),
    throughputPerS: z.number(),
    cpuNsPerRequest: z.number().nullable(),
    syscallsPerRequest: z.number().nullable(),
  })
  .describe('means over trials; costs are sums divided by the requests of all of them');

const tracingFactorSchema = z.object({
  ...tracedSpeedSchema.shape,
  counter: auditInstrumentSchema,
  slowdown: blockRatioSchema
    .nullable()
    .describe(
      'throughput untraced over traced, within the blocks; null in an open loop, which is given its rate',
    ),
  cpuFactor: blockRatioSchema
    .nullable()
    .describe("server CPU per request traced over untraced; the tracer's own CPU is not in it"),
});

export const tracingCostSchema = z
  .object({
    workload: z.string(),
    label: z.string(),
    model: z.string(),
    untraced: tracedSpeedSchema,
    clientLimited: z
      .boolean()
      .describe(
        'the client was the limit without tracing: the server slows down by more than the throughput does',
      ),
    traced: z.array(tracingFactorSchema),
    broken: z
      .array(z.object({ counter: auditInstrumentSchema, message: z.string() }))
      .describe('instruments whose trials all broke, and how the first of them did'),
  })
  .describe('a row under a workload, with and without somebody counting its system calls');

export type TracedSpeed = ReadonlyDeep<z.infer<typeof tracedSpeedSchema>>;
export type TracingFactor = ReadonlyDeep<z.infer<typeof tracingFactorSchema>>;
export type TracingCost = ReadonlyDeep<z.infer<typeof tracingCostSchema>>;

const INSTRUMENTS: readonly AuditInstrument[] = ['tracepoint', 'strace'];

/** Every cell that has audit trials, and untraced ones to compare them with. */
export function summarizeTracing(result: RunResult): readonly TracingCost[] {
  return result.record.settings.workloads.flatMap((workload) =>
    result.record.settings.entries.flatMap((entry) => {
      const own = result.trials.filter(
        (trial) => trial.workload === workload.id && trial.label === entry.label,
      );
      const untraced = own.filter((trial) => trial.status === 'measured');
      const audited = own.filter((trial) => trial.status === 'audited');
      const broken = INSTRUMENTS.flatMap((counter) => brokenOf(own, counter));
      if (untraced.length === 0 || audited.length + broken.length === 0) return [];
      const { seed } = result.record.settings;
      const cost: TracingCost = {
        workload: workload.id,
        ...entry,
        untraced: speedOf(untraced),
        clientLimited: summarizeSaturation(untraced).verdict === 'client',
        traced: INSTRUMENTS.flatMap((counter) => factorOf({ audited, untraced, counter, workload, seed })),
        broken,
      };
      return [cost];
    }),
  );
}

function brokenOf(trials: readonly TrialResult[], counter: AuditInstrument): TracingCost['broken'] {
  const own = trials.filter((trial) => trial.counter === counter);
  const failed = own.filter((trial) => trial.status === 'failed');
  const [first] = failed;
  if (first === undefined || failed.length < own.length) return [];
  return [{ counter, message: `${first.stage}: ${first.message}` }];
}

interface FactorInput {
  readonly audited: readonly AuditedTrial[];
  readonly untraced: readonly ObservedTrial[];
  readonly counter: AuditInstrument;
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
