import { formatSigned } from '../document/format.ts';
import { changeOf, clearChanges, differenceOf } from './difference.ts';
import type { FunctionChange, GroupChange, PathLength } from './explain-schema.ts';
import { mainCaller } from './pairing.ts';
import { subsystemOf } from './subsystems.ts';

/** Functions that a line names. */
const NAMED_MAX = 3;
/** A function that changed by less is not named. */
const NAMED_FROM = 3;

/**
 * What a change of the path length comes from, a line for each of the subsystems that changed most, with the
 * functions that did most of it: `scheduler +2,481 per request: update_se +320, native_sched_clock +202`.
 * Empty where no subsystem changed by an instruction.
 */
export function explainChange(before: PathLength, after: PathLength, linesMax: number): string[] {
  const difference = differenceOf(before, after);
  const clear = clearChanges(difference, NAMED_FROM);
  return difference.subsystems
    .filter((one) => Math.abs(changeOf(one)) >= 1)
    .slice(0, linesMax)
    .map((one) => {
      const named = clear
        .filter(({ subsystem }) => subsystem === one.subsystem)
        .slice(0, NAMED_MAX)
        .map(groupText);
      const functions = named.length === 0 ? '' : `: ${named.join(', ')}`;
      return `${one.subsystem} ${formatSigned(changeOf(one))} per request${functions}`;
    });
}

/**
 * `update_se +235`; of several that are told as one: `fdget -48 (with __fget_light, __fdget)`; of what is new because of
 * another subsystem: `_find_next_bit +496 (called by skb_defer_free_flush)`.
 */
export function groupText(group: GroupChange): string {
  const text = `${groupName(group)} ${formatSigned(changeOf(group))}`;
  const others = otherMembers(group);
  if (others.length > 0) return `${text} (with ${namesOf(others)})`;
  const [one] = group.members;
  const caller = group.relation === 'appeared' && one !== undefined ? mainCaller(one) : null;
  return caller === null || subsystemOf(caller) === group.subsystem ? text : `${text} (called by ${caller})`;
}

/** The member that most is executed of, afterwards where there is one. */
export function groupName({ members }: GroupChange): string {
  return mainMember(members)?.name ?? '';
}

/** The others that are executed at all. */
export function otherMembers({ members }: GroupChange): readonly FunctionChange[] {
  const main = mainMember(members);
  return members.filter(
    (one) => one !== main && Math.max(one.before?.instructions ?? 0, one.after?.instructions ?? 0) >= 1,
  );
}

/** Names, the first of them only where they are many. */
export function namesOf(members: readonly FunctionChange[]): string {
  const names = members.slice(0, NAMED_MAX).map(({ name }) => name);
  const more = members.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function mainMember(members: readonly FunctionChange[]): FunctionChange | undefined {
  const by = (side: 'before' | 'after') => (a: FunctionChange, b: FunctionChange) =>
    (b[side]?.instructions ?? 0) - (a[side]?.instructions ?? 0);
  const [last] = [...members].sort(by('after'));
  return (last?.after?.instructions ?? 0) >= 1 ? last : [...members].sort(by('before'))[0];
}
