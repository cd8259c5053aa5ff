import type { ModelSpec } from '../models/spec.ts';
import { MS_PER_S } from '../util/units.ts';
import type { FileWorkload } from '../workloads/schema.ts';

/** How operations are handed over and reaped: all that are free by one call, or each by its own, as fio does unasked. */
export const SHAPES = ['batch', 'single'] as const;
export type Shape = (typeof SHAPES)[number];

/** A row of ours and the job of fio that does the same. */
export interface CrosscheckCell {
  readonly model: ModelSpec;
  readonly workload: FileWorkload;
  readonly shape: Shape;
}

/** What fio is told beside the job. */
export interface FioPlace {
  readonly path: string;
  /** Null: it is not pinned. */
  readonly cpus: readonly number[] | null;
  /** Milliseconds; null: one operation and the end, which tells what fio itself costs. */
  readonly durationMs: number | null;
}

/** Why no job of fio is the same as a workload, whatever the row; null: one is. */
export function whyNoFioJob({ action, cache }: Pick<FileWorkload, 'action' | 'cache'>): string | null {
  if (action !== 'read' && action !== 'write') return `fio counts what it does for "${action}" otherwise`;
  if (cache === 'cold') return 'fio drops pages when a job starts, and not before what is measured';
  return null;
}

/** Those that a cell of one operation in flight has. */
export function shapesOf(model: Pick<ModelSpec, 'depthMax'>, { depth }: FileWorkload): readonly Shape[] {
  return Math.min(depth, model.depthMax ?? depth) === 1 ? ['single'] : SHAPES;
}

/** The command line of fio, without its name. */
export function fioArguments(
  { model, workload, shape }: CrosscheckCell,
  { path, cpus, durationMs }: FioPlace,
): string[] {
  const { action, order, cache, blockBytes, depth, fileBytes } = workload;
  const last = cpus?.at(-1);
  return [
    '--name=crosscheck',
    '--output-format=json',
    `--filename=${path}`,
    '--allow_file_create=0',
    `--size=${fileBytes}`,
    `--rw=${order === 'random' ? 'rand' : ''}${action}`,
    `--bs=${blockBytes}`,
    `--iodepth=${depth}`,
    `--direct=${cache === 'direct' ? 1 : 0}`,
    // The page cache is left as it is, and told nothing: ours does the same.
    '--invalidate=0',
    '--fadvise_hint=0',
    // Ours draws places with replacement, another seed each time.
    '--norandommap=1',
    '--randrepeat=0',
    ...(model.fio ?? []),
    ...(shape === 'batch' ? batchOptions(depth) : []),
    ...(cpus === null ? [] : [`--cpus_allowed=${cpus.join(',')}`]),
    ...(last !== undefined && model.tasks === 'one-and-kernel-thread' ? [`--sqthread_poll_cpu=${last}`] : []),
    ...(durationMs === null ? ['--number_ios=1'] : ['--time_based=1', `--runtime=${durationMs / MS_PER_S}s`]),
  ];
}

/** The command line of ours that goes with the shape, beside the row's own options. */
export function shapeOptions(shape: Shape): string[] {
  return [`--refill=${shape}`];
}

function batchOptions(depth: number): string[] {
  return [
    `--iodepth_batch_submit=${depth}`,
    '--iodepth_batch_complete_min=1',
    `--iodepth_batch_complete_max=${depth}`,
  ];
}
