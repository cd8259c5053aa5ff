import { guideRun } from '../claims/evidence.ts';
import { notesPart, tablePart } from '../document/document.ts';
import type { Document } from '../document/document-schema.ts';
import type { RunResult } from '../results/schema.ts';
import { filesTables } from '../tables/files-tables.ts';
import { type BesideRun, guideTables } from '../tables/guide-summary.ts';
import { footerLines, runHeader } from './run.ts';

/** The guide's tables with this host beside them. */
export function guideReport(result: RunResult, beside?: BesideRun): Document {
  const run = guideRun(result);
  const header = runHeader(result);
  return {
    ...header,
    facts: [...header.facts, ...besideLines(beside)],
    parts: [
      ...guideTables(run, beside).map(tablePart),
      ...filesTables(run.summary).map(tablePart),
      notesPart(footerLines(result.record, run.summary)),
    ],
  };
}

function besideLines(beside: BesideRun | undefined): readonly string[] {
  const { costs = null, probes = null } = beside ?? {};
  const names = [
    ...(costs === null ? [] : [`costs ${costs.costsId}`]),
    ...(probes === null ? [] : [`probes ${probes.probesId}`]),
  ];
  return names.length === 0 ? [] : [`beside the run: ${names.join(', ')}`];
}
