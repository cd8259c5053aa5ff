import type { FunctionChange, GroupChange, PathFunction, Relation } from './explain-schema.ts';

/** Functions that one difference is told for. */
export type FunctionGroup = Pick<GroupChange, 'subsystem' | 'relation' | 'members'>;

/** Less than this per request is not on its path: a timer's tick, a task in the background. */
const NEGLIGIBLE = 1;
/** Numbers of calls that differ by no more than this share are the same. */
const CALLS_ALIKE = 0.25;
/** How much of what vanished its caller must have grown by, and the other way round: inlined code gets shorter. */
const FOUND_AGAIN = 0.4;
/** Names of which this share of the words is common are alike, where the calls are as many. */
const WORDS_ALIKE = 0.6;
/** A word of this length is a name by itself: memset. */
const WORD_ENOUGH = 5;

/**
 * Every function of either side in one group. Between two kernels what is gone is put together with what is new under
 * a name that is alike, or under a similar one at the same place; then with the function that called it, where
 * that one grew: it was inlined there. What is new likewise, with a caller that shrank. Of one kernel, where
 * functions cannot be renamed, all stand alone. The subsystem is the same within a group.
 */
export function pairFunctions(changes: readonly FunctionChange[], sameKernel: boolean): FunctionGroup[] {
  const pairing = new Pairing(changes);
  if (!sameKernel) {
    pairing.byName();
    pairing.byCaller();
  }
  return pairing.groups();
}

/** The function that calls it most often by name, on the side where it is; null: none does. */
export function mainCaller(one: FunctionChange): string | null {
  return ownSide(one)?.callers[0]?.name ?? null;
}

const amount = (side: PathFunction | null): number => side?.instructions ?? 0;
const growth = ({ before, after }: FunctionChange): number => amount(after) - amount(before);
const isGone = ({ before, after }: FunctionChange): boolean =>
  amount(after) < NEGLIGIBLE && amount(before) >= NEGLIGIBLE;
const isNew = ({ before, after }: FunctionChange): boolean =>
  amount(before) < NEGLIGIBLE && amount(after) >= NEGLIGIBLE;

/** Of what is on one side only, that one. */
function ownSide(one: FunctionChange): PathFunction | null {
  return isGone(one) ? one.before : one.after;
}

interface Link {
  readonly from: FunctionChange;
  readonly to: FunctionChange;
  /** 0 to 1. */
  readonly likeness: number;
}

/** Joins functions to groups, each of which is called by one of its members. */
class Pairing {
  readonly #changes: readonly FunctionChange[];
  readonly #byName: ReadonlyMap<string, FunctionChange>;
  readonly #leader = new Map<FunctionChange, FunctionChange>();

  constructor(changes: readonly FunctionChange[]) {
    this.#changes = changes;
    this.#byName = new Map(changes.map((one) => [one.name, one]));
  }

