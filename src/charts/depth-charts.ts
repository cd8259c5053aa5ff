import type { LinesChart } from '../document/chart-schema.ts';
import { groupBy } from '../stats/group-by.ts';
import type { RunSummary, WorkloadSummary } from '../summary/run-summary.ts';
import type { Workload } from '../workloads/schema.ts';
import { measuredRows } from './charted-run.ts';

type Job = Extract<Workload, { mode: 'job' }>;

/** Operations on files over their depth, a chart for each kind of job that was measured at two depths or more. */
export function depthCharts({ workloads }: Pick<RunSummary, 'workloads'>): readonly LinesChart[] {
  const jobs = workloads.flatMap((summary) =>
    summary.workload.mode === 'job' ? [{ summary, job: summary.workload }] : [],
  );
  const kinds = groupBy(jobs, ({ job: { action, order, cache, blockBytes, fileBytes } }) =>
    JSON.stringify([action, order, cache, blockBytes, fileBytes]),
  );
  return [...kinds.values()].flatMap((own) => {
    const depths = new Set(own.map(({ job }) => job.depth));
    const [first] = own;
    return first === undefined || depths.size < 2 ? [] : [chartOf(own, first.job)];
  });
}

function chartOf(
  own: readonly { readonly summary: WorkloadSummary; readonly job: Job }[],
  { action, order, cache, blockBytes }: Job,
): LinesChart {
  const sorted = own.toSorted((a, b) => a.job.depth - b.job.depth);
  const labels = [
    ...new Set(sorted.flatMap(({ summary }) => measuredRows(summary).map(({ label }) => label))),
  ];
  return {
    kind: 'lines',
    title: `${action}, ${order}, ${cache}, ${blockBytes} B: operations per second over depth`,
    says: 'Depth is how many operations are in flight. What cannot have more than one stays where it is.',
    x: { label: 'depth', scale: 'log', unit: 'count' },
    y: { label: 'operations per second', scale: 'log', unit: 'count' },
    shape: 'straight',
    series: labels.map((label) => ({
      label,
      points: sorted.flatMap(({ summary, job }) => {
        const row = measuredRows(summary).find((one) => one.label === label);
        const y = row?.throughputPerS.value ?? 0;
        return y > 0 ? [{ x: job.depth, y, name: summary.workload.id }] : [];
      }),
    })),
  };
}
