import { setTimeout as delay } from 'node:timers/promises';
import { patient } from '../libc/patience.ts';

const LOOK_EVERY_MS = 2;

export interface Goal<T> {
  /** What is waited for, for the message. */
  readonly what: string;
  readonly deadlineMs: number;
  readonly look: () => T | Promise<T>;
  readonly reached: (seen: T) => boolean;
}

/** Looks until the goal is reached, and returns what was seen then. Throws after the deadline, with the last seen. */
export async function until<T>(goal: Goal<T>): Promise<T> {
  const deadlineMs = patient(goal.deadlineMs);
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    const seen = await goal.look();
    if (goal.reached(seen)) return seen;
    if (performance.now() >= endMs)
      throw new Error(`not within ${deadlineMs} ms: ${goal.what}; last seen: ${JSON.stringify(seen)}`);
    await delay(LOOK_EVERY_MS);
  }
}
