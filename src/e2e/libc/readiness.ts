import { POLL, POLLFD_BYTES, POLLFD_OFFSET, poll } from './libc.ts';

export type Direction = keyof typeof POLL;

interface Waiter {
  readonly fd: number;
  readonly direction: Direction;
  readonly deadlineMs: number;
  readonly resolve: (ready: boolean) => void;
  readonly reject: (error: Error) => void;
}

/** What `waitFor` throws when the socket is closed under it. */
export class ClosedError extends Error {
  constructor(fd: number) {
    super(`fd ${fd} was closed while it was waited for`);
    this.name = 'ClosedError';
  }
}

/** One poll(2) holds up Node for so long at most: what else it has to do comes between two of them. */
const POLL_MS = 1;

const waiters = new Set<Waiter>();
let turning = false;

/** True when the socket is ready (errors count as ready), false when the time is over. */
export function waitFor(fd: number, direction: Direction, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    waiters.add({ fd, direction, deadlineMs: performance.now() + timeoutMs, resolve, reject });
    if (!turning) setImmediate(turn);
    turning = true;
  });
}

/** Ends every wait for this descriptor; to be called before it is closed. */
export function forget(fd: number): void {
  for (const waiter of waiters) {
    if (waiter.fd !== fd) continue;
    waiters.delete(waiter);
    waiter.reject(new ClosedError(fd));
  }
}

function turn(): void {
  const asked = [...waiters];
  const fds = Buffer.alloc(asked.length * POLLFD_BYTES);
  for (const [index, { fd, direction }] of asked.entries()) {
    fds.writeInt32LE(fd, index * POLLFD_BYTES + POLLFD_OFFSET.fd);
    fds.writeInt16LE(POLL[direction], index * POLLFD_BYTES + POLLFD_OFFSET.events);
  }
  poll(fds, asked.length, POLL_MS);
  const nowMs = performance.now();
  for (const [index, waiter] of asked.entries()) {
    const ready = fds.readInt16LE(index * POLLFD_BYTES + POLLFD_OFFSET.revents) !== 0;
    if (!ready && nowMs < waiter.deadlineMs) continue;
    waiters.delete(waiter);
    waiter.resolve(ready);
  }
  turning = waiters.size > 0;
  if (turning) setImmediate(turn);
}
