import { z } from 'zod';
import { type GuideRun, guideRun } from '../claims/evidence.ts';
import type { Table } from '../document/document-schema.ts';
import type { ReadonlyDeep } from '../results/readonly.ts';
import type { RunResult } from '../results/schema.ts';
import { summarizeTracing, tracingCostSchema } from '../summary/tracing-cost.ts';
import { callFrequency, callFrequencyTable, frequencyRowSchema } from './guide-call-frequency.ts';
import { contextRowSchema, guideContext, guideContextTable } from './guide-context.ts';
import { keyNumberRowSchema, keyNumbers, keyNumbersTable } from './guide-key-numbers.ts';
import { tracingCostTable } from './tracing-cost.ts';

export const guideSummarySchema = z
  .object({
    callFrequency: z.array(frequencyRowSchema),
    context: z.array(contextRowSchema),
    keyNumbers: z.array(keyNumberRowSchema),
    tracing: z.array(tracingCostSchema),
  })
  .describe("everything that a run says to the guide's tables, as data");
export type GuideSummary = ReadonlyDeep<z.infer<typeof guideSummarySchema>>;

/** The guide against a stored run. */
export function summarizeGuide(result: RunResult): GuideSummary {
  return guideOf(guideRun(result));
}

/** The same as tables, in the order of the guide. */
export function guideTables(run: GuideRun): readonly Table[] {
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
