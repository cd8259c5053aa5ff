import { MODELS } from '../models/registry.ts';
import { type ModelSpec, modelSpec } from '../models/spec.ts';
import type { Entry } from '../results/schema.ts';

/** The family of all servers that were not built for this. */
export const FOREIGN_FAMILY = 'server';

/**
 * The rows of a run that are no models of the registry, each once, as the core sees a model. Nothing is known of how such
 * a server works: it may use all CPUs that it is given.
 */
export function foreignModels(entries: readonly Entry[]): ModelSpec[] {
  const foreign = new Map(entries.flatMap(({ model, server }) => (server ? [[model, server]] : [])));
  return [...foreign].map(([id, { command }]) =>
    modelSpec({
      id,
      family: FOREIGN_FAMILY,
      program: id,
      title: command.join(' '),
      notification: 'unknown',
      linuxMin: '',
      tasks: 'workers',
    }),
  );
}

/** All models that a run may be about: the registry, and the servers that it was given. */
export function modelsFor(entries: readonly Entry[]): readonly ModelSpec[] {
  return [...MODELS, ...foreignModels(entries)];
}
