import type { BisectReport } from '../boots/bisect-schema.ts';
import type { Table } from '../document/document-schema.ts';
import { formatCount } from '../document/format.ts';
import { NONE, text } from '../document/table.ts';
import type { Value } from '../document/value-schema.ts';

/** The kernel that the others are compared with, and those of a search, in the order in which they were judged. */
export function bisectTable({ good, judged, label, workload }: BisectReport): Table {
  const pathOf = (value: number | null) => (value === null ? NONE : text(formatCount(value)));
  return {
    title: `Path length of ${label} under ${workload}`,
    columns: [
      { key: 'kernel', header: 'kernel', align: 'left', priority: 0 },
      { key: 'judgement', header: '', align: 'left', priority: 0 },
      { key: 'value', header: 'instr./req', align: 'right', priority: 0 },
      { key: 'change', header: 'change in %', align: 'left', priority: 0 },
      { key: 'boots', header: 'boots', align: 'right', priority: 1 },
    ],
    rows: [
      {
        kernel: text(good.kernel.release),
        judgement: text('--good'),
        value: pathOf(good.value),
        change: NONE,
        boots: { kind: 'count', value: good.boots },
      },
      ...judged.map(({ kernel, judgement, value, change, boots }) => ({
        kernel: text(kernel.release),
        judgement: text(judgement, judgement === 'bad' ? 'strong' : 'plain'),
        value: pathOf(value),
        change: changeOf(change),
        boots: { kind: 'count' as const, value: boots },
      })),
    ],
    notes: judged.flatMap(({ kernel, reason }) => (reason === null ? [] : [`${kernel.release}: ${reason}`])),
  };
}

function changeOf(change: BisectReport['judged'][number]['change']): Value {
  if (change === null) return NONE;
  const { ratio, interval } = change;
  const percent = (one: number) => 100 * (one - 1);
  return {
    kind: 'estimate',
    value: percent(ratio),
    interval: interval && { low: percent(interval.low), high: percent(interval.high) },
  };
}
