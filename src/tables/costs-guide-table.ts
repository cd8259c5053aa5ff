import { costOf } from '../costs/cost-of.ts';
import type { CostsResult } from '../costs/schema.ts';
import type { Row, Table } from '../document/document-schema.ts';
import { formatCount } from '../document/format.ts';
import { text } from '../document/table.ts';
import { formatCost, formatSpan } from './costs-table.ts';

/** What the guide says, and the costs that answer it. */
interface GuideLine {
  readonly guide: string;
  /** The same in nanoseconds, where it says a time: from and to. */
  readonly givesNs?: readonly [number, number];
  readonly says: string;
  readonly costs: readonly string[];
}

/** "Key Numbers" of the guide, as far as they are times. */
const KEY_NUMBERS: readonly GuideLine[] = [
  {
    guide: '~150 ns',
    givesNs: [150, 150],
    says: 'syscall cost on modern x86_64',
    costs: ['syscall-enosys', 'syscall-noop', 'read-0'],
  },
  {
    guide: '~200-500 ns',
    givesNs: [200, 500],
    says: 'context switch to kernel (modern x86)',
    costs: ['syscall-enosys', 'syscall-noop'],
  },
  {
    guide: '~10 µs',
    givesNs: [10_000, 10_000],
    says: 'epoll_wait overhead (O(1) delivery)',
    costs: ['epoll-wait-1-of-1', 'epoll-wait-1-of-18000', 'wake-epoll-same-cpu', 'wake-epoll-two-cpus'],
  },
  {
    guide: '~1-5 µs',
    givesNs: [1000, 5000],
    says: 'io_uring CQ polling overhead',
    costs: ['uring-cq-peek', 'uring-nop-1', 'uring-nop-sqpoll-1'],
  },
];

/** "What ~150 ns Actually Buys You" of the guide, line by line. */
const BREAKDOWN: readonly GuideLine[] = [
  {
    guide: '~50 + ~50 cycles (~50 ns)',
    givesNs: [50, 50],
    says: 'syscall entry and return',
    costs: ['syscall-enosys'],
  },
  { guide: '~30 cycles (~15 ns)', givesNs: [15, 15], says: 'file table lookup', costs: ['fd-lookup'] },
  {
    guide: '~185 cycles (~92 ns)',
    givesNs: [92, 92],
    says: 'total per syscall, a simple read()',
    costs: ['read-0'],
  },
  {
    guide: '+2,000-3,000 cycles (~1-1.5 µs)',
    givesNs: [1000, 1500],
    says: 'context switch, thread descheduled',
    costs: ['context-switch-same-cpu', 'context-switch-two-cpus'],
  },
  { guide: '+50-200 cycles', says: 'cache miss on the file struct', costs: ['file-miss'] },
  {
    guide: '+100-300 cycles',
    says: 'cross-NUMA memory access',
    costs: ['memory-chase-local', 'memory-chase-remote'],
  },
];

/** The guide's numbers of single costs, with this host beside them. */
export function costsGuideTables(result: CostsResult): Table[] {
  const tables = [
    tableOf('Key numbers: what the guide says, and this host', KEY_NUMBERS, result, []),
    tableOf('What ~150 ns buys: what the guide says, and this host', BREAKDOWN, result, [
      'the lines that no clock can tell apart (validation, permission, preemption check) are answered in instructions by --explain read-0',
      'the guide’s lines add up to 185 cycles; its own factor of 2 cycles a ns is that of a CPU at 2 GHz',
    ]),
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

/** The guide's lines that give a time, with the costs of this result that answer them. */
export function timedGuideLines(
  result: CostsResult,
): readonly (GuideLine & { readonly givesNs: readonly [number, number] })[] {
  return [...KEY_NUMBERS, ...BREAKDOWN].flatMap((line) =>
    line.givesNs === undefined
      ? []
      : [{ ...line, givesNs: line.givesNs, costs: line.costs.filter(wasAsked(result)) }],
  );
}

/** What nobody asked for is no line: of a difference, all of its terms. */
function wasAsked({ costs, derived }: CostsResult): (id: string) => boolean {
  const ids = new Set(costs.map(({ id }) => id));
  return (id) =>
    ids.has(id) || derived.some((one) => one.id === id && one.terms.every(({ cost }) => ids.has(cost)));
}

function tableOf(
  title: string,
  lines: readonly GuideLine[],
  result: CostsResult,
  notes: readonly string[],
): Table {
  return {
    title,
    columns: [
      { key: 'guide', header: 'the guide', align: 'right', priority: 0 },
      { key: 'says', header: '', align: 'left', priority: 0, wrap: true },
      { key: 'id', header: 'cost', align: 'left', priority: 0 },
      { key: 'ns', header: 'this host', align: 'right', priority: 0 },
      { key: 'interval', header: '95 % of it', align: 'left', priority: 1 },
      { key: 'cycles', header: 'cycles', align: 'right', priority: 2 },
    ],
    rows: lines.flatMap((line) => rowsOf({ ...line, costs: line.costs.filter(wasAsked(result)) }, result)),
    notes: [...notes],
  };
}

/** The guide's words stand beside the first cost that answers them. */
function rowsOf({ guide, says, costs }: GuideLine, result: CostsResult): Row[] {
  return costs.map((id, i) => {
    const cost = costOf(result, id);
    const row = {
      ...(i === 0 ? { guide: text(`“${guide}”`, 'strong'), says: text(says) } : {}),
      id: text(id, 'faint'),
    };
    if (cost.status === 'none') return { ...row, ns: text('-'), interval: text(cost.reason, 'faint') };
    return {
      ...row,
      ns: text(formatCost(cost.ns), 'strong'),
      interval: text(formatSpan(cost)),
      cycles: text(cost.cycles === null ? '-' : formatCount(cost.cycles + 0)),
    };
  });
}
