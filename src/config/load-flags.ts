import { adHocOf, adHocWorkload } from '../plan/ad-hoc-workload.ts';
import { BYTES_PER_KIB, BYTES_PER_MIB, NS_PER_MS, NS_PER_S, NS_PER_US } from '../util/units.ts';
import { WORKLOAD_LIMITS, type Workload, workloadSchema } from '../workloads/schema.ts';

/** A load on the command line: comma lists as typed, undefined where not given. */
export interface LoadFlags {
  readonly connections?: string | undefined;
  readonly active?: string | undefined;
  readonly depth?: string | undefined;
  readonly message?: string | undefined;
  readonly rate?: string | undefined;
  readonly arrivals?: string | undefined;
}

/** Of what is not said where something else is. */
export const LOAD_DEFAULTS = { connections: '64', active: 'all', depth: '1', message: '64' } as const;

/** More cells than anybody means to wait for. */
const LOADS_MAX = 100;

type Active = (connections: number) => number;

/** Whether any of them says something. */
export function saysLoad(flags: LoadFlags | undefined): boolean {
  const { connections, active, depth, message, rate, arrivals } = flags ?? {};
  return [connections, active, depth, message, rate, arrivals].some((flag) => flag !== undefined);
}

/**
 * A workload for every combination of what the lists hold, each once; none where nothing is said. What is wrong is added
 * to `problems`, a line each.
 */
export function workloadsOfFlags(flags: LoadFlags, problems: string[]): Workload[] {
  if (!saysLoad(flags)) return [];
  const limits = WORKLOAD_LIMITS;
  const count = (max: number, such = '') => ({
    read: (item: string) => within(readCount(item), 1, max),
    says: `must be a whole number from 1 to ${max}${such}`,
  });
  const known = problems.length;
  const connections = itemsOf(
    { flag: '--connections', text: flags.connections ?? LOAD_DEFAULTS.connections },
    count(limits.connections, ', such as 64 or 10k'),
    problems,
  );
  const active = itemsOf(
    { flag: '--active', text: flags.active ?? LOAD_DEFAULTS.active },
    {
      read: readActive,
      says: `must be a whole number from 1 to ${limits.connections}, a share of the connections such as 1%, or all`,
    },
    problems,
  );
  const depth = itemsOf(
    { flag: '--depth', text: flags.depth ?? LOAD_DEFAULTS.depth },
    count(limits.depth),
    problems,
  );
  const messageBytes = itemsOf(
    { flag: '--message', text: flags.message ?? LOAD_DEFAULTS.message },
    {
      read: (item) => within(readSize(item), 1, limits.messageBytes),
      says: 'must be a size such as 64, 64k or 1M (of 1,024), 1 B to 64 MiB',
    },
    problems,
  );
  const open = openLoops(flags, problems);
  if (problems.length > known) return [];
  return combined({ connections, active, depth, messageBytes, open }, problems);
}

/** What of a list of `--workloads` is the id of such a workload, though no file has it: what a stored run calls it. */
export function workloadsNamed(list: string | undefined, known: readonly string[]): Workload[] {
  const names = (list ?? '').split(',').map((item) => item.trim());
  return [...new Set(names)].filter((name) => !known.includes(name)).flatMap((name) => adHocOf(name) ?? []);
}

interface Lists {
  readonly connections: readonly number[];
  readonly active: readonly Active[];
  readonly depth: readonly number[];
  readonly messageBytes: readonly number[];
  readonly open: readonly OpenLoop[];
}

type OpenLoop = Parameters<typeof adHocWorkload>[0]['open'];

function combined(lists: Lists, problems: string[]): Workload[] {
  const workloads = lists.connections.flatMap((connections) =>
    lists.active.flatMap((active) =>
      lists.depth.flatMap((depth) =>
        lists.messageBytes.flatMap((messageBytes) =>
          lists.open.map((open) =>
            adHocWorkload({ connections, active: active(connections), depth, messageBytes, open }),
          ),
        ),
      ),
    ),
  );
  const unique = [...new Map(workloads.map((workload) => [workload.id, workload])).values()];
  if (unique.length > LOADS_MAX)
    problems.push(`these lists make ${unique.length} workloads, at most ${LOADS_MAX} are measured in a run`);
  for (const workload of unique) {
    const result = workloadSchema.safeParse(workload);
    if (!result.success)
      problems.push(`${workload.id}: ${result.error.issues.map(({ message }) => message).join('; ')}`);
  }
  return unique;
}

