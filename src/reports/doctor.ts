import type { Finding, FindingStatus } from '../doctor/finding.ts';
import { documentOf, notesPart } from '../document/document.ts';
import type { Document } from '../document/document-schema.ts';
import { counted } from '../util/units.ts';

/** What of this host moves the numbers. */
export function doctorReport(findings: readonly Finding[]): Document {
  return documentOf({ parts: [{ kind: 'findings', findings }, notesPart([summary(findings)])] });
}

function summary(findings: readonly Finding[]): string {
  const count = (status: FindingStatus) => findings.filter((finding) => finding.status === status).length;
  return `${counted(count('problem'), 'problem')}, ${counted(count('warning'), 'warning')}; nothing was changed on this host`;
}
