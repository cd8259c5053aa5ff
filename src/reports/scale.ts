import { scaleChart } from '../charts/scale-chart.ts';
import { chartParts, documentOf, notesPart, tablePart } from '../document/document.ts';
import type { Document, Part } from '../document/document-schema.ts';
import type { RunResult } from '../results/schema.ts';
import { type ScaleSummary, summarizeScale } from '../summary/scale-summary.ts';
import { scaleLegend, scaleTable } from '../tables/scale-table.ts';
import { counted } from '../util/units.ts';
import { footerLines, runHeader } from './run.ts';

/** A sweep: where it ran, a table and a chart per count of active connections, and how to read them. */
export function scaleReport(result: RunResult, summary: ScaleSummary = summarizeScale(result)): Document {
  return {
    ...runHeader(result),
    parts: [
      ...partsOf(summary),
      notesPart(scaleLegend(summary)),
      notesPart(footerLines(result.record, summary)),
    ],
  };
}

/** Boots of a series, each with its sweep: the guests, a table and a chart per boot and count of active ones. */
export function bootsScaleReport(
  boots: readonly { readonly result: RunResult; readonly summary: ScaleSummary }[],
): Document {
  const [first, second] = boots;
  if (first === undefined) return documentOf({ title: 'No boots' });
  if (second === undefined) return scaleReport(first.result, first.summary);
  const kernels = new Set(boots.map(({ result }) => result.record.environment.kernel));
  return documentOf({
    title: `Sweeps under ${counted(kernels.size, 'kernel')}`,
    facts: boots.map(({ result }) => `${placeOf(result)}: run ${result.record.runId}`),
    parts: [
      ...boots.flatMap(({ result, summary }) => partsOf(summary, placeOf(result))),
      notesPart(scaleLegend(first.summary)),
    ],
    warnings: boots.flatMap(({ result }) => [...result.record.warnings, ...result.problems]),
  });
}

function placeOf({ record: { environment } }: RunResult): string {
  const { kernel, guest } = environment;
  return guest === null ? kernel : `${kernel}, ${counted(guest.smp, 'CPU')}, boot ${guest.boot + 1}`;
}

function partsOf(summary: ScaleSummary, where = ''): Part[] {
  return summary.sweeps.flatMap((sweep): Part[] => [
    tablePart(scaleTable(sweep, summary.cost, where)),
    ...chartParts([scaleChart(sweep, summary.cost, where)]),
  ]);
}
