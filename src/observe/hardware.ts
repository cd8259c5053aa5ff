import { constants } from 'node:os';
import { HARDWARE_EVENTS } from '../load/abi.ts';
import type { LoadReport } from '../load/generator.ts';
import type { Observation } from '../results/schema.ts';
import { SHARED } from './uncounted.ts';

/** The CPU's own counters over a window; null where none was asked for. */
type Hardware = NonNullable<Observation['server']['hardware']>;

/**
 * What the CPU's counters grew by between the edges. An event that had a counter for a part of the time only is no
 * count: it is left out rather than scaled, for a scaled one is an estimate.
 */
export function hardwareOf({ start, end, hardwareErrnos }: LoadReport): Hardware | null {
  if (hardwareErrnos.length === 0) return null;
  const uncounted = uncountedEvents(hardwareErrnos);
  const entries = HARDWARE_EVENTS.map((event, i) => {
    const [before, after] = [start.hardware[i], end.hardware[i]];
    const errno = hardwareErrnos[i] ?? 0;
    const whole = after !== undefined && after.enabledNs === after.runningNs;
    if (errno === 0 && !whole) uncounted[event] = SHARED;
    const counted = errno === 0 && whole && before !== undefined;
    return [event, counted ? after.value - before.value : null];
  });
  return { ...(Object.fromEntries(entries) as Omit<Hardware, 'uncounted'>), uncounted };
}

/** What cannot be counted, by event. @param errnos by `HARDWARE_EVENTS`; 0: it can be. */
export function uncountedEvents(errnos: readonly number[]): Record<string, string> {
  return Object.fromEntries(
    HARDWARE_EVENTS.flatMap((event, i) => (errnos[i] ? [[event, errnoName(errnos[i])]] : [])),
  );
}

/** The name of an errno, such as ENOENT. */
export function errnoName(errno: number): string {
  return Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
}