function openLoops({ rate, arrivals }: LoadFlags, problems: string[]): readonly OpenLoop[] {
  const kinds = itemsOf(
    { flag: '--arrivals', text: arrivals ?? 'fixed' },
    {
      read: (item) => (item === 'fixed' || item === 'poisson' ? item : null),
      says: 'must be fixed or poisson',
    },
    problems,
  );
  if (rate === undefined) {
    if (arrivals !== undefined)
      problems.push(`--arrivals ${arrivals}: of an open loop alone, which --rate asks for`);
    return [null];
  }
  const rates = itemsOf(
    { flag: '--rate', text: rate },
    {
      read: (item) => within(readRate(item), 1, WORKLOAD_LIMITS.ratePerSecond),
      says: `must be requests per second such as 20000 or 20k, up to ${WORKLOAD_LIMITS.ratePerSecond}, or the time between two of them such as 50us`,
    },
    problems,
  );
  return rates.flatMap((ratePerSecond) => kinds.map((kind) => ({ ratePerSecond, arrivals: kind })));
}

/** A comma list; a line for every item that is none. */
function itemsOf<T>(
  { flag, text }: { readonly flag: string; readonly text: string },
  { read, says }: { readonly read: (item: string) => T | null; readonly says: string },
  problems: string[],
): T[] {
  return text.split(',').flatMap((part) => {
    const item = part.trim();
    const value = read(item);
    if (value === null) problems.push(`${flag} ${item === '' ? '(empty)' : item}: ${says}`);
    return value === null ? [] : [value];
  });
}

function within(value: number | null, min: number, max: number): number | null {
  return value !== null && value >= min && value <= max ? value : null;
}

/** `64`, `10k`: of things that are counted, thousands. */
function readCount(text: string): number | null {
  const match = /^(\d{1,9})(k?)$/i.exec(text);
  return match === null ? null : Number(match[1]) * (match[2] === '' ? 1 : 1000);
}

/** `64`, `64B`, `64k`, `1MiB`: bytes. */
function readSize(text: string): number | null {
  const match = /^(\d{1,9})(?:([km])(?:ib)?|b)?$/i.exec(text);
  if (match === null) return null;
  const factors: Readonly<Record<string, number>> = { k: BYTES_PER_KIB, m: BYTES_PER_MIB };
  return Number(match[1]) * (factors[match[2]?.toLowerCase() ?? ''] ?? 1);
}

/** `20000`, `20k`, `1.5M`, `20k/s`, or `50us` between two of them: whole requests per second. */
function readRate(text: string): number | null {
  const rate = /^(\d{1,9}(?:\.\d+)?)([kKM]?)(?:\/s)?$/.exec(text);
  const factors: Readonly<Record<string, number>> = { k: 1e3, K: 1e3, M: 1e6 };
  if (rate !== null) return whole(Number(rate[1]) * (factors[rate[2] ?? ''] ?? 1));
  const gap = /^(\d{1,9}(?:\.\d+)?)(ns|us|µs|ms|s)$/.exec(text);
  if (gap === null) return null;
  const units: Readonly<Record<string, number>> = { ns: 1, ms: NS_PER_MS, s: NS_PER_S };
  return Math.round(NS_PER_S / (Number(gap[1]) * (units[gap[2] ?? ''] ?? NS_PER_US)));
}

/** 1.5k times 1000 may miss a whole number by a last bit. */
function whole(value: number): number | null {
  return Math.abs(value - Math.round(value)) < 1e-6 ? Math.round(value) : null;
}

/** `10`, `all`, or `1%` of the connections, one at least. */
function readActive(text: string): Active | null {
  if (text === 'all') return (connections) => connections;
  const share = /^(\d{1,3}(?:\.\d+)?)%$/.exec(text);
  if (share !== null) {
    const part = Number(share[1]) / 100;
    return part > 0 && part <= 1 ? (connections) => Math.max(1, Math.round(part * connections)) : null;
  }
  const value = within(readCount(text), 1, WORKLOAD_LIMITS.connections);
  return value === null ? null : () => value;
}