  /** The best name for each that is on one side only. */
  byName(): void {
    const grown = this.#changes.filter((one) => growth(one) > 0 && amount(one.after) >= NEGLIGIBLE);
    const shrunk = this.#changes.filter((one) => growth(one) < 0 && amount(one.before) >= NEGLIGIBLE);
    const links = [
      ...linksOf(this.#changes.filter(isGone), grown),
      ...linksOf(this.#changes.filter(isNew), shrunk),
    ].sort((a, b) => b.likeness - a.likeness);
    const linked = new Set<FunctionChange>();
    for (const { from, to } of links) {
      if (linked.has(from)) continue;
      linked.add(from);
      if (isGone(to) || isNew(to)) linked.add(to);
      this.#join(from, to);
    }
  }

  /** Callers of callers too: what was inlined may have been in something that was inlined itself. */
  byCaller(): void {
    const left = this.#changes
      .filter((one) => (isGone(one) || isNew(one)) && !this.#leader.has(one))
      .sort((a, b) => Math.abs(growth(b)) - Math.abs(growth(a)));
    for (let joined = true; joined; ) {
      joined = false;
      for (const one of left) {
        const caller = this.#byName.get(mainCaller(one) ?? '');
        if (this.#leader.has(one) || caller === undefined || !this.#mayHold(one, caller)) continue;
        this.#join(one, caller);
        joined = true;
      }
    }
  }

  groups(): FunctionGroup[] {
    const members = new Map<FunctionChange, FunctionChange[]>();
    for (const one of this.#changes) {
      const leader = this.#leaderOf(one);
      members.set(leader, [...(members.get(leader) ?? []), one]);
    }
    return [...members].map(([leader, all]) => ({
      subsystem: leader.subsystem,
      relation: relationOf(all),
      members: all,
    }));
  }

  /** Whether the caller, with all that was joined to it, changed by as much to the other side. */
  #mayHold(one: FunctionChange, caller: FunctionChange): boolean {
    if (caller.subsystem !== one.subsystem) return false;
    const group = this.#leaderOf(caller);
    if ((isGone(caller) || isNew(caller)) && !this.#leader.has(caller)) return false;
    const room = this.#changes
      .filter((other) => this.#leaderOf(other) === group)
      .reduce((sum, other) => sum + growth(other), 0);
    return (
      Math.sign(room) === -Math.sign(growth(one)) && Math.abs(room) >= FOUND_AGAIN * Math.abs(growth(one))
    );
  }

  #leaderOf(one: FunctionChange): FunctionChange {
    return this.#leader.get(one) ?? one;
  }

  /** Puts the groups of both under the leader of the second. */
  #join(one: FunctionChange, other: FunctionChange): void {
    const from = this.#leaderOf(one);
    const to = this.#leaderOf(other);
    for (const member of this.#changes) if (this.#leaderOf(member) === from) this.#leader.set(member, to);
    this.#leader.set(to, to);
  }
}

function relationOf(members: readonly FunctionChange[]): Relation {
  const [only] = members;
  if (only !== undefined && members.length === 1)
    return isGone(only) ? 'vanished' : isNew(only) ? 'appeared' : 'same';
  // With a function that is on both sides, code came into it or left it.
  return members.every((one) => isGone(one) || isNew(one)) ? 'renamed' : 'moved';
}

function linksOf(from: readonly FunctionChange[], to: readonly FunctionChange[]): Link[] {
  return from.flatMap((one) =>
    to
      .filter((other) => other !== one && other.subsystem === one.subsystem)
      .map((other) => ({ from: one, to: other, likeness: likenessOf(one, other) }))
      .filter(({ likeness }) => likeness > 0),
  );
}

/** 0: nothing says that the one became the other. */
function likenessOf(one: FunctionChange, other: FunctionChange): number {
  const a = wordsOf(one.name);
  const b = wordsOf(other.name);
  const common = [...a].filter((word) => b.has(word));
  const share = common.length / (a.size + b.size - common.length);
  if (share === 1) return 1;
  const there = isGone(one) ? other.after : other.before;
  const sameCalls = alike(ownSide(one)?.calls ?? 0, there?.calls ?? 0);
  const contained = common.length === Math.min(a.size, b.size);
  if (contained && (common.length > 1 || common.some((word) => word.length >= WORD_ENOUGH)))
    return share * (sameCalls ? 1 : WORDS_ALIKE);
  if (!sameCalls || common.length === 0) return 0;
  if (share >= WORDS_ALIKE) return share * WORDS_ALIKE;
  // One for the other at the same place, with a word that both keep.
  const swapped = isGone(one) ? isNew(other) : isGone(other);
  const caller = mainCaller(one);
  return swapped && caller !== null && mainCaller(other) === caller ? share * WORDS_ALIKE * WORDS_ALIKE : 0;
}

function alike(a: number, b: number): boolean {
  return Math.abs(a - b) <= CALLS_ALIKE * Math.max(a, b);
}

/** `__tcp_push_pending_frames`: tcp, push, pending, frames. */
function wordsOf(name: string): Set<string> {
  return new Set(name.split('_').filter((word) => word !== ''));
}
