/** JSON that has a schema in `schemas/`, stored or printed. */
export type SchemaName =
  | 'baseline'
  | 'baselines'
  | 'bisect'
  | 'cell'
  | 'comparison'
  | 'costs'
  | 'costs-models'
  | 'crosscheck'
  | 'doctor'
  | 'document'
  | 'explain'
  | 'explanation'
  | 'features'
  | 'history'
  | 'kernel-get'
  | 'kernel-list'
  | 'kernels'
  | 'kernels-scale'
  | 'models'
  | 'ladder'
  | 'noise'
  | 'probes'
  | 'recommendation'
  | 'run'
  | 'runs'
  | 'scale'
  | 'show'
  | 'tables'
  | 'verify'
  | 'workloads';

/** What stands as `$schema` in it: a path in this package, as an import names it. */
export function schemaId(name: SchemaName): string {
  return `iomodels-bench/schemas/${name}.json`;
}

/** Of `list`, `doctor`, `baseline` and `compare`: grow when a reader of the old shape would misread the new one. */
export const LIST_SCHEMA_VERSION = 1;
export const DOCTOR_SCHEMA_VERSION = 1;
export const BASELINE_SCHEMA_VERSION = 1;
export const COMPARE_SCHEMA_VERSION = 2;
/** Of a noise certificate. */
export const NOISE_SCHEMA_VERSION = 2;
export const HISTORY_SCHEMA_VERSION = 1;
export const CROSSCHECK_SCHEMA_VERSION = 1;
export const KERNELS_SCHEMA_VERSION = 1;
export const RECOMMEND_SCHEMA_VERSION = 1;
/** Of what `kernels explain --json` prints. */
export const EXPLAIN_SCHEMA_VERSION = 1;
/** Of what `kernels list` and `kernels get` print. */
export const KERNEL_LIST_SCHEMA_VERSION = 1;
export const VERIFY_SCHEMA_VERSION = 1;
/** Of what `costs --json` prints and `--output` stores. */
export const COSTS_SCHEMA_VERSION = 1;
