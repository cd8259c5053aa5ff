import { AsyncLocalStorage } from 'node:async_hooks';

const limitMs = new AsyncLocalStorage<number>();

/** The time that something may take: less where it is expected to fail, so that nobody waits for that. */
export function patient(deadlineMs: number): number {
  return Math.min(deadlineMs, limitMs.getStore() ?? deadlineMs);
}

/** Runs `body` with all of its waits cut to so long. */
export function withPatience<T>(ms: number, body: () => Promise<T>): Promise<T> {
  return limitMs.run(ms, body);
}
