import { baselinesTable } from './baselines-table.ts';

import { compareOverview, compareTable } from './compare-table.ts';
import { callFrequencyTable } from './guide-call-frequency.ts';
import { guideContextTable } from './guide-context.ts';
import { keyNumbersTable } from './guide-key-numbers.ts';
import { kernelTable } from './kernel-table.ts';

import { modelsTable, workloadsTable } from './list-table.ts';
import { noiseTable } from './noise-table.ts';
import { scaleTable } from './scale-table.ts';
import { tracingCostTable } from './tracing-cost.ts';
import { workloadTable } from './workload-table.ts';

/** Every table that the tool prints: data in, a table out. */
export const TABLES = {
  workload: workloadTable,
  models: modelsTable,
  workloads: workloadsTable,
  scale: scaleTable,
  compare: compareTable,
  compareOverview,
  baselines: baselinesTable,
  kernel: kernelTable,
  callFrequency: callFrequencyTable,
  context: guideContextTable,
  keyNumbers: keyNumbersTable,
  tracing: tracingCostTable,
  noise: noiseTable,
} as const;
