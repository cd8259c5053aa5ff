import { ladderOf } from '../compare/ladder.ts';
import type { Ladder } from '../compare/ladder-schema.ts';
import { notesPart, tablePart } from '../document/document.ts';
import type { Document } from '../document/document-schema.ts';
import { formatRatio } from '../document/format.ts';
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
    conclusion: stopLines(ladder).join('; '),
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

/** Where to stop over all connections, or with the only number of them: a line for each family. */
export function stopLines({ families }: Ladder): string[] {
  return families.map(({ family, stops }) => {
    const last = stops.at(-1);
    if (last === undefined || last.label === null) return `${family}: nothing was measured`;
    if (last.outcome === 'undecided') return `${family}: undecided, an interval needs more blocks`;
    const gain =
      last.change === null ? '' : ` (CPU/request ×${formatRatio(last.change.ratio)} of ${last.first})`;
    return `${family}: stop at ${last.label}${gain}`;
  });
}
