import type { COSTS_STATUS } from './abi.ts';

/** What a cost says of itself; the members of `schema.ts`, and what it needs. */
export interface CostInfo {
  readonly index: number;
  readonly id: string;
  readonly group: string;
  readonly title: string;
  readonly measures: string;
  readonly unit: string;
  /** Of the pool of open files that such costs share; 0: it is measured without them. */
  readonly descriptors: number;
  readonly takesTwoCpus: boolean;
}

export interface CostRequest {
  readonly index: number;
  /** null: not pinned. */
  readonly cpu: number | null;
  /** Of the other end of what takes two; null: there is none. */
  readonly otherCpu: number | null;
  /** A batch is to last so long. */
  readonly batchNs: number;
  readonly batchesMin: number;
  readonly batchesMax: number;
  /** For all batches, with what is done around them. */
  readonly budgetNs: number;
  /** For all of it, preparation included. */
  readonly deadlineNs: number;
}

/** Some batches of one cost. */
export interface CostSamples {
  readonly status: (typeof COSTS_STATUS)[number];
  /** Empty where it was measured. */
  readonly reason: string;
  /** Operations in a batch. */
  readonly turns: number;
  /** Of a turn of the loop; subtracted already, as is the reading of the clock. */
  readonly loopNs: number;
  readonly clockNs: number;
  /** Per operation, a batch each. */
  readonly ns: readonly number[];
}

export interface ClockReading {
  /** Smallest step between two readings. */
  readonly stepNs: number;
  readonly readNs: number;
  /** CLOCK_MONOTONIC, and the TSC at the same time; null: there is none of a constant rate. */
  readonly nowNs: bigint;
  readonly tsc: bigint | null;
}

/** The costs that this build has, and a machine that measures them. */
export interface CostsBench {
  readonly costs: readonly CostInfo[];
  clock(): ClockReading;
  /** One at a time. Ends by its deadline and a grace after it. */
  measure(request: CostRequest): Promise<CostSamples>;
  /** Ends what is measured at its next batch. */
  stop(): void;
  /** Closes what was kept open for the next cost. */
  release(): void;
}
