import type { Crosscheck, CrosscheckCellResult } from '../crosscheck/result-schema.ts';
import type { Row, Table } from '../document/document-schema.ts';
import { NONE, text } from '../document/table.ts';
import type { Value } from '../document/value-schema.ts';
import { counted } from '../util/units.ts';

/** Rows of ours beside the jobs of fio that do the same. */
export function crosscheckTable({ cells, left }: Pick<Crosscheck, 'cells' | 'left'>): Table {
  return {
    title: `CPU and rate per operation, ours and fio's, ${measuredBlocks(cells)}`,
    columns: [
      { key: 'workload', header: 'workload', align: 'left', priority: 0 },
      { key: 'model', header: 'model', align: 'left', priority: 0 },
      { key: 'shape', header: 'handed\nover', align: 'left', priority: 0 },
      { key: 'ours', header: 'CPU/op,\nours', align: 'right', priority: 1 },
      { key: 'fio', header: 'CPU/op,\nfio', align: 'right', priority: 1 },
      { key: 'cpu', header: 'CPU,\nours / fio', align: 'right', priority: 0 },
      { key: 'reported', header: 'CPU/op by\nits own account', align: 'right', priority: 3 },
      { key: 'oursRate', header: 'ops/s,\nours', align: 'right', priority: 2 },
      { key: 'fioRate', header: 'ops/s,\nfio', align: 'right', priority: 2 },
      { key: 'rate', header: 'ops/s,\nours / fio', align: 'right', priority: 0 },
    ],
    rows: cells.map(rowOf),
    notes: [
      "CPU is that of all threads, the kernel's included, as the kernel counts it of the processes; of fio without what a job of one operation takes. Ratios are paired by block, in brackets their 95 % intervals: below 1.000 ours takes less CPU, above it ours does more.",
      'Batch: all that are free are handed over by one call, and all that have ended are reaped by one. Single: each by a call of its own, which is what fio does where its job says nothing.',
      ...leftNotes(left),
    ],
  };
}

/** How many blocks the cells have: `6 blocks`, or `2 to 3 blocks` where it was ended between them. */
export function measuredBlocks(cells: Crosscheck['cells']): string {
  if (cells.length === 0) return 'no blocks';
  const measured = cells.map(({ blocks }) => blocks);
  const [least, most] = [Math.min(...measured), Math.max(...measured)];
  return least === most ? counted(most, 'block') : `${least} to ${counted(most, 'block')}`;
}

function rowOf(cell: CrosscheckCellResult): Row {
  return {
    workload: text(cell.workload),
    model: text(cell.model, 'strong'),
    shape: text(cell.shape),
    ours: { kind: 'nanoseconds', ns: cell.ours.cpuNsPerOperation },
    fio: { kind: 'nanoseconds', ns: cell.fio.cpuNsPerOperation },
    cpu: ratioOf(cell.cpu),
    reported: { kind: 'nanoseconds', ns: cell.fio.reportedCpuNsPerOperation },
    oursRate: { kind: 'rate', perS: cell.ours.operationsPerS },
    fioRate: { kind: 'rate', perS: cell.fio.operationsPerS },
    rate: ratioOf(cell.rate),
  };
}

function ratioOf({ ratio, interval }: CrosscheckCellResult['cpu']): Value {
  return ratio === null ? NONE : { kind: 'estimate', value: ratio, interval };
}

/** A reason once, with all that it holds for. */
function leftNotes(left: Crosscheck['left']): string[] {
  const byReason = new Map<string, string[]>();
  for (const { model, workload, reason } of left) {
    const known = byReason.get(reason) ?? [];
    byReason.set(reason, [...known, model === null ? workload : `${model} under ${workload}`]);
  }
  return [...byReason].map(([reason, cells]) => `Left out: ${cells.join(', ')}: ${reason}.`);
}
