import type { LinesChart } from '../document/chart-schema.ts';
import type { ScaleCost } from '../stats/scale-fit.ts';
import { costOfCell, type ScaleLine, type ScaleSweep } from '../summary/scale-summary.ts';

/**
 * What a request costs over idle connections, both axes logarithmic: a cost that does not grow is level, one in
 * proportion to N rises a decade per decade. Null where nothing was measured.
 */
export function scaleChart(
  { active, lines }: ScaleSweep,
  cost: ScaleCost = 'server-cpu',
  where = '',
): LinesChart | null {
  const series = lines.map((line) => ({
    label: line.label,
    points: line.cells.flatMap((cell) => {
      const y = costOfCell(cell);
      return y === null ? [] : [{ x: cell.idle, y }];
    }),
    ...fitOf(line),
  }));
  if (series.every(({ points }) => points.length === 0)) return null;
  const ofCpu = cost === 'server-cpu';
  const name = ofCpu ? 'CPU per request' : 'instructions per request';
  return {
    kind: 'lines',
    title: `${where && `${where}: `}${name} over idle connections, ${active} active (log-log)`,
    says: 'A cost that does not grow is level, one in proportion to the connections rises a decade per decade. Shaded: the 95 % band of the line through the floors.',
    x: { label: 'idle connections', scale: 'log', unit: 'count' },
    y: { label: name, scale: 'log', unit: ofCpu ? 'ns' : 'count' },
    shape: 'straight',
    series,
  };
}

/** The line of the fit, where it has a band. */
function fitOf({ fit }: ScaleLine): Pick<LinesChart['series'][number], 'fit'> {
  const points = fit.line.flatMap(({ idle, cost, interval }) =>
    interval === null ? [] : [{ x: idle, y: cost, low: interval.low, high: interval.high }],
  );
  return points.length < 2 ? {} : { fit: { says: fit.verdict.kind, points } };
}
