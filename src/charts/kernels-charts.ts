import type { KernelMatrix } from '../compare/kernel-matrix-schema.ts';
import type { HeatChart, LinesChart } from '../document/chart-schema.ts';
import { groupBy } from '../stats/group-by.ts';
import { kernelNames } from '../tables/kernels-table.ts';
import { counted } from '../util/units.ts';

/** How much longer every path is than under the first kernel. Null where nothing is compared. */
export function kernelsHeatChart({ guest, kernels, rows }: KernelMatrix): HeatChart | null {
  const names = kernelNames(kernels);
  const cells = rows.flatMap((row, at) =>
    row.cells.flatMap(({ kernel, change, verdict, reason }) =>
      kernel === 0
        ? []
        : [
            {
              row: at,
              column: kernel - 1,
              value: change === null ? null : 100 * (change.ratio - 1),
              marked: verdict === 'regressed' || verdict === 'improved',
              note: [verdict ?? '', reason ?? ''].filter((text) => text !== '').join(': '),
            },
          ],
    ),
  );
  if (cells.every(({ value }) => value === null)) return null;
  return {
    kind: 'heat',
    title: `Path length under each kernel beside ${names[0]}, ${counted(guest.smp, 'CPU')}`,
    says: 'In per cent more or less; what is marked is a verdict, the rest may be chance or too little to matter.',
    columns: { label: 'kernel', names: names.slice(1) },
    rows: { label: 'cell', names: rows.map(({ label, workload }) => `${label}, ${workload}`) },
    value: { label: 'change of path length', scale: 'linear', unit: 'percent' },
    middle: 0,
    shown: true,
    markName: 'regressed or improved',
    cells,
  };
}

/** Path lengths over kernels, a chart for each workload. */
export function pathLengthCharts({ guest, kernels, rows }: KernelMatrix): readonly LinesChart[] {
  const names = kernelNames(kernels);
  return [...groupBy(rows, ({ workload }) => workload)].flatMap(([workload, own]) => {
    const series = own.flatMap(({ label, cells }) => {
      const points = cells.flatMap(({ kernel, value }) => (value === null ? [] : [{ x: kernel, y: value }]));
      return points.length === 0 ? [] : [{ label, points }];
    });
    if (series.length === 0) return [];
    return [
      {
        kind: 'lines',
        title: `${workload}: guest instructions per request under each kernel, ${counted(guest.smp, 'CPU')}`,
        says: 'Of server, client and kernel together: what is executed, not how long it takes.',
        x: { label: 'kernel', scale: 'linear', unit: 'place', names },
        y: { label: 'instructions per request', scale: 'linear', unit: 'count' },
        shape: 'straight',
        series,
      } satisfies LinesChart,
    ];
  });
}
