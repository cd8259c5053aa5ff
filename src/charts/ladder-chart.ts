import type { Ladder, LadderFamily } from '../compare/ladder-schema.ts';
import type { LinesChart } from '../document/chart-schema.ts';
import { findMetric } from '../metrics/registry.ts';
import { metricAxis } from './metric-axis.ts';

/** One metric over the rungs of a family, as steps, a line for every workload. Null where no rung has it. */
export function ladderChart(
  family: LadderFamily,
  metric: string,
  workloads: Ladder['workloads'],
): LinesChart | null {
  const found = findMetric(metric);
  const series = family.steps
    .map(({ workload, rungs }) => ({
      label: workloads.find(({ id }) => id === workload)?.id ?? workload,
      points: family.rungs.flatMap(({ label }, x) => {
        const y = rungs.find((rung) => rung.label === label)?.values[metric] ?? null;
        return y === null ? [] : [{ x, y, name: label }];
      }),
    }))
    .filter(({ points }) => points.length > 0);
  if (found === undefined || series.length === 0) return null;
  return {
    kind: 'lines',
    title: `${family.family}, rung by rung: ${found.title}`,
    says: `${found.better === 'lower' ? 'Lower' : 'Higher'} is better. From left to right each rung adds a step to one before it.`,
    x: { label: 'rung', scale: 'linear', unit: 'place', names: family.rungs.map(({ label }) => label) },
    y: metricAxis(found),
    shape: 'steps',
    series,
  };
}
