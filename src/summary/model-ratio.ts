import type { MeasuredTrial, RunResult } from '../results/schema.ts';
import type { Workload } from '../workloads/schema.ts';
import { type BlockRatio, blockRatio, cpuPerRequest, throughput } from './block-ratio.ts';
import { summarizeSaturation } from './summarize-row.ts';

/** One row against another under one workload. */
export interface ModelRatio {
  readonly workload: string;
  readonly value: string;
  readonly base: string;
  /** Null where it would not be the servers': see `throughputReason`. */
  readonly throughput: BlockRatio | null;
  readonly throughputReason: string | null;
  /** Server CPU per request; below 1 is cheaper. */
  readonly cpuPerRequest: BlockRatio | null;
}

/** Labels of two rows. */
export interface RatioRows {
  readonly value: string;
  readonly base: string;
}

/** How many times `base` the row `value` reaches, for every workload in which both were measured. */
export function modelRatios(result: RunResult, rows: RatioRows): readonly ModelRatio[] {
  return result.record.settings.workloads.flatMap((workload) => {
    const value = measuredTrials(result, { label: rows.value, workload: workload.id });
    const base = measuredTrials(result, { label: rows.base, workload: workload.id });
    if (value.length === 0 || base.length === 0) return [];
    const { seed } = result.record.settings;
    const reason = unfitReason(workload, [value, base]);
    return [
      {
        workload: workload.id,
        ...rows,
        throughput: reason === null ? blockRatio({ value, base }, throughput, seed) : null,
        throughputReason: reason,
        cpuPerRequest: blockRatio({ value, base }, cpuPerRequest, seed),
      },
    ];
  });
}

/** What a mostly idle workload costs a row beside a busy one. */
export interface IdleCost {
  /** The workload with the most idle connections in which the row was measured. */
  readonly idle: Workload;
  /**
   * One without idle connections, the nearest that has at least as many active ones: with fewer, events
   * share fewer wakeups, and what that costs would hide what idle connections cost.
   */
  readonly busy: Workload;
  /** CPU per request of the first over that of the second. */
  readonly cpuPerRequest: BlockRatio;
}

/** Null where the run does not hold two such workloads of equal messages for the row. */
export function idleCost(result: RunResult, label: string): IdleCost | null {
  const trials = (workload: Workload) => measuredTrials(result, { label, workload: workload.id });
  const measured = result.record.settings.workloads
    .filter((workload) => workload.mode === 'closed')
    .filter((workload) => workload.depth === 1 && trials(workload).length > 0);
  const idle = measured
    .filter((workload) => workload.connections >= IDLE_TIMES * workload.active)
    .sort((a, b) => b.connections - b.active - (a.connections - a.active))[0];
  if (idle === undefined) return null;
  const busy = measured
    .filter((workload) => workload.connections === workload.active && workload.active >= idle.active)
    .filter((workload) => workload.messageBytes === idle.messageBytes)
    .sort((a, b) => a.active - b.active)[0];
  if (busy === undefined) return null;
  const sets = { value: trials(idle), base: trials(busy) };
  const ratio = blockRatio(sets, cpuPerRequest, result.record.settings.seed);
  return ratio && { idle, busy, cpuPerRequest: ratio };
}

/** So many times as many connections as active ones are mostly idle. */
const IDLE_TIMES = 10;

function measuredTrials(
  result: RunResult,
  cell: { readonly label: string; readonly workload: string },
): MeasuredTrial[] {
  return result.trials
    .filter((trial) => trial.status === 'measured')
    .filter((trial) => trial.label === cell.label && trial.workload === cell.workload);
}

/** As in the tables of a run: throughput is the server's only where nothing else sets it. */
function unfitReason(workload: Workload, sets: readonly (readonly MeasuredTrial[])[]): string | null {
  if (workload.mode === 'open') return 'the rate is given';
  const limited = sets.some((trials) => summarizeSaturation(trials).verdict === 'client');
  return limited ? 'the client was the limit' : null;
}
