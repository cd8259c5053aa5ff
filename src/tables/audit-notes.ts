import { describeDisagreement } from '../observe/audit.ts';
import type { AuditTotal } from '../summary/run-summary.ts';
import { counted } from '../util/units.ts';

/** So many disagreements are told one by one. */
const DISAGREEMENTS_MAX = 10;

/** Who counted the system calls of a run, and what the other counters said of it. */
export function auditNotes(audits: readonly AuditTotal[]): readonly string[] {
  if (audits.length === 0)
    return [
      "System calls are the servers' own counts; run --audit checks them with the kernel's tracepoints and strace.",
    ];
  return audits.flatMap((audit) => [headline(audit), ...disagreementNotes(audit)]);
}

function headline({ counter, available, reason, trials, agreeing, failed }: AuditTotal): string {
  if (!available) return `audit by ${counter}: not possible here: ${reason ?? 'no reason given'}`;
  const broken = failed > 0 ? `; ${failed} failed` : '';
  return `audit by ${counter}: agrees with the servers' own counts in ${agreeing} of ${counted(trials, 'trial')}${broken}`;
}

function disagreementNotes({ counter, disagreements }: AuditTotal): readonly string[] {
  const more = disagreements.length - DISAGREEMENTS_MAX;
  return [
    ...disagreements
      .slice(0, DISAGREEMENTS_MAX)
      .map((found) => `${found.label} under ${found.workload}: ${describeDisagreement(found, counter)}`),
    ...(more > 0 ? [`and ${counted(more, 'more disagreement')}`] : []),
  ];
}
