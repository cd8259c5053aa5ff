import { namesOf, otherMembers } from './explain-change.ts';
import type { FunctionChange, GroupChange, PathFunction } from './explain-schema.ts';
import { mainCaller } from './pairing.ts';

/** What changes by less than this share is told as the same. */
const MATERIAL = 0.05;

/**
 * What happened to a function, or a group of them, in a few words: `appeared, called by net_rx_action`, `called more by update_load_avg, longer`, `was scheduler_tick` under another name, `with __fdget` where code moved
 * between them. Empty: it is not known.
 */
export function reasonOf(group: GroupChange): string {
  const { relation, members } = group;
  const [one] = members;
  if (one === undefined) return '';
  switch (relation) {
    case 'appeared':
      return withCaller('appeared, called', mainCaller(one));
    case 'vanished':
      return withCaller('vanished, was called', mainCaller(one));
    case 'renamed':
      return `was ${namesOf(otherMembers(group))}`;
    case 'moved':
      return `with ${namesOf(otherMembers(group))}`;
    case 'same':
      return [callsReason(one), lengthReason(one)].filter((text) => text !== '').join(', ');
  }
}

function withCaller(what: string, caller: string | null): string {
  return caller === null ? what.replace(/,.*/, '') : `${what} by ${caller}`;
}

function callsReason(one: FunctionChange): string {
  const calls = [one.before?.calls ?? 0, one.after?.calls ?? 0] as const;
  if (!differ(...calls)) return '';
  const more = calls[1] > calls[0];
  return withCaller(`called ${more ? 'more' : 'less'}`, callerOfChange(one, more));
}

/** The caller whose calls changed most that way. */
function callerOfChange({ before, after }: FunctionChange, more: boolean): string | null {
  const callsBy = (side: PathFunction | null) =>
    new Map((side?.callers ?? []).map(({ name, calls }) => [name, calls]));
  const [old, current] = [callsBy(before), callsBy(after)];
  const changes = [...new Set([...old.keys(), ...current.keys()])]
    .map((name) => ({ name, by: (current.get(name) ?? 0) - (old.get(name) ?? 0) }))
    .map(({ name, by }) => ({ name, by: more ? by : -by }))
    .sort((a, b) => b.by - a.by);
  const [most] = changes;
  return most !== undefined && most.by > 0 ? most.name : null;
}

function lengthReason({ before, after }: FunctionChange): string {
  const perCall = (side: PathFunction | null) =>
    side === null || side.calls < MATERIAL ? null : side.instructions / side.calls;
  const [old, current] = [perCall(before), perCall(after)];
  if (old === null || current === null || !differ(old, current)) return '';
  return current > old ? 'longer' : 'shorter';
}

function differ(before: number, after: number): boolean {
  return Math.abs(after - before) > MATERIAL * Math.max(before, after);
}
