import { FILE_ROWS } from './file.ts';
import { SOCKET_ROWS } from './socket.ts';
import { type ModelSpec, modelSpec } from './spec.ts';

/**
 * THE REGISTRY: one row per model variant. The core checks a row once and never asks for a model by
 * name.
 */
export const MODELS: readonly ModelSpec[] = [...SOCKET_ROWS, ...FILE_ROWS].map(modelSpec);

/** Those of connections: what guests measure, and conformance tests ask for an echo. */
export const SOCKET_MODELS: readonly ModelSpec[] = MODELS.filter(({ domain }) => domain === 'socket');

/** The row with this id. */
export function findModel(id: string, models: readonly ModelSpec[] = MODELS): ModelSpec | undefined {
  return models.find((model) => model.id === id);
}

/** What has to be built for some models: each program once, and what it is linked with beside the usual. */
export interface Programs {
  readonly programs: readonly string[];
  /** By program; those that need none are missing. */
  readonly libs: ReadonlyMap<string, readonly string[]>;
  /** Likewise: packages of the host that it is compiled with. */
  readonly packages: ReadonlyMap<string, readonly string[]>;
}

/**
 * The libraries and packages are those of the whole registry, so that the helpers of a run are the same
 * whichever models it takes.
 */
export function programsOf(models: readonly ModelSpec[], all: readonly ModelSpec[] = MODELS): Programs {
  return {
    programs: [...new Set(models.map(({ program }) => program))],
    libs: byProgram(all, ({ libs }) => libs),
    packages: byProgram(all, ({ packages }) => packages),
  };
}

function byProgram(
  rows: readonly ModelSpec[],
  pick: (row: ModelSpec) => readonly string[],
): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const row of rows)
    if (pick(row).length > 0)
      found.set(row.program, [...new Set([...(found.get(row.program) ?? []), ...pick(row)])]);
  return found;
}
