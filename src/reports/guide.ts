import { guideRun } from '../claims/evidence.ts';
import { notesPart, tablePart } from '../document/document.ts';
import type { Document } from '../document/document-schema.ts';
import type { RunResult } from '../results/schema.ts';
import { filesTables } from '../tables/files-tables.ts';
import { guideTables } from '../tables/guide-summary.ts';
import { footerLines, runHeader } from './run.ts';

/** The guide's tables with this host beside them. */
export function guideReport(result: RunResult): Document {
  const run = guideRun(result);
  return {
    ...runHeader(result),
    parts: [
      ...guideTables(run).map(tablePart),
      ...filesTables(run.summary).map(tablePart),
      notesPart(footerLines(result.record, run.summary)),
    ],
  };
}
