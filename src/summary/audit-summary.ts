import type { AuditCounter, AuditRecord, CellName, RunResult } from '../results/schema.ts';

/** What the audit trials of one cell and one counter say of the server's own counts. */
export interface AuditSummary {
  readonly counter: AuditCounter;
  /** Audit trials that ended with a comparison. */
  readonly trials: number;
  /** Of these, those in which both counters agree on every call. */
  readonly agreeing: number;
  readonly disagreements: AuditRecord['disagreements'];
  /** Audit trials that broke. */
  readonly failed: number;
}

/** What one counter said of a whole run. */
export interface AuditTotal {
  readonly counter: AuditCounter;
  readonly available: boolean;
  /** Why it could not be used, and what would allow it. */
  readonly reason: string | null;
  readonly trials: number;
  readonly agreeing: number;
  readonly failed: number;
  readonly disagreements: readonly (CellName & AuditRecord['disagreements'][number])[];
}

/** One total per counter that the run looked for; empty where no audit was asked for. */
export function totalAudits(result: RunResult): readonly AuditTotal[] {
  return result.record.counters.flatMap(({ counter, available, reason }) => {
    if (counter === 'own') return [];
    const cells = result.record.cells.map((cell) => ({
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
  const counters: readonly AuditCounter[] = ['tracepoint', 'strace'];
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
