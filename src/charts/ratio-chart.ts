import type { IntervalsChart, Mark } from '../document/chart-schema.ts';
import type { RankedBy, RowRatio, RunSummary, WorkloadSummary } from '../summary/run-summary.ts';
import { measuredRows } from './charted-run.ts';

const MARK: Readonly<Record<RowRatio['verdict'], Mark>> = {
  better: 'better',
  worse: 'worse',
  'no-difference': 'same',
  unclear: 'unclear',
  unknown: 'none',
};

/** In words. */
export const RANKED_BY = {
  throughput: 'by throughput',
  cpu: 'by requests per CPU time, because the client was the limit',
  path: 'by requests per instruction',
} as const satisfies Record<RankedBy, string>;

/** Every row beside the reference, workload by workload: the main chart of a run. Null where nothing is compared. */
export function ratioChart({ workloads }: Pick<RunSummary, 'workloads'>): IntervalsChart | null {
  const groups = workloads.map(groupOf).filter(({ rows }) => rows.length > 0);
  if (groups.length === 0) return null;
  const references = [...new Set(workloads.map(({ baseline }) => baseline))].join(' or ');
  const points = groups.flatMap(({ rows }) => rows.flatMap((row) => row.points));
  const isKnown = points.some(({ interval }) => interval !== null);
  return {
    kind: 'intervals',
    title: `${groups.length === 1 ? `${groups[0]?.label}: work` : 'Work'} done, times that of ${references}${isKnown ? ', with 95 % intervals' : ''}`,
    says: isKnown
      ? 'Right of the line is better. An interval that covers it shows no difference.'
      : 'Right of the line is better. Of so few blocks there is no interval: any of it may be chance.',
    x: { label: `times ${references}`, scale: 'log', unit: 'ratio' },
    reference: { value: 1, text: `as ${references}` },
    band: null,
    groups: groups.length === 1 ? groups.map((group) => ({ ...group, label: '' })) : groups,
  };
}

function groupOf(summary: WorkloadSummary): IntervalsChart['groups'][number] {
  return {
    label: summary.workload.id,
    rows: measuredRows(summary).flatMap(({ label, comparison }) => {
      if (comparison === null || comparison.ratio === null || comparison.ratio <= 0) return [];
      const { ratio, interval, verdict, rankedBy } = comparison;
      const point = { name: '', value: ratio, interval, mark: MARK[verdict], note: RANKED_BY[rankedBy] };
      return [{ label, points: [point] }];
    }),
  };
}
