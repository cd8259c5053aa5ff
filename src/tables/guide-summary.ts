import type { Table } from '../document/table.ts';
import type { RunResult } from '../results/schema.ts';
import { summarizeTracing, type TracingCost } from '../summary/tracing-cost.ts';
import { callFrequency, callFrequencyTable, type FrequencyRow } from './guide-call-frequency.ts';
import { type GuideRun, guideRun } from './guide-cell.ts';
import { type ContextRow, guideContext, guideContextTable } from './guide-context.ts';
import { type KeyNumberRow, keyNumbers, keyNumbersTable } from './guide-key-numbers.ts';
import { tracingCostTable } from './tracing-cost.ts';

/** Everything that a run says to the guide's tables, as data. */
export interface GuideSummary {
  readonly callFrequency: readonly FrequencyRow[];
  readonly context: readonly ContextRow[];
  readonly keyNumbers: readonly KeyNumberRow[];
  readonly tracing: readonly TracingCost[];
}

/** The guide against a stored run. */
export function summarizeGuide(result: RunResult): GuideSummary {
  return guideOf(guideRun(result));
}

/** The same as tables, in the order of the guide. */
export function guideTables(result: RunResult): readonly Table[] {
  const run = guideRun(result);
  const { callFrequency: frequency, context, keyNumbers: numbers, tracing } = guideOf(run);
  return [
    callFrequencyTable(frequency, run),
    guideContextTable(context),
    keyNumbersTable(numbers),
    tracingCostTable(tracing, run),
  ];
}

function guideOf(run: GuideRun): GuideSummary {
  return {
    callFrequency: callFrequency(run),
    context: guideContext(run),
    keyNumbers: keyNumbers(run),
    tracing: summarizeTracing(run.result),
  };
}
