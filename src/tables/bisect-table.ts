import type { BisectReport } from '../boots/bisect-schema.ts';
import type { Table } from '../document/document-schema.ts';
import { formatCount } from '../document/format.ts';
import { NONE, text } from '../document/table.ts';

/** The kernels of a search, in the order in which they were judged. */
export function bisectTable({ judged, label, workload }: BisectReport): Table {
  return {
    title: `Path length of ${label} under ${workload}`,
    columns: [
      { key: 'kernel', header: 'kernel', align: 'left', priority: 0 },
      { key: 'judgement', header: '', align: 'left', priority: 0 },
      { key: 'value', header: 'instr./req', align: 'right', priority: 0 },
      { key: 'change', header: 'change in %', align: 'left', priority: 0 },
      { key: 'boots', header: 'boots', align: 'right', priority: 1 },
    ],
    rows: judged.map(({ kernel, judgement, value, change, boots }) => ({
      kernel: text(kernel.release),
      judgement: text(judgement, judgement === 'bad' ? 'strong' : 'plain'),
      value: value === null ? NONE : text(formatCount(value)),
      change:
        change === null
          ? NONE
          : {
              kind: 'estimate',
              value: 100 * (change.ratio - 1),
              interval: change.interval && {
                low: 100 * (change.interval.low - 1),
                high: 100 * (change.interval.high - 1),
              },
            },
      boots: { kind: 'count', value: boots },
    })),
    notes: judged.flatMap(({ kernel, reason }) => (reason === null ? [] : [`${kernel.release}: ${reason}`])),
  };
}
