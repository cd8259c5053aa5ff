import type { z } from 'zod';
import type { modelSpecSchema } from './spec-schema.ts';

/** One way to wait for and do I/O: a program of `c-helpers/models` or `c-helpers/files` and the options it runs with. */
export type ModelSpec = z.infer<typeof modelSpecSchema>;

/** What most rows are. */
const DEFAULTS = {
  domain: 'socket',
  profile: 'default',
  options: [],
  libs: [],
  packages: [],
  after: null,
  connectionsMax: null,
  tasks: 'one',
  spins: false,
  kernelThreads: false,
  unfit: [],
  takesCaches: null,
  depthMax: null,
  fio: null,
  preflight: true,
  expectedFailures: [],
  sameCodeAs: null,
  uncounted: [],
} as const satisfies Partial<ModelSpec>;

/** A row as it is written: what is not said is as in most rows. */
export type ModelRow = Omit<ModelSpec, keyof typeof DEFAULTS> & Partial<ModelSpec>;

/** The whole of a row. */
export function modelSpec(row: ModelRow): ModelSpec {
  return { ...DEFAULTS, ...row };
}
