import { baselinesTable } from './baselines-table.ts';
import { modelsTable, workloadsTable } from './list-table.ts';
import { scaleTable } from './scale-table.ts';
import { workloadTable } from './workload-table.ts';

/** Every table that the tool prints: data in, a table out. */
export const TABLES = {
  workload: workloadTable,
  models: modelsTable,
  workloads: workloadsTable,
  scale: scaleTable,
  baselines: baselinesTable,
} as const;
