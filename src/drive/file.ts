import type { LoadRequest } from '../load/generator.ts';
import type { ModelSpec } from '../models/spec.ts';
import { BLOCK_BYTES, type FileWorkload } from '../workloads/schema.ts';

/** Of what a file is laid out with; the blocks that a trial writes differ from it in their generation. */
const LAYOUT_SEED = 1;

/** The file of a workload, as a program is told of it. */
export interface JobFile {
  readonly path: string;
  readonly bytes: number;
  readonly blockBytes: number;
}

/** Makes it, whole and on the disk. */
export function layOutArguments(file: JobFile): string[] {
  return [...fileArguments(file), '--depth=1', `--layout-seed=${LAYOUT_SEED}`, '--lay-out'];
}

/** Reads all of it, and fails where a block is not what was written. */
export function verifyArguments(file: JobFile): string[] {
  return [...fileArguments(file), '--depth=1', '--verify'];
}

/** What a program is to do, beside its own options. @param seed of the places that it draws. */
export function jobArguments(
  model: Pick<ModelSpec, 'depthMax'>,
  workload: FileWorkload,
  { path, seed }: { readonly path: string; readonly seed: number },
): string[] {
  const { action, cache, order, blockBytes } = workload;
  return [
    ...fileArguments({ path, bytes: workload.fileBytes, blockBytes }),
    `--depth=${depthOf(model, workload)}`,
    `--action=${action}`,
    `--cache=${cache}`,
    `--order=${order}`,
    `--seed=${seed}`,
  ];
}

/** How many operations a row has in flight: those of a workload, or what its calls allow. */
export function depthOf({ depthMax }: Pick<ModelSpec, 'depthMax'>, { depth }: FileWorkload): number {
  return Math.min(depth, depthMax ?? Number.POSITIVE_INFINITY);
}

/** What the load generator asks: it conducts the program's phases over one connection. */
export function conductShape({
  blockBytes,
}: FileWorkload): Pick<
  LoadRequest,
  'mode' | 'connections' | 'active' | 'depth' | 'messageBytes' | 'ratePerS'
> {
  return { mode: 'conduct', connections: 1, active: 1, depth: 1, messageBytes: blockBytes, ratePerS: 0 };
}

/** Workloads that only read the same amount share a file; whoever writes has one of its own. */
export function fileNameOf({ id, action, fileBytes }: FileWorkload): string {
  return action === 'read' ? `read-${fileBytes / BLOCK_BYTES}` : id;
}

function fileArguments({ path, bytes, blockBytes }: JobFile): string[] {
  return [`--file=${path}`, `--file-bytes=${bytes}`, `--block-bytes=${blockBytes}`];
}
