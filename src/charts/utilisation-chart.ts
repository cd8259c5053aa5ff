import type { IntervalsChart } from '../document/chart-schema.ts';
import type { WorkloadSummary } from '../summary/run-summary.ts';
import { measuredRows } from './charted-run.ts';

const LIMITS = {
  server: 'the server was the limit',
  client: 'the client was the limit: throughput says nothing of the server',
  both: 'both were the limit',
  neither: 'neither was the limit',
} as const;

/** How busy both ends were, and who was the limit. Null where no row has times. */
export function utilisationChart(summary: WorkloadSummary): IntervalsChart | null {
  const rows = measuredRows(summary).filter(({ timed }) => timed);
  // A program that works on files has nobody who asks it to.
  if (rows.length === 0 || summary.workload.mode === 'job') return null;
  return {
    kind: 'intervals',
    title: `${summary.workload.id}: how busy server and client were, and who was the limit`,
    says: 'Of the client its busiest thread. At 100 % that end has nothing left to give.',
    x: { label: 'utilisation of its CPUs', scale: 'linear', unit: 'share' },
    reference: { value: 1, text: 'all of it' },
    band: null,
    groups: [
      {
        label: '',
        rows: rows.map(({ label, server, client, saturation }) => ({
          label,
          points: [
            { name: 'server', of: server.utilisation },
            { name: 'client', of: client.utilisation },
          ].map(({ name, of }) => ({
            name,
            value: of.value,
            interval: null,
            mark: 'none' as const,
            note: LIMITS[saturation.verdict],
          })),
        })),
      },
    ],
  };
}
