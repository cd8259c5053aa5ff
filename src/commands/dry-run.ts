import type { RunConfig } from '../config/run-config.ts';
import { MODELS } from '../models/registry.ts';
import { readEnvironment } from '../observe/environment.ts';
import { planRun, trialsOfBlock } from '../plan/plan-run.ts';
import { MS_PER_S } from '../util/units.ts';
import { write } from './output.ts';

/** Prints what would be measured, without compiling or probing anything. */
export async function printPlan({ settings }: RunConfig, json: boolean): Promise<void> {
  const { limits } = readEnvironment();
  const plan = planRun({ settings, models: MODELS, nofile: limits.nofile, support: [] });
  const trials = Array.from({ length: settings.blocks }, (_, block) => trialsOfBlock(plan, block)).flat();
  if (json)
    return write(`${JSON.stringify({ settings: plan.settings, cells: plan.cells, trials }, null, 1)}\n`);
  const lines = trials.map((trial) => `block ${trial.block + 1}  ${trial.label}  ${trial.workload}`);
  const skipped = plan.cells.flatMap((cell) =>
    cell.skipReason === null ? [] : [`skipped  ${cell.label}  ${cell.workload}: ${cell.skipReason}`],
  );
  const loadS = (trials.length * (settings.warmupMs + settings.durationMs)) / MS_PER_S;
  const total = `${trials.length} trials, ${loadS.toFixed(1)} s of load, seed ${settings.seed}`;
  return write(`${[...lines, ...skipped, total].join('\n')}\n`);
}
