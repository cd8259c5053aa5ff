import type { ModelSpec } from '../models/spec.ts';
import { derivedSeed, shuffled } from '../plan/order.ts';
import { takes, whyUnfit } from '../plan/plan-run.ts';
import { CROSSCHECK_SCHEMA_VERSION } from '../results/schema-id.ts';
import { messageOf } from '../util/errors.ts';
import type { FileWorkload } from '../workloads/schema.ts';
import { type CrosscheckSample, compareCell } from './compare-cell.ts';
import { type CrosscheckCell, fioArguments, shapesOf, whyNoFioJob } from './fio-job.ts';
import type { Crosscheck, CrosscheckSide, FioSide } from './result-schema.ts';

/** Under which rows are held against fio. */
export interface CrosscheckPlan {
  readonly models: readonly ModelSpec[];
  readonly workloads: readonly FileWorkload[];
  readonly blocks: number;
  readonly durationMs: number;
  readonly seed: number;
  readonly cpus: Crosscheck['cpus'];
}

/** The part of the world that it needs. All reject for aborts; what a program says in failing is their error's message. */
export interface CrosscheckDeps {
  /** Null: fio is not pinned. */
  cpusOf(model: ModelSpec): readonly number[] | null;
  pathOf(workload: FileWorkload): string;
  /** One trial of ours. @param seed of the places that it draws. */
  measureOurs(cell: CrosscheckCell, seed: number): Promise<CrosscheckSide>;
  /** One job of fio; `startCpuNs` is what the other command takes. */
  measureFio(args: readonly string[], startArgs: readonly string[]): Promise<FioSide>;
  onBlock(block: number, of: number): void;
  /** Keeps what there is: before the first block, behind each, and at the end, whatever ends it. */
  save(found: Crosscheck): Promise<void>;
  readonly signal: AbortSignal;
}

type Left = Crosscheck['left'][number];

/** Where it is measured, and by what. */
export type CrosscheckOrigin = Pick<
  Crosscheck,
  | 'crosscheckId'
  | 'measuredAt'
  | 'tool'
  | 'environment'
  | 'fioVersion'
  | 'kernel'
  | 'directory'
  | 'fileSystem'
  | 'warnings'
>;

/**
 * Holds rows against the jobs of fio that do the same, on the same files: each block has every cell in another order, and in
 * each cell both sides, one right behind the other. A cell that fails is left out from then on, with the reason. What ends it early
 * is thrown on once the pairs that were measured are saved.
 */
export async function runCrosscheck(
  plan: CrosscheckPlan,
  origin: CrosscheckOrigin,
  deps: CrosscheckDeps,
): Promise<Crosscheck> {
  const { cells, left } = cellsOf(plan);
  const runs = cells.map((cell): CellRun => ({ cell, samples: [], failed: '' }));
  const foundNow = (status: Crosscheck['status']): Crosscheck => ({
    ...{ schemaVersion: CROSSCHECK_SCHEMA_VERSION, status },
    ...origin,
    ...resultOf(runs, left, { plan, deps }),
  });
  await deps.save(foundNow('running'));
  try {
    for (let block = 0; block < plan.blocks; block++) {
      deps.onBlock(block, plan.blocks);
      await measureBlock(runs, block, { plan, deps });
      // The last is saved with the end.
      if (block + 1 < plan.blocks) await deps.save(foundNow('running'));
    }
  } catch (error) {
    // What ended it says more than that it cannot be kept either.
    await deps.save(foundNow(deps.signal.aborted ? 'interrupted' : 'broken')).catch(() => {});
    throw error;
  }
  const found = foundNow('complete');
  await deps.save(found);
  return found;
}

/** A cell while it is measured. */
interface CellRun {
  readonly cell: CrosscheckCell;
  readonly samples: CrosscheckSample[];
  /** Why it is not measured any more; empty: it is. */
  failed: string;
}

async function measureBlock(runs: readonly CellRun[], block: number, means: Means): Promise<void> {
  const { seed } = means.plan;
  for (const run of shuffled(runs, derivedSeed(seed, block))) {
    if (run.failed !== '') continue;
    const sample = await measurePair(run.cell, derivedSeed(seed, block, runs.indexOf(run)), means);
    if (typeof sample === 'string') run.failed = sample;
    else run.samples.push({ block, ...sample });
  }
}

function resultOf(runs: readonly CellRun[], left: readonly Left[], means: Means) {
  const { models, workloads, cpus, blocks, durationMs, seed } = means.plan;
  const failed = runs.filter((run) => run.failed !== '');
  return {
    models: models.map(({ id }) => id),
    ...{ workloads, cpus, blocks, durationMs, seed },
    cells: runs
      .filter((run) => run.failed === '' && run.samples.length > 0)
      .map(({ cell, samples }) =>
        compareCell(cell, samples, { seed, fioOptions: optionsOf(cell, means).job }),
      ),
    failed: failed.length,
    left: [
      ...left,
      ...failed.map(({ cell, failed: reason, samples }) => ({
        ...{ model: cell.model.id, workload: cell.workload.id, reason },
        ...{ shape: cell.shape, samples: [...samples] },
      })),
    ],
  };
}

interface Means {
  readonly plan: CrosscheckPlan;
  readonly deps: CrosscheckDeps;
}

/** Every row under every workload, as far as fio has the same; what is left out with the reason. */
export function cellsOf({ models, workloads }: Pick<CrosscheckPlan, 'models' | 'workloads'>) {
  const cells: CrosscheckCell[] = [];
  const left: Left[] = [];
  for (const workload of workloads) {
    const why = whyNoFioJob(workload);
    if (why !== null) left.push({ model: null, workload: workload.id, reason: why });
    for (const model of models.filter((one) => why === null && takes(one, workload))) {
      const reason = model.fio === null ? 'fio has no engine that does this' : whyUnfit(model, workload);
      if (reason === null)
        for (const shape of shapesOf(model, workload)) cells.push({ model, workload, shape });
      else left.push({ model: model.id, workload: workload.id, reason });
    }
  }
  return { cells, left };
}

function optionsOf(cell: CrosscheckCell, { plan, deps }: Means) {
  const place = { path: deps.pathOf(cell.workload), cpus: deps.cpusOf(cell.model) };
  return {
    job: fioArguments(cell, { ...place, durationMs: plan.durationMs }),
    start: fioArguments(cell, { ...place, durationMs: null }),
  };
}

/** Both sides, either first; the message of what failed. */
async function measurePair(
  cell: CrosscheckCell,
  seed: number,
  means: Means,
): Promise<Omit<CrosscheckSample, 'block'> | string> {
  const { job, start } = optionsOf(cell, means);
  const measureOurs = () => means.deps.measureOurs(cell, seed);
  const measureFio = () => means.deps.measureFio(job, start);
  try {
    if (seed % 2 === 0) {
      const ours = await measureOurs();
      return { ours, fio: await measureFio() };
    }
    const fio = await measureFio();
    return { ours: await measureOurs(), fio };
  } catch (error) {
    if (error instanceof CrosscheckError) return error.message;
    throw error;
  }
}

/** One side of a cell could not be measured: the others go on. */
export class CrosscheckError extends Error {
  constructor(who: string, cause: unknown) {
    super(`${who}: ${messageOf(cause)}`, { cause });
    this.name = 'CrosscheckError';
  }
}
