import type { Interval } from '../stats/bootstrap.ts';
import type { Workload } from '../workloads/schema.ts';
import type { AuditTotal } from './audit-summary.ts';
import type { RowNumbers } from './summarize-row.ts';

/**
 * The place of a row among those that are ranked by the same: a number, `'='` for no difference shown
 * to the reference, `'?'` for one that may be chance, null where there is no comparison.
 */
export type Rank = number | '=' | '?' | null;

/** What a row is ranked by: requests per second, or requests per second of server CPU. */
export type RankedBy = 'throughput' | 'cpu';

/** A cell against the reference of its workload. */
export interface RowRatio {
  readonly rankedBy: RankedBy;
  /** Times the reference; above 1 is better, also where it is CPU per request (then turned over). */
  readonly ratio: number | null;
  readonly interval: Interval | null;
  readonly simultaneous: Interval | null;
  readonly halfWidth: number | null;
  /** Blocks in which both were measured. */
  readonly blocks: number;
  /**
   * `no-difference`: the interval covers 1. `unclear`: it does not, but does once it is widened for the
   * number of comparisons of the run. Neither is ranked.
   */
  readonly verdict: 'better' | 'worse' | 'no-difference' | 'unclear' | 'unknown';
  /** Why there is no ratio, or no interval. */
  readonly reason: string | null;
}

interface RowCommon {
  readonly label: string;
  readonly model: string;
  /** Whether it is the reference: the row that the others are compared with. */
  readonly baseline: boolean;
}

export interface MeasuredRow extends RowCommon, RowNumbers {
  readonly status: 'measured';
  readonly trials: { readonly measured: number; readonly failed: number; readonly contaminated: number };
  /** Messages of the trials that failed, each once. */
  readonly failures: readonly string[];
  /** Null for the reference itself. */
  readonly comparison: RowRatio | null;
  readonly rank: Rank;
}

export interface SkippedRow extends RowCommon {
  readonly status: 'skipped';
  readonly reason: string;
}

/** No trial was measured: all failed, or (no failure) the run ended before the first. */
export interface FailedRow extends RowCommon {
  readonly status: 'failed' | 'not-run';
  readonly trials: { readonly failed: number };
  readonly failures: readonly string[];
}

export type RowSummary = MeasuredRow | FailedRow | SkippedRow;

export interface WorkloadSummary {
  readonly workload: Workload;
  /** Label of the row that the others are compared with. */
  readonly baseline: string;
  /** Best first; see `stats/rank.ts`. */
  readonly rows: readonly RowSummary[];
}

export interface RunSummary {
  /** Ratios that the run compares with 1: what the verdicts are guarded against. */
  readonly comparisons: number;
  readonly trials: { readonly measured: number; readonly failed: number; readonly contaminated: number };
  readonly workloads: readonly WorkloadSummary[];
  /** What other counters said of the servers' own counts of system calls; empty without an audit. */
  readonly audits: readonly AuditTotal[];
}
