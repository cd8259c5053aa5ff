import { formatBytes, formatCount, formatShare } from '../document/format.ts';
import type { Workload } from '../workloads/schema.ts';
import type { Load } from './loads.ts';
import type { Axis } from './recommendation-schema.ts';

/** The numbers that tell loads of one kind apart. */
export interface Numbers {
  readonly connections: number;
  readonly active: number;
  readonly depth: number;
  readonly messageBytes: number;
  readonly ratePerSecond: number;
}

/** What loads of any kind may have. */
interface Counts {
  readonly connections?: number;
  readonly active?: number;
  readonly depth?: number;
  readonly messageBytes?: number;
  /** Of an operation on a file. */
  readonly blockBytes?: number;
  readonly ratePerSecond?: number;
}

/** The numbers of a load; 0 connections and no rate where it has none, and all active where nothing says otherwise. */
export function numbersOf(workload: Workload): Numbers {
  const counts: Counts = workload;
  const { connections = 0, depth = 1, ratePerSecond = 0 } = counts;
  const { active = connections, messageBytes = counts.blockBytes ?? 0 } = counts;
  return { connections, active, depth, messageBytes, ratePerSecond };
}

const NAMING = ['id', 'title', 'description', 'profile', 'domain'];

/** Loads that differ in more than these numbers do not enclose each other: in the mode, another word, the size of the file. */
export function kindOf(workload: Workload): string {
  const { mode, ...rest } = workload;
  const others = Object.entries(rest)
    .filter(([key]) => !NAMING.includes(key))
    .flatMap(([key, value]) => {
      if (typeof value === 'string') return [value];
      return key === 'fileBytes' && typeof value === 'number' ? [formatBytes(value)] : [];
    });
  return [mode, ...others].join(', ');
}

/** Loads that differ in one number alone, in the order of it. */
export interface LoadAxis {
  readonly axis: Axis;
  readonly points: readonly { readonly at: number; readonly load: Load }[];
}

interface AxisKind {
  readonly varies: Axis['varies'];
  /** What all of its loads have in common; null: this load is on none. */
  readonly key: (numbers: Numbers) => string | null;
  readonly title: (numbers: Numbers) => string;
}

const messageOf = ({ messageBytes, depth }: Numbers): string =>
  [formatBytes(messageBytes), ...(depth > 1 ? [`depth ${depth}`] : [])].join(', ');

const KINDS: readonly AxisKind[] = [
  {
    varies: 'connections',
    key: ({ connections, active, messageBytes, depth, ratePerSecond }) =>
      connections === active && connections > 0
        ? `all-active m${messageBytes} d${depth} r${ratePerSecond}`
        : null,
    title: (numbers) => `connections, all active (${messageOf(numbers)})`,
  },
  {
    varies: 'connections',
    key: ({ connections, active, messageBytes, depth, ratePerSecond }) =>
      connections === 0 ? null : `active-${active} m${messageBytes} d${depth} r${ratePerSecond}`,
    title: (numbers) => `connections, ${formatCount(numbers.active)} of them active (${messageOf(numbers)})`,
  },
  {
    varies: 'connections',
    key: ({ connections, active, messageBytes, depth, ratePerSecond }) =>
      active < connections && active > 1
        ? `share-${(active / connections).toPrecision(3)} m${messageBytes} d${depth} r${ratePerSecond}`
        : null,
    title: (numbers) =>
      `connections, ${formatShare(numbers.active / numbers.connections)} of them active (${messageOf(numbers)})`,
  },
  {
    varies: 'messageBytes',
    key: ({ connections, active, depth, ratePerSecond }) =>
      `message c${connections} a${active} d${depth} r${ratePerSecond}`,
    title: ({ connections, active }) => `bytes of a request (${ofConnections(connections, active)})`,
  },
  {
    varies: 'depth',
    key: ({ connections, active, messageBytes, ratePerSecond }) =>
      `depth c${connections} a${active} m${messageBytes} r${ratePerSecond}`,
    title: ({ connections, active, messageBytes }) =>
      `requests in flight per connection (${ofConnections(connections, active)}, ${formatBytes(messageBytes)})`,
  },
  {
    varies: 'ratePerSecond',
    key: ({ connections, active, messageBytes, depth, ratePerSecond }) =>
      ratePerSecond === 0 ? null : `rate c${connections} a${active} m${messageBytes} d${depth}`,
    title: ({ connections, active, messageBytes }) =>
      `requests per second (${ofConnections(connections, active)}, ${formatBytes(messageBytes)})`,
  },
];

/** Of kinds that have a name for people. */
const KIND_TEXTS: Readonly<Record<string, string>> = {
  churn: 'connecting anew each time',
  'open, fixed': 'open loop',
  'open, poisson': 'open loop, Poisson arrivals',
};

function ofConnections(connections: number, active: number): string {
  if (connections === 0) return 'one file';
  return connections === active
    ? `${formatCount(connections)} connections`
    : `${formatCount(connections)} connections, ${formatCount(active)} active`;
}

/** Every series of two loads or more that differ in one number alone. */
export function axesOf(loads: readonly Load[]): readonly LoadAxis[] {
  return KINDS.flatMap(({ varies, key, title }) => {
    const groups = new Map<string, Load[]>();
    for (const load of loads) {
      const own = key(numbersOf(load.workload));
      if (own === null) continue;
      const id = `${varies} ${kindOf(load.workload)} ${own}`;
      groups.set(id, [...(groups.get(id) ?? []), load]);
    }
    return [...groups].flatMap(([id, group]) => {
      const points = group
        .map((load) => ({ at: numbersOf(load.workload)[varies], load }))
        .sort((a, b) => a.at - b.at);
      const [first] = points;
      if (first === undefined || points.length < 2) return [];
      const kind = kindOf(first.load.workload);
      const name = title(numbersOf(first.load.workload));
      return [
        {
          axis: {
            id,
            title: kind === 'closed' ? name : `${name}, ${KIND_TEXTS[kind] ?? kind}`,
            varies,
            values: points.map(({ at }) => at),
          },
          points,
        },
      ];
    });
  });
}
