import type { FunctionChange, GroupChange, PathDifference, PathLength } from './explain-schema.ts';
import { type FunctionGroup, pairFunctions } from './pairing.ts';
import { SUBSYSTEMS, subsystemOf } from './subsystems.ts';

/** Instructions per request of something, on both sides. */
export interface Change {
  readonly before: number;
  readonly after: number;
}

export function changeOf({ before, after }: Change): number {
  return after - before;
}

/** Subsystems, and in them groups of functions, sorted by what they add to a request or take from it. */
export function differenceOf(before: PathLength, after: PathLength): PathDifference {
  const groups = pairFunctions(changesOf(before, after), before.kernel === after.kernel).map(withAmounts);
  const subsystems = SUBSYSTEMS.map((subsystem) => {
    const own = groups.filter((group) => group.subsystem === subsystem).sort(byChange);
    return { subsystem, before: sum(own, 'before'), after: sum(own, 'after'), groups: own };
  });
  return {
    before,
    after,
    subsystems: subsystems.filter(({ groups: own }) => own.length > 0).sort(byChange),
  };
}

/** All groups of a difference whose change is more than what they move by anyway, the largest first. */
export function clearChanges({ subsystems }: PathDifference, atLeast: number): GroupChange[] {
  return subsystems
    .flatMap(({ groups }) => groups)
    .filter((group) => Math.abs(changeOf(group)) >= Math.max(atLeast, group.spread))
    .sort(byChange);
}

function changesOf(before: PathLength, after: PathLength): FunctionChange[] {
  const old = new Map(before.functions.map((one) => [one.name, one]));
  const current = new Map(after.functions.map((one) => [one.name, one]));
  return [...new Set([...old.keys(), ...current.keys()])].map((name) => ({
    name,
    subsystem: subsystemOf(name),
    before: old.get(name) ?? null,
    after: current.get(name) ?? null,
  }));
}

function withAmounts(group: FunctionGroup): GroupChange {
  const total = (side: 'before' | 'after', value: 'instructions' | 'spread') =>
    group.members.reduce((all, member) => all + (member[side]?.[value] ?? 0), 0);
  return {
    ...group,
    before: total('before', 'instructions'),
    after: total('after', 'instructions'),
    spread: total('before', 'spread') + total('after', 'spread'),
  };
}

function byChange(a: Change, b: Change): number {
  return Math.abs(changeOf(b)) - Math.abs(changeOf(a));
}

function sum(groups: readonly Change[], side: keyof Change): number {
  return groups.reduce((all, group) => all + group[side], 0);
}
