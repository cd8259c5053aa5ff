import { findModel, type ModelSpec } from '../models/registry.ts';
import type { Cell, RunSettings, Support, Trial } from '../results/schema.ts';
import { derivedSeed, shuffled } from './order.ts';

/** Connections beyond the workload's that a server must hold: the echo check, and some in closing. */
export const CONNECTIONS_SPARE = 8;
/** Descriptors of a server or of the load generator's process that are not connections of the load. */
export const FDS_SPARE = 64;

export interface PlanInput {
  readonly settings: RunSettings;
  readonly models: readonly ModelSpec[];
  /** RLIMIT_NOFILE (hard); null: unknown, nothing is skipped for it. */
  readonly nofile: number | null;
  /** Answers of the probes; a model without an answer is planned. */
  readonly support: readonly Support[];
}

/** What a run will do, as data: its cells, and through `trialsOfBlock` its trials. */
export interface RunPlan {
  readonly settings: RunSettings;
  readonly cells: readonly Cell[];
}

/** Every entry under every workload; a cell that cannot be measured says why. */
export function planRun(input: PlanInput): RunPlan {
  const { settings } = input;
  const cells = settings.workloads.flatMap((workload) =>
    settings.entries.map((entry) => ({
      ...entry,
      workload: workload.id,
      skipReason: skipReason(input, entry.model, workload.connections),
    })),
  );
  return { settings, cells };
}

function skipReason(input: PlanInput, modelId: string, connections: number): string | null {
  const model = findModel(modelId, input.models);
  if (!model) return `unknown model ${modelId}`;
  const support = input.support.find((answer) => answer.model === modelId);
  if (support && !support.supported) return support.reason ?? 'unsupported';
  if (model.connectionsMax !== null && connections > model.connectionsMax)
    return `holds at most ${model.connectionsMax} connections, the workload needs ${connections}`;
  if (input.nofile !== null && connections + FDS_SPARE > input.nofile)
    return `RLIMIT_NOFILE is ${input.nofile}, the workload needs ${connections} connections and ${FDS_SPARE} more; raise it with ulimit -n`;
  return null;
}

/**
 * The trials of one block: every cell once, in an order that depends only on the seed and the block,
 * so that drift and noisy neighbours fall on all models alike.
 */
export function trialsOfBlock(plan: RunPlan, block: number): Trial[] {
  const measurable = plan.cells.filter((cell) => cell.skipReason === null);
  const order = shuffled(measurable, derivedSeed(plan.settings.seed, 1, block));
  return order.map((cell, position) => ({
    index: block * measurable.length + position,
    block,
    label: cell.label,
    model: cell.model,
    workload: cell.workload,
    seed: derivedSeed(plan.settings.seed, 2, block, position),
  }));
}
