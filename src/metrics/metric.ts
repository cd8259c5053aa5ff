import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';
import type { AuditInstrument, Instrument, Observation } from '../results/schema.ts';
import type { Domain } from '../workloads/schema.ts';

/** What a metric's numbers are of; decides how they look, and its names in the exports. */
export type Unit =
  | 'requests-per-second'
  | 'bytes-per-second'
  | 'ns'
  | 'ns-per-request'
  | 'per-request'
  | 'per-connection'
  | 'ratio'
  | 'bytes'
  | 'count';

/** Distributions that are merged over the trials of a row. */
export const DISTRIBUTIONS = ['response', 'service', 'submit'] as const;
export type Distribution = (typeof DISTRIBUTIONS)[number];

export const rowValueSchema = z.object({
  value: z.number().nullable().describe('null: could not be measured'),
  q1: z.number().optional().describe('quartiles over the trials, where each has a value'),
  q3: z.number().optional(),
  low: z.number().optional().describe('95 % interval over blocks, where the value is a percentile'),
  high: z.number().optional(),
  enough: z.boolean().describe('whether the samples suffice to believe it'),
});

/** A row of a table in one number. */
export type RowValue = ReadonlyDeep<z.infer<typeof rowValueSchema>>;

/** Something that is measured of every trial. Everything that shows, compares or exports it reads it here. */
export interface Metric {
  /** `stem` and unit in camel case; also its name in JSON and on the command line. */
  readonly id: string;
  /** In words, for people. */
  readonly title: string;
  /** Short, in the tables of `compare`. */
  readonly name: string;
  /** In words and with the unit, a sentence: HELP of the expositions. */
  readonly help: string;
  readonly unit: Unit;
  readonly better: 'higher' | 'lower';
  readonly domains: readonly Domain[];
  /** Its name in the exports without the unit, in snake case. */
  readonly stem: string;
  /** Names that formats have for it already. */
  readonly named?: { readonly bmf?: string; readonly gobench?: string };
  /** A quantile of a distribution, of which the exports know more. */
  readonly quantile?: { readonly of: Distribution; readonly share: number };
  /** Which trials its values are of, by their instrument: those without any, or those in which the CPU counts. */
  readonly takenFrom: Exclude<Instrument, AuditInstrument>;
  /** Whether trials in which another instrument counts tell it where the server itself does not: a count, which no slowness moves. */
  readonly alsoTraced: boolean;
  /** Null: could not be measured in this trial, or from too few samples to believe it. */
  ofTrial(observation: Observation): number | null;
  /** How the trials of a row make one value. */
  readonly pooledBy: 'geometric mean' | 'sum' | 'largest' | 'merged histogram';
  /** @param observations of the trials that it is taken from. */
  ofRow(observations: readonly Observation[]): RowValue;
  /** Samples below which it is not to be relied on; null: it is no matter of samples. */
  readonly samplesNeeded: number | null;
  /** Differences below this are none, however large a share they are. */
  readonly resolution: number;
  /**
   * What moves it from run to run: `cpu` the machine's speed, which the load generator feels as well;
   * `wall` that, and whoever else wants the CPUs; `program` only program and kernel; `load` how requests happen to meet; `chance` nothing
   * that lasts for a run; `boot` program and kernel, and how a boot happened to lay out and schedule them.
   */
  readonly movedBy: 'program' | 'boot' | 'load' | 'cpu' | 'wall' | 'chance';
  /**
   * Which of a run's trials stands for it beside other runs: `best`, where noise can only make it worse, so that its
   * best end stays put while its middle wanders; else their `middle`; `exact` is the middle of what hardly varies but
   * from boot to boot, in each cell by as much as its own boots say.
   */
  readonly comparedBy: 'best' | 'middle' | 'exact';
  /** Whether the overall verdict of `compare` needs it: what is steady enough to be held on to. */
  readonly gate: boolean;
  /** The smallest change that matters, as a share, where it hardly varies; null: as of any other. */
  readonly countedThreshold: number | null;
  /** The change that is to be found with so many connections, as a share, unless it is said; null: as of any other. */
  readonly detectable: ((connections: number) => number) | null;
  /**
   * It is work done per time: of the client where that was the limit, so that it says nothing about the
   * server; and asked for in an open loop, so that the speed of the machine does not move it.
   */
  readonly isRate: boolean;
  /**
   * It is mostly the device's under workloads that wait for one, whose speed wanders from run to run: there it is shown,
   * and judged between rows of one run alone.
   */
  readonly ofDevice: boolean;
  /** Whether many machines cannot measure it, so that its absence is no loss. */
  readonly optional: boolean;
  /** Whether `ladder` tells what each rung adds to it. */
  readonly ofRungs: boolean;
  /** Whether `compare` judges it unless told what to judge. */
  readonly judged: boolean;
  /** Its column in the table of a workload, and which go first where the width does not suffice; null: none. */
  readonly column: { readonly header: string; readonly priority: number } | null;
  /** The same under workloads of files, where it is named otherwise. */
  readonly fileColumn: { readonly header: string; readonly priority: number } | null;
  /** Under what it stands in the table of kernel-side work; null: it has no column there. */
  readonly kernelColumn: 'calls' | 'cpu' | null;
  /** Its column in the table of workers; null: none. */
  readonly workersColumn: { readonly header: string; readonly priority: number } | null;
}
