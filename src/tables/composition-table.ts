import type { Composition, CompositionPart } from '../costs/schema.ts';
import type { Table } from '../document/document-schema.ts';
import { formatDuration, formatPerRequest, formatShare } from '../document/format.ts';
import { NONE, text } from '../document/table.ts';
import { counted } from '../util/units.ts';

/** A table per workload: every row, its CPU per request, what of it is explained, and by which costs. */
export function compositionTables(compositions: readonly Composition[]): Table[] {
  const workloads = [...new Set(compositions.map(({ workload }) => workload))];
  return workloads.map((workload) => {
    const rows = compositions.filter((one) => one.workload === workload);
    return {
      title: `${workload}, ${counted(rows[0]?.connections ?? 0, 'connection')}`,
      columns: [
        { key: 'label', header: 'model', align: 'left', priority: 0 },
        { key: 'cpu', header: 'server CPU\n/request', align: 'right', priority: 0 },
        { key: 'explained', header: 'explained', align: 'right', priority: 0 },
        { key: 'share', header: 'share', align: 'right', priority: 0 },
        { key: 'parts', header: 'made of', align: 'left', priority: 0, wrap: true },
      ],
      rows: rows.map((one) => ({
        label: text(one.label, 'strong'),
        cpu: one.cpuNsPerRequest === null ? NONE : text(formatDuration(one.cpuNsPerRequest)),
        explained: text(formatDuration(one.explainedNs)),
        share: one.explainedShare === null ? NONE : text(formatShare(one.explainedShare)),
        parts: text(mostFirst(one.parts).map(partText).join(', ')),
      })),
      notes: [],
    };
  });
}

function mostFirst(parts: readonly CompositionPart[]): CompositionPart[] {
  const sizeOf = ({ ns, timesPerRequest }: CompositionPart) => (ns ?? 0) * timesPerRequest;
  return [...parts].sort((a, b) => sizeOf(b) - sizeOf(a));
}

/** `2.05 × tcp-send-64 (3.01 µs)`; the time is that of all of them. */
function partText({ cost, timesPerRequest, ns }: CompositionPart): string {
  const time = ns === null ? 'not measured' : formatDuration(ns * timesPerRequest);
  return `${formatPerRequest(timesPerRequest)} × ${cost} (${time})`;
}
