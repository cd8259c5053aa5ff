import type { Interval } from '../stats/bootstrap.ts';
import type { Workload } from '../workloads/schema.ts';

/** The id of a metric: see `metrics/registry.ts`. */
export type MetricId = string;

/**
 * `regressed` and `improved`: larger than the threshold, and significant. `same`: the interval lies
 * inside the threshold. `inconclusive`: anything else.
 */
export type Verdict = 'regressed' | 'improved' | 'same' | 'inconclusive';

/** Which of the changes decides. `paired`: both sides come from the same blocks of the same run. */
export type DecidedBy = 'raw' | 'normalised' | 'relative' | 'paired';

/** Current over base: 1.1 is 10 % more, whether or not more is better. */
export interface Change {
  readonly ratio: number;
  /** 95 %; null with too few blocks. */
  readonly interval: Interval | null;
}

/** The blocks of one side of a cell. */
export interface SideValues {
  readonly median: number;
  readonly blocks: number;
}

/** One metric of one cell, both sides. */
export interface MetricComparison {
  readonly label: string;
  readonly model: string;
  readonly workload: string;
  readonly metric: MetricId;
  /** By the spread within the runs, not by name: `counted` hardly varies from block to block. */
  readonly kind: 'counted' | 'timed';
  readonly base: SideValues;
  readonly current: SideValues;
  readonly raw: Change;
  /** Each block divided by the calibration of that block; null where there is none, or none applies. */
  readonly normalised: Change | null;
  /**
   * Server CPU over the CPU that the load generator spent per request in the same trial, which the
   * neighbours of a noisy host slow down as well; null for other metrics.
   */
  readonly relative: Change | null;
  /** See `compare/decide.ts` for the rule, which does not look at the outcome. */
  readonly decidedBy: DecidedBy;
  /** What decided, its interval widened by what the host may have drifted between the runs. */
  readonly change: Change;
  /** Smallest change that matters, as a share: 0.05. */
  readonly threshold: number;
  /** Two-sided, of a rank test over blocks; null with too few. */
  readonly pValue: number | null;
  /** After Holm, over all cells of the family. */
  readonly adjustedP: number | null;
  readonly verdict: Verdict;
  /** One sentence: why it is inconclusive, or what a confirmation found. Null: nothing to say. */
  readonly reason: string | null;
  /** Of an inconclusive one: further blocks per side that would about decide it; null: out of reach. */
  readonly furtherBlocks: number | null;
  /** Whether a second measurement (`--confirm`) was taken, and agreed; null: none was taken. */
  readonly confirmed: boolean | null;
}

/** One of the runs of a side. */
export interface ComparedRun {
  readonly runId: string;
  readonly startedAt: string;
  readonly status: string;
  readonly kernel: string;
  readonly blocks: number;
}

export interface ComparedSide {
  readonly runs: readonly ComparedRun[];
  readonly blocks: number;
}

/** Something that is not the same on both sides. */
export interface EnvironmentDifference {
  readonly what: string;
  readonly base: string;
  readonly current: string;
  /** `subject`: what a comparison is made for, e.g. the kernel. `refused`: meaningless without --force. */
  readonly effect: 'subject' | 'noted' | 'refused';
}

/** How fast the machine itself was, by the calibrations: current over base, medians over the blocks. */
export interface CalibrationShift {
  readonly spin: Change;
  readonly syscall: Change;
  readonly ping: Change;
}

/** Part of what was measured that is not compared. `metric` null: the whole cell. */
export interface LeftOut {
  readonly label: string;
  readonly workload: string;
  readonly metric: MetricId | null;
  readonly reason: string;
}

/** Two sides compared: what `compare --json` prints under `comparison`. */
export interface Comparison {
  readonly base: ComparedSide;
  readonly current: ComparedSide;
  readonly workloads: readonly Workload[];
  readonly environment: readonly EnvironmentDifference[];
  /** Why the host was not steady over the runs, so that times cannot be compared as they are. */
  readonly unsteady: readonly string[];
  /** Null where a side has no calibrations. */
  readonly calibration: CalibrationShift | null;
  /** Counted ones first. */
  readonly metrics: readonly MetricComparison[];
  readonly leftOut: readonly LeftOut[];
  readonly counts: Readonly<Record<Verdict, number>>;
  /** `regressed` if anything did; else `inconclusive` if anything is; else `passed`. */
  readonly outcome: 'passed' | 'regressed' | 'inconclusive';
  readonly warnings: readonly string[];
}
