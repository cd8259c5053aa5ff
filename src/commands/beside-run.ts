import { findCosts } from '../costs/store.ts';
import { findProbes } from '../probes/store.ts';
import type { RunRecord } from '../results/schema.ts';
import type { BesideRun } from '../tables/guide-summary.ts';

/** The newest costs and observations under `outDir` of the host and kernel of a run. */
export async function findBeside(outDir: string, { environment }: RunRecord): Promise<BesideRun> {
  const [costs, probes] = await Promise.all([
    findCosts(outDir, environment),
    findProbes(outDir, environment),
  ]);
  return { costs, probes };
}
