import { findModel } from '../models/registry.ts';
import type { Entry } from '../results/schema.ts';
import { counted } from '../util/units.ts';
import { type CpuTopology, coresOf } from './cpus.ts';

/** As `WORKERS_MAX` of `c-helpers/server/workers.h`. */
export const WORKERS_MAX = 1024;

/** `--workers` as typed: counts in order, each once, or one per CPU of the server. */
export type WorkersAsked = readonly number[] | 'auto';

/** `4`, `1,2,4` or `auto`; what is wrong goes to `problems`. */
export function parseWorkers(text: string | undefined, problems: string[]): WorkersAsked {
  if (text === undefined) return [1];
  if (text.trim() === 'auto') return 'auto';
  const counts = text.split(',').map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN));
  if (counts.every((count) => count >= 1 && count <= WORKERS_MAX))
    return [...new Set(counts)].sort((a, b) => a - b);
  problems.push(
    `--workers ${text}: must be a number from 1 to ${WORKERS_MAX}, several of them such as 1,2,4, or auto`,
  );
  return [1];
}

/**
 * The CPUs of the servers where several workers are asked for and `--server-cpus` does not say: one for each worker of
 * the largest count, each on a core of its own, as many as leave a core to the client; `auto` takes a third of the
 * cores, for a busy server CPU takes about two to keep it busy. Undefined: as without workers.
 */
export function serverCpusFor(asked: WorkersAsked, topology: CpuTopology): number[] | undefined {
  const cores = coresOf(topology);
  const wanted = asked === 'auto' ? Math.max(1, Math.floor(cores.length / 3)) : Math.max(...asked);
  if (wanted === 1 || cores.length < 3) return undefined;
  const others = cores.slice(1);
  const firsts = others.map(([first]) => first);
  const siblings = others.flatMap(([, ...rest]) => rest);
  return [...firsts, ...siblings]
    .filter((cpu) => cpu !== undefined)
    .slice(0, wanted)
    .sort((a, b) => a - b);
}

/** How many workers, once the CPUs of the servers are known. */
export function workersOf(asked: WorkersAsked, serverCpus: readonly number[] | null): readonly number[] {
  return asked === 'auto' ? [Math.max(1, serverCpus?.length ?? 1)] : asked;
}

/** Said of counts for which there are not as many CPUs. */
export function workersWarnings(
  counts: readonly number[],
  serverCpus: readonly number[] | null,
  entries: readonly Pick<Entry, 'workers'>[],
): string[] {
  const most = Math.max(...counts);
  if (most > 1 && entries.every(({ workers }) => workers === undefined))
    return [`--workers ${counts.join(',')}: no model of this run has workers; they are run as they are`];
  const short = counts.filter((count) => count > (serverCpus?.length ?? 0) && count > 1);
  if (short.length === 0) return [];
  const where =
    serverCpus === null
      ? 'share CPUs that are not pinned'
      : `share ${counted(serverCpus.length, 'server CPU')}`;
  return [`${short.join(' and ')} workers ${where}: scaling is not measured here`];
}

/**
 * Every row of a model that has workers once per count; the others as they are. The label tells counts apart, so that
 * no two of them are ever taken for the same cell: `epoll-reuseport` has one worker, `epoll-reuseport.w4` four.
 */
export function withWorkers(models: readonly string[], counts: readonly number[]): Omit<Entry, 'variant'>[] {
  return models.flatMap((model) => {
    if (findModel(model)?.tasks !== 'workers') return [{ model, label: model }];
    return counts.map((workers) => ({ model, label: `${model}${workersSuffix(workers)}`, workers }));
  });
}

/** What a label has behind the model for so many workers. */
export function workersSuffix(workers: number | undefined): string {
  return workers === undefined || workers === 1 ? '' : `.w${workers}`;
}

/** The CPUs that a row's servers may use: as many as it has workers, or all. */
export function cpusOfRow(
  serverCpus: readonly number[] | null,
  { workers }: Pick<Entry, 'workers'>,
): readonly number[] | null {
  if (serverCpus === null || workers === undefined) return serverCpus;
  return serverCpus.slice(0, workers);
}
