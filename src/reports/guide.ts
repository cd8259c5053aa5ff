import { notesPart, tablePart } from '../document/document.ts';
import type { Document } from '../document/document-schema.ts';
import type { RunResult } from '../results/schema.ts';
import { summarize } from '../summary/summarize.ts';
import { guideTables } from '../tables/guide-summary.ts';
import { footerLines, runHeader } from './run.ts';

/** The guide's tables with this host beside them. */
export function guideReport(result: RunResult): Document {
  return {
    ...runHeader(result),
    parts: [...guideTables(result).map(tablePart), notesPart(footerLines(result.record, summarize(result)))],
  };
}
