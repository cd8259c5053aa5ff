import type { RunConfig } from '../config/run-config.ts';
import { serverTexts } from '../config/servers.ts';
import { variantTexts } from '../config/variants.ts';
import { formatWallTime } from '../document/format.ts';
import { linuxHost } from '../host/host.ts';
import { seemsToHaveCounters } from '../observe/cpu-counters.ts';
import { readEnvironment } from '../observe/environment.ts';
import { estimate } from '../plan/estimate.ts';
import { modelsFor } from '../plan/foreign-models.ts';
import { planRun, type RunPlan, trialsOfBlock } from '../plan/plan-run.ts';
import { counted, MS_PER_S } from '../util/units.ts';
import { write } from './output.ts';

/** Prints what would be measured, without compiling or probing anything. */
export async function printPlan({ settings }: RunConfig, json: boolean): Promise<void> {
  const { limits } = readEnvironment();
  const plan = planRun({
    ...{ settings, models: modelsFor(settings.entries), nofile: limits.nofile, support: [] },
    instruments: settings.cpuCounters && seemsToHaveCounters(linuxHost()) ? ['cpu'] : [],
  });
  return write(json ? planJson(plan) : planText(plan));
}

function measuredBy(plan: RunPlan) {
  const { settings } = plan;
  const trials = Array.from({ length: settings.blocks }, (_, block) => trialsOfBlock(plan, block)).flat();
  return { trials, ...estimate(settings, trials) };
}

function planJson(plan: RunPlan): string {
  const { trials, loadMs, wallMs } = measuredBy(plan);
  const { settings, cells } = plan;
  return `${JSON.stringify({ settings, cells, trials, estimate: { loadMs, wallMs } }, null, 1)}\n`;
}

/** Its trials one by one, and what they come to. */
export function planText(plan: RunPlan): string {
  const { settings } = plan;
  const { trials, loadMs, wallMs } = measuredBy(plan);
  const lines = trials.map(
    ({ block, label, workload, counter }) =>
      `block ${block + 1}  ${label}  ${workload}${counter === 'cpu' ? '  CPU counters' : ''}`,
  );
  const skipped = plan.cells.flatMap((cell) =>
    cell.skipReason === null ? [] : [`skipped  ${cell.label}  ${cell.workload}: ${cell.skipReason}`],
  );
  const variants = variantTexts(settings.entries).map((text) => `variant  ${text}`);
  const servers = serverTexts(settings.entries).map((text) => `server  ${text}`);
  const total = `${counted(trials.length, 'trial')}, ${(loadMs / MS_PER_S).toFixed(1)} s of load, seed ${settings.seed}`;
  const time = `about ${formatWallTime(wallMs, 's')} of wall time${conditions(plan)}`;
  return `${[...lines, ...skipped, ...servers, ...variants, total, time].join('\n')}\n`;
}

/** What the estimate leaves out. */
function conditions({ settings, instruments }: RunPlan): string {
  const { precision, maxTimeS, audit, retry } = settings;
  return [
    '; compiling comes before it, the first time',
    ...(audit ? ['; audit trials come on top'] : []),
    ...(instruments.includes('cpu') ? ["; trials with the CPU's counters only where these may be used"] : []),
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
