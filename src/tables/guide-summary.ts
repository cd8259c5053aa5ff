import { z } from 'zod';
import { type GuideRun, guideRun } from '../claims/evidence.ts';
import { BREAKDOWN } from '../claims/further/breakdown.ts';
import { GLANCE } from '../claims/further/glance.ts';
import { EPOLL_KQUEUE, KQUEUE_FILTERS } from '../claims/further/kqueue.ts';
import { LEVEL_EDGE } from '../claims/further/level-edge.ts';
import { OPERATIONS } from '../claims/further/operations.ts';
import type { CostReadings, GuideEvidence, ProbeReading } from '../claims/further/reading.ts';
import type { GuideTable } from '../claims/further/table.ts';
import { TIMELINE } from '../claims/further/timeline.ts';
import { TRADEOFFS } from '../claims/further/tradeoffs.ts';
import type { Table } from '../document/document-schema.ts';
import type { CallCost } from '../recommend/changes.ts';
import { recommend } from '../recommend/recommend.ts';
import type { ReadonlyDeep } from '../results/readonly.ts';
import type { RunResult } from '../results/schema.ts';
import { summarizeTracing, tracingCostSchema } from '../summary/tracing-cost.ts';
import { callFrequency, callFrequencyTable, frequencyRowSchema } from './guide-call-frequency.ts';
import { contextRowSchema, guideContext, guideContextTable } from './guide-context.ts';
import { keyNumberRowSchema, keyNumbers, keyNumbersTable } from './guide-key-numbers.ts';
import { answerTable, guideTable, guideTableSchema } from './guide-table.ts';
import { tracingCostTable } from './tracing-cost.ts';

export const guideSummarySchema = z
  .object({
    callFrequency: z.array(frequencyRowSchema),
    context: z.array(contextRowSchema),
    keyNumbers: z.array(keyNumberRowSchema),
    tracing: z.array(tracingCostSchema),
    further: z.array(guideTableSchema).describe('the other tables, in the order of the guide'),
    from: z
      .object({ costs: z.string().nullable(), probes: z.string().nullable() })
      .describe('ids of the stored costs and observations that were used beside the run; null: none'),
  })
  .describe("everything that a run, costs and probes say to the guide's tables, as data");
export type GuideSummary = ReadonlyDeep<z.infer<typeof guideSummarySchema>>;

/** What there is beside a run. */
export interface BesideRun {
  readonly costs: (CostReadings & { readonly costsId: string }) | null;
  readonly probes: { readonly probesId: string; readonly observations: readonly ProbeReading[] } | null;
}

/** Neither costs nor observations. */
export const NOTHING_BESIDE: BesideRun = { costs: null, probes: null };

/** Before the call frequency, and behind it. */
const FIRST: readonly GuideTable[] = [GLANCE];
const SECOND: readonly GuideTable[] = [BREAKDOWN];
const THIRD: readonly GuideTable[] = [LEVEL_EDGE, KQUEUE_FILTERS, EPOLL_KQUEUE, OPERATIONS];
const LAST: readonly GuideTable[] = [TIMELINE, TRADEOFFS];

/** The guide against a stored run, and against costs and observations where there are some. */
export function summarizeGuide(result: RunResult, beside: BesideRun = NOTHING_BESIDE): GuideSummary {
  return guideOf(evidenceOf(guideRun(result), beside), beside);
}

/** The same as tables, in the order of the guide. */
export function guideTables(run: GuideRun, beside: BesideRun = NOTHING_BESIDE): readonly Table[] {
  const evidence = evidenceOf(run, beside);
  const {
    callFrequency: frequency,
    context,
    keyNumbers: numbers,
    tracing,
    further,
  } = guideOf(evidence, beside);
  const tablesOf = (specs: readonly GuideTable[]) =>
    specs.flatMap((spec) => {
      const found = further.find(({ id }) => id === spec.id);
      return found === undefined ? [] : [guideTable(spec, found)];
    });
  return [
    ...tablesOf(FIRST),
    keyNumbersTable(numbers),
    ...tablesOf(SECOND),
    callFrequencyTable(frequency, run),
    ...tablesOf(THIRD),
    guideContextTable(context),
    ...tablesOf(LAST),
    tracingCostTable(tracing, run),
  ];
}

/** What a system call that does nothing costs. */
const CALL_COST = 'syscall-noop';

/** A run with what is beside it, and what `recommend` says of it. */
export function evidenceOf(run: GuideRun, { costs, probes }: BesideRun): GuideEvidence {
  const callCost = callCostOf(costs);
  return {
    run,
    costs,
    probes: probes?.observations ?? null,
    recommendation: recommend([run.result], { callCost }),
  };
}

/** What a system call costs here, for `recommend`; null: nobody measured it. */
export function callCostOf(costs: BesideRun['costs']): CallCost | null {
  const noop = costs?.costs.find(({ id }) => id === CALL_COST);
  return costs !== null && noop !== undefined && 'ns' in noop ? { id: costs.costsId, ns: noop.ns } : null;
}

function guideOf(evidence: GuideEvidence, { costs, probes }: BesideRun): GuideSummary {
  return {
    callFrequency: callFrequency(evidence.run),
    context: guideContext(evidence),
    keyNumbers: keyNumbers(evidence),
    tracing: summarizeTracing(evidence.run.result),
    further: [...FIRST, ...SECOND, ...THIRD, ...LAST].map((table) => answerTable(table, evidence)),
    from: { costs: costs?.costsId ?? null, probes: probes?.probesId ?? null },
  };
}
