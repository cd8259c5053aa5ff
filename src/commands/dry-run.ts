import type { RunConfig } from '../config/run-config.ts';
import { variantTexts } from '../config/variants.ts';
import { formatWallTime } from '../document/format.ts';
import { MODELS } from '../models/registry.ts';
import { readEnvironment } from '../observe/environment.ts';
import { estimate } from '../plan/estimate.ts';
import { planRun, trialsOfBlock } from '../plan/plan-run.ts';
import { counted, MS_PER_S } from '../util/units.ts';
import { write } from './output.ts';

/** Prints what would be measured, without compiling or probing anything. */
export async function printPlan({ settings }: RunConfig, json: boolean): Promise<void> {
  const { limits } = readEnvironment();
  const plan = planRun({ settings, models: MODELS, nofile: limits.nofile, support: [] });
  const trials = Array.from({ length: settings.blocks }, (_, block) => trialsOfBlock(plan, block)).flat();
  const { loadMs, wallMs } = estimate(settings, trials);
  if (json)
    return write(
      `${JSON.stringify({ settings: plan.settings, cells: plan.cells, trials, estimate: { loadMs, wallMs } }, null, 1)}\n`,
    );
  const lines = trials.map((trial) => `block ${trial.block + 1}  ${trial.label}  ${trial.workload}`);
  const skipped = plan.cells.flatMap((cell) =>
    cell.skipReason === null ? [] : [`skipped  ${cell.label}  ${cell.workload}: ${cell.skipReason}`],
  );
  const variants = variantTexts(settings.entries).map((text) => `variant  ${text}`);
  const total = `${counted(trials.length, 'trial')}, ${(loadMs / MS_PER_S).toFixed(1)} s of load, seed ${settings.seed}`;
  const time = `about ${formatWallTime(wallMs, 's')} of wall time${conditions(settings)}`;
  return write(`${[...lines, ...skipped, ...variants, total, time].join('\n')}\n`);
}

/** What the estimate leaves out. */
function conditions({ precision, maxTimeS, audit, retry }: RunConfig['settings']): string {
  return [
    '; compiling comes before it, the first time',
    ...(audit ? ['; audit trials come on top'] : []),
    ...(precision === null ? [] : ['; --precision may add blocks']),
    ...(retry === null || retry.value === 0
      ? []
      : [`; measuring contaminated trials again may add ${retryText(retry)}`]),
    ...(maxTimeS === null ? [] : [`; no block begins after ${maxTimeS} s`]),
  ].join('');
}

function retryText({ kind, value, withinMs }: NonNullable<RunConfig['settings']['retry']>): string {
  const budget = kind === 'share' ? `${Math.round(value * 100)} % of it` : formatWallTime(value, 's');
  return withinMs === null ? budget : `${budget}, within ${formatWallTime(withinMs, 's')} in all`;
}
