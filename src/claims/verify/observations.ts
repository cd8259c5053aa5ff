import type { Interval } from '../../stats/bootstrap.ts';
import type { HostNumber, HostText, NumberRef, ProbeRef, Requirement, SeriesRef } from './claim.ts';
import type { Missing, Observed } from './verdict-schema.ts';

/** What was asked for, with where it is from; or what would supply it. */
export type Answer<T> =
  | {
      readonly status: 'known';
      readonly value: T;
      readonly from: string;
      /** How it is called; absent: as it was asked for. */
      readonly name?: string;
    }
  | { readonly status: 'missing'; readonly missing: Missing };

/** A number with its 95 % interval; null: it is exact, or has none. */
export interface Quantity {
  readonly value: number;
  readonly interval: Interval | null;
  /** Of costs and times `ns`, else empty. */
  readonly unit: string;
  /** Values that belong together with those of another quantity, one a round; absent: there are none. */
  readonly rounds?: readonly (number | null)[];
}

/** A cost at a count. */
export interface Point extends Quantity {
  readonly n: number;
}

/** Of a sweep of servers: what its own fit says, which knows the blocks. */
export interface Series {
  readonly points: readonly Point[];
  /** Null: the points are all there is. */
  readonly fit: 'O(1)' | 'O(N)' | { readonly inconclusive: string } | null;
}

/** Facts of the host that were read, not measured. Null: not known. */
export interface HostFacts {
  readonly texts: Readonly<Record<HostText, string | null>>;
  readonly numbers: Readonly<Record<HostNumber, number | null>>;
}

/** Everything that a claim can be held against; each look-up answers, whatever was measured. */
export interface Observations {
  number(ref: Exclude<NumberRef, { readonly from: 'number' | 'host' }>): Answer<Quantity>;
  series(ref: SeriesRef): Answer<Series>;
  observed(ref: ProbeRef): Answer<Observed>;
  readonly host: HostFacts;
}

/** What a host lacks; null: it has it, or nobody knows. */
export function unmet(requirement: Requirement, { texts, numbers }: HostFacts): Missing | null {
  if ('kernel' in requirement) {
    const { kernel } = texts;
    if (kernel === null || !isOlder(kernel, requirement.kernel)) return null;
    return { what: `Linux ${requirement.kernel}`, why: `this is ${kernel}` };
  }
  if ('libc' in requirement) {
    if (texts.libc === null || texts.libc.startsWith(requirement.libc)) return null;
    return { what: requirement.libc, why: `the C library here is ${texts.libc}` };
  }
  if ('cpus' in requirement) return short(numbers.cpus, requirement.cpus, 'CPUs that may be used');
  if ('numaNodes' in requirement) return short(numbers['numa-nodes'], requirement.numaNodes, 'NUMA nodes');
  return short(numbers['open-files'], requirement.openFiles, 'open files (ulimit -n)');
}

function short(has: number | null, needs: number, of: string): Missing | null {
  return has === null || has >= needs ? null : { what: `${needs} ${of}`, why: `here are ${has}` };
}

/** Whether a kernel release such as `6.12.5-cloud` comes before another. */
export function isOlder(release: string, than: string): boolean {
  const [major = 0, minor = 0, patch = 0] = partsOf(release);
  const [otherMajor = 0, otherMinor = 0, otherPatch = 0] = partsOf(than);
  if (major !== otherMajor) return major < otherMajor;
  return minor !== otherMinor ? minor < otherMinor : patch < otherPatch;
}

function partsOf(release: string): number[] {
  return (/^\d+(?:\.\d+)*/.exec(release)?.[0] ?? '').split('.').map(Number);
}
