import { openBell, POLL, POLLFD_BYTES, POLLFD_OFFSET, pollAsync, ringBell, silenceBell } from './libc.ts';

export type Direction = keyof typeof POLL;

interface Waiter {
  readonly fd: number;
  readonly direction: Direction;
  readonly deadlineMs: number;
  readonly resolve: (ready: boolean) => void;
  readonly reject: (error: Error) => void;
}

/** What `Reactor.wait` throws when the socket is closed under it. */
export class ClosedError extends Error {
  constructor(fd: number) {
    super(`fd ${fd} was closed while it was waited for`);
    this.name = 'ClosedError';
  }
}

/**
 * Lets any number of sockets wait at once: one poll(2) runs off the event loop for all of them, and an
 * eventfd interrupts it when another socket starts to wait.
 */
export class Reactor {
  readonly #waiters = new Set<Waiter>();
  readonly #bell = openBell();
  #running = false;

  /** True when the socket is ready (errors count as ready), false when the time is over. */
  wait(fd: number, direction: Direction, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiters.add({ fd, direction, deadlineMs: performance.now() + timeoutMs, resolve, reject });
      if (this.#running) ringBell(this.#bell);
      else void this.#run();
    });
  }

  /** Ends every wait for this descriptor; to be called before it is closed. */
  forget(fd: number): void {
    for (const waiter of this.#waiters) {
      if (waiter.fd !== fd) continue;
      this.#waiters.delete(waiter);
      waiter.reject(new ClosedError(fd));
    }
    if (this.#running) ringBell(this.#bell);
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#waiters.size > 0) await this.#turn([...this.#waiters]);
    } catch (error) {
      for (const waiter of this.#waiters) waiter.reject(error as Error);
      this.#waiters.clear();
    } finally {
      this.#running = false;
    }
  }

  async #turn(waiters: readonly Waiter[]): Promise<void> {
    const fds = Buffer.alloc((waiters.length + 1) * POLLFD_BYTES);
    const entry = (index: number, fd: number, events: number) => {
      fds.writeInt32LE(fd, index * POLLFD_BYTES + POLLFD_OFFSET.fd);
      fds.writeInt16LE(events, index * POLLFD_BYTES + POLLFD_OFFSET.events);
    };
    const isReady = (index: number) => fds.readInt16LE(index * POLLFD_BYTES + POLLFD_OFFSET.revents) !== 0;

    for (const [index, waiter] of waiters.entries()) entry(index, waiter.fd, POLL[waiter.direction]);
    entry(waiters.length, this.#bell, POLL.in);
    const firstDeadlineMs = Math.min(...waiters.map((waiter) => waiter.deadlineMs));
    const timeoutMs = Math.max(0, Math.ceil(firstDeadlineMs - performance.now()));
    const ready = await pollAsync(fds, waiters.length + 1, timeoutMs);

    if (ready > 0 && isReady(waiters.length)) silenceBell(this.#bell);
    const nowMs = performance.now();
    for (const [index, waiter] of waiters.entries()) {
      const over = nowMs >= waiter.deadlineMs;
      const isUp = ready > 0 && isReady(index);
      if (!this.#waiters.has(waiter) || !(isUp || over)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(isUp);
    }
  }
}
