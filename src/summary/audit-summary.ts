import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';
import {
  type AuditInstrument,
  auditInstrumentSchema,
  auditSchema,
  type CellName,
  type RunResult,
} from '../results/schema.ts';
import type { AuditTotal } from './run-summary.ts';

export const auditSummarySchema = z
  .object({
    counter: auditInstrumentSchema,
    trials: z.number().int().nonnegative().describe('that ended with a comparison'),
    agreeing: z
      .number()
      .int()
      .nonnegative()
      .describe('of these, those in which both counters agree on every call'),
    disagreements: auditSchema.shape.disagreements,
    failed: z.number().int().nonnegative().describe('that broke'),
  })
  .describe("what the audit trials of one cell and one counter say of the server's own counts");
export type AuditSummary = ReadonlyDeep<z.infer<typeof auditSummarySchema>>;

/** One total per counter that the run looked for; empty where no audit was asked for. */
export function totalAudits(result: RunResult): readonly AuditTotal[] {
  return result.record.counters.flatMap(({ counter, available, reason }) => {
    if (counter === 'own' || counter === 'cpu') return [];
    const foreign = new Set(
      result.record.settings.entries.flatMap(({ label, server }) => (server ? [label] : [])),
    );
    // Of these nothing is audited: they count nothing themselves.
    const own = result.record.cells.filter(({ label }) => !foreign.has(label));
    const cells = own.map((cell) => ({
      cell,
      audits: summarizeAudits(result, cell).filter((audit) => audit.counter === counter),
    }));
    const all = cells.flatMap(({ audits }) => audits);
    const sum = (value: (audit: AuditSummary) => number) =>
      all.reduce((total, audit) => total + value(audit), 0);
    return [
      {
        counter,
        available,
        reason,
        trials: sum((audit) => audit.trials),
        agreeing: sum((audit) => audit.agreeing),
        failed: sum((audit) => audit.failed),
        disagreements: cells.flatMap(({ cell: { label, workload }, audits }) =>
          audits.flatMap((audit) => audit.disagreements.map((found) => ({ label, workload, ...found }))),
        ),
      },
    ];
  });
}

/** One summary per counter that audited the cell; empty without audits. */
export function summarizeAudits(result: RunResult, cell: CellName): readonly AuditSummary[] {
  const trials = result.trials.filter(
    (trial) => trial.label === cell.label && trial.workload === cell.workload,
  );
  const counters: readonly AuditInstrument[] = ['tracepoint', 'strace'];
  return counters.flatMap((counter) => {
    const own = trials.filter((trial) => trial.counter === counter);
    const audits = own.flatMap((trial) => (trial.status === 'audited' ? [trial.audit] : []));
    if (own.length === 0) return [];
    return [
      {
        counter,
        trials: audits.length,
        agreeing: audits.filter((audit) => audit.disagreements.length === 0).length,
        disagreements: audits.flatMap((audit) => audit.disagreements),
        failed: own.length - audits.length,
      },
    ];
  });
}
