import type { Cost, CostsResult, DerivedCost } from '../costs/schema.ts';
import type { Column, Row, Table } from '../document/document-schema.ts';
import { formatDuration } from '../document/format.ts';
import { NONE, text } from '../document/table.ts';
import type { Value } from '../document/value-schema.ts';

type Measured = Extract<Cost, { status: 'measured' }> | Extract<DerivedCost, { status: 'derived' }>;

/** Headings of the groups, in the order of the tables; what a later version adds follows under its own name. */
const GROUPS: Readonly<Record<string, string>> = {
  syscall: 'System calls',
  transfer: 'Moving a message, with nobody waiting for it',
  wait: 'Finding out what is ready',
  switch: 'Switching and waking up',
  signal: 'Being told of an event',
  io_uring: 'io_uring',
  aio: 'AIO',
  connection: 'Connections',
  memory: 'Memory',
  machine: 'The machine',
};

/** Every group of costs as a table, measured ones before those that are differences of them. */
export function costsTables({ costs, derived }: Pick<CostsResult, 'costs' | 'derived'>): Table[] {
  const wanted = derived.filter((one) => one.status === 'derived');
  const found = new Set(costs.map(({ group }) => group));
  const groups = [...Object.keys(GROUPS), ...found].filter((group, i, all) => all.indexOf(group) === i);
  return groups
    .filter((group) => found.has(group))
    .map((group) => ({
      title: GROUPS[group] ?? group,
      columns: COLUMNS,
      rows: [...costs, ...wanted].filter((cost) => cost.group === group).map(rowOf),
      notes: notesOf(costs.filter((cost) => cost.group === group)),
    }));
}

const COLUMNS: readonly Column[] = [
  { key: 'title', header: 'cost', align: 'left', priority: 0 },
  { key: 'unit', header: 'per', align: 'left', priority: 3 },
  { key: 'ns', header: 'median', align: 'right', priority: 0 },
  { key: 'interval', header: '95 % of it', align: 'left', priority: 1 },
  { key: 'cycles', header: 'cycles', align: 'right', priority: 2 },
  { key: 'p99', header: 'p99 of\nbatches', align: 'right', priority: 5 },
  { key: 'turns', header: 'in a\nbatch', align: 'right', priority: 6 },
  { key: 'id', header: 'id', align: 'left', priority: 4 },
];

function rowOf(cost: Cost | DerivedCost): Row {
  const row = { title: text(cost.title), unit: text(cost.unit, 'faint'), id: text(cost.id, 'faint') };
  if (cost.status !== 'measured' && cost.status !== 'derived')
    return { ...row, ns: NONE, interval: text(cost.status, 'faint') };
  return {
    ...row,
    ns: text(formatCost(cost.ns), 'strong'),
    interval: text(formatSpan(cost)),
    cycles: cost.cycles === null ? NONE : { kind: 'count', value: cost.cycles + 0 },
    ...(cost.status === 'measured' ? batchesOf(cost) : {}),
  };
}

function batchesOf({ batches }: Extract<Cost, { status: 'measured' }>): Record<string, Value> {
  return { p99: text(formatCost(batches.p99Ns)), turns: { kind: 'count', value: batches.turns } };
}

/** What hides behind the loop, or is less than what was subtracted, comes out as a little below zero. */
const NOTHING_NS = 0.1;

/** A time that may be a difference: `-36 ns`, and `<0.1 ns` where there is nothing to tell. */
export function formatCost(ns: number): string {
  if (Math.abs(ns) < NOTHING_NS) return '<0.1 ns';
  return ns < 0 ? `-${formatDuration(-ns)}` : formatDuration(ns);
}

/** Both ends in the unit that each has. */
export function formatSpan({ lowNs, highNs }: Pick<Measured, 'lowNs' | 'highNs'>): string {
  return `${formatCost(lowNs)} to ${formatCost(highNs)}`;
}

/** Each reason once, with all that it keeps from being measured. */
function notesOf(costs: readonly Cost[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const cost of costs)
    if (cost.status !== 'measured') {
      const key = `${cost.status === 'failed' ? 'failed' : 'not here'}: ${cost.reason}`;
      byReason.set(key, [...(byReason.get(key) ?? []), cost.id]);
    }
  return [...byReason].map(([reason, ids]) => `${ids.join(', ')} ${reason}`);
}
