import type { IntervalsChart, Mark } from '../document/chart-schema.ts';
import type { RankedBy, RowRatio, RunSummary, WorkloadSummary } from '../summary/run-summary.ts';
import { measuredRows } from './used-trials.ts';

const MARK: Readonly<Record<RowRatio['verdict'], Mark>> = {
  better: 'better',
  worse: 'worse',
  'no-difference': 'same',
  unclear: 'unclear',
  unknown: 'none',
};

const BY = {
  throughput: 'by throughput',
  cpu: 'by requests per CPU time, because the client was the limit',
  path: 'by requests per instruction',
} as const satisfies Record<RankedBy, string>;

/** Every row beside the reference, workload by workload: the main chart of a run. Null where nothing is compared. */
export function ratioChart({ workloads }: Pick<RunSummary, 'workloads'>): IntervalsChart | null {
  const groups = workloads.map(groupOf).filter(({ rows }) => rows.length > 0);
  if (groups.length === 0) return null;
  const references = [...new Set(workloads.map(({ baseline }) => baseline))];
  return {
    kind: 'intervals',
    title: `${groups.length === 1 ? `${groups[0]?.label}: work` : 'Work'} done, times that of ${references.join(' or ')}, with 95 % intervals`,
    says: 'Right of the line is better. An interval that covers it shows no difference.',
    x: { label: `times ${references.join(' or ')}`, scale: 'log', unit: 'ratio' },
    reference: { value: 1, text: `as ${references.join(' or ')}` },
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
      const point = { name: '', value: ratio, interval, mark: MARK[verdict], note: BY[rankedBy] };
      return [{ label, points: [point] }];
    }),
  };
}
