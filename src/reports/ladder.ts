import { ladderOf } from '../compare/ladder.ts';
import type { Ladder } from '../compare/ladder-schema.ts';
import { notesPart, tablePart } from '../document/document.ts';
import type { Document } from '../document/document-schema.ts';
import type { RunResult } from '../results/schema.ts';
import type { RunSummary } from '../summary/run-summary.ts';
import { summarize } from '../summary/summarize.ts';
import { LADDER_LEGEND, rungsTable, stopsTable } from '../tables/ladder-table.ts';
import { footerLines, runHeader } from './run.ts';

/** The ladders of a run: what the rungs of each add, metric by metric, where to stop, and how to read it. */
export function ladderReport(
  result: RunResult,
  {
    summary = summarize(result),
    ladder = ladderOf(result, summary),
  }: { readonly summary?: RunSummary; readonly ladder?: Ladder } = {},
): Document {
  return {
    ...runHeader(result),
    parts: [
      ...ladder.families.flatMap((family) =>
        ladder.metrics.map((metric) => tablePart(rungsTable(family, metric, ladder.workloads))),
      ),
      ...ladder.families.map((family) => tablePart(stopsTable(family, ladder.workloads))),
      notesPart(LADDER_LEGEND),
      notesPart(footerLines(result.record, summary)),
    ],
  };
}
