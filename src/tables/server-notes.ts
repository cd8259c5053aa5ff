import type { RunResult } from '../results/schema.ts';
import { counted } from '../util/units.ts';

/** What to know of the rows that are servers of the user's own; nothing where there are none. */
export function serverNotes({ record, trials }: Pick<RunResult, 'record' | 'trials'>): readonly string[] {
  const foreign = record.settings.entries.filter(({ server }) => server !== undefined);
  const labels = new Set(foreign.map(({ label }) => label));
  if (labels.size === 0) return [];
  const traced = trials.filter(({ label, status }) => status === 'audited' && labels.has(label));
  const counters = [...new Set(traced.map(({ counter }) => counter))].join(', ');
  const versions = record.servers.flatMap(({ model, version }) => (version ? [`${model}: ${version}`] : []));
  return [
    `${[...labels].join(', ')}: not built for this, so that all processes of its session are measured from outside; its sockets are given the congestion control of all others.${
      counters === ''
        ? ''
        : ` Its system calls are counted by ${counters}, in ${counted(traced.length, 'trial')} more.`
    }`,
    ...(versions.length === 0 ? [] : [`${versions.join('; ')}.`]),
  ];
}
