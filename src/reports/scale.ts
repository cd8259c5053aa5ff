import { documentOf, notesPart, tablePart } from '../document/document.ts';
import type { Chart, Document, Part } from '../document/document-schema.ts';
import type { RunResult } from '../results/schema.ts';
import type { ScaleCost } from '../stats/scale-fit.ts';
import { costOfCell, type ScaleSummary, type ScaleSweep, summarizeScale } from '../summary/scale-summary.ts';
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
    { kind: 'chart', chart: scaleChart(sweep, summary.cost, where) },
  ]);
}

/**
 * What a request costs over idle connections, both axes logarithmic: a cost that does not grow is level, one in
 * proportion to N rises a decade per decade.
 */
export function scaleChart({ active, lines }: ScaleSweep, cost: ScaleCost = 'server-cpu', where = ''): Chart {
  const ofCpu = cost === 'server-cpu';
  const name = ofCpu ? 'CPU per request' : 'instructions per request';
  return {
    title: `${where && `${where}: `}${name} over idle connections, ${active} active (log-log)`,
    x: { label: 'idle connections', scale: 'log', unit: 'count' },
    y: { label: name, scale: 'log', unit: ofCpu ? 'ns' : 'count' },
    series: lines.map(({ label, cells }) => ({
      label,
      points: cells.flatMap((cell) => {
        const y = costOfCell(cell);
        return y === null ? [] : [{ x: cell.idle, y }];
      }),
    })),
  };
}
