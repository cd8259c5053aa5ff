import {
  closeFd,
  countReceivable,
  countUnacknowledged,
  countUnacknowledgedOf,
  finishConnect,
  lingerZero,
  localPort,
  openTcp,
  sendUrgent,
  shutdownWrite,
  startConnect,
  tryReceive,
  trySend,
} from './libc.ts';
import { patient } from './patience.ts';
import { type Direction, forget, waitFor } from './readiness.ts';

/** How long a socket may stand still before the test gives up on the server. */
export const PROGRESS_TIMEOUT_MS = 30_000;

/** The server did nothing for `PROGRESS_TIMEOUT_MS`, or for as long as there was patience. */
export class StalledError extends Error {
  constructor(what: string) {
    super(`nothing happened for ${patient(PROGRESS_TIMEOUT_MS)} ms while ${what}`);
    this.name = 'StalledError';
  }
}

export interface SocketOptions {
  /** SO_RCVBUF and SO_SNDBUF, in bytes; default: the kernel's, which grow. */
  readonly receiveBytes?: number;
  readonly sendBytes?: number;
}

/**
 * A TCP connection to 127.0.0.1 by plain libc calls, so that nothing between the test and the server
 * buffers, batches or tidies up. Calls throw `LibcError` (`code` is ECONNRESET and the like) and
 * `StalledError`.
 */
export class Socket {
  readonly fd: number;
  #open = true;

  private constructor(fd: number) {
    this.fd = fd;
  }

  static async connect(port: number, options: SocketOptions = {}): Promise<Socket> {
    const socket = new Socket(openTcp(options));
    try {
      if (!startConnect(socket.fd, port)) {
        await socket.#ready('out', `connecting to port ${port}`);
        finishConnect(socket.fd);
      }
      return socket;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** Sends all of it. */
  async send(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const taken = trySend(this.fd, bytes.subarray(done));
      if (taken === null) await this.#ready('out', `sending byte ${done} of ${bytes.length}`);
      else done += taken;
    }
  }

  /** Sends until all is sent or the socket has taken nothing for this long; returns the bytes it took. */
  async sendUntilBlocked(bytes: Uint8Array, patienceMs: number): Promise<number> {
    let done = 0;
    while (done < bytes.length) {
      const taken = trySend(this.fd, bytes.subarray(done));
      if (taken !== null) done += taken;
      else if (!(await waitFor(this.fd, 'out', patienceMs))) break;
    }
    return done;
  }

  /** Receives what is there, without waiting: 0 at the end of the stream, null if there is nothing yet. */
  tryReceive(into: Uint8Array): number | null {
    return tryReceive(this.fd, into);
  }

  /** Waits until there is something to receive; the end of the stream and an error are something. */
  async waitForInput(): Promise<void> {
    await this.#ready('in', 'waiting for bytes');
  }

  /** Sends one urgent byte, which is not part of the stream. */
  sendUrgent(): void {
    sendUrgent(this.fd, 'X'.charCodeAt(0));
  }

  /** Bytes that have arrived and are not received. */
  get receivableBytes(): number {
    return countReceivable(this.fd);
  }

  /** Bytes that have not arrived at the peer's socket. */
  get unacknowledgedBytes(): number {
    return countUnacknowledged(this.fd);
  }

  /** Bytes that the other end, a socket of this port, has taken and that have not arrived here. */
  owedBy(port: number): number {
    return countUnacknowledgedOf(port, localPort(this.fd));
  }

  /** Sends FIN; the other direction stays open. */
  shutdownWrite(): void {
    shutdownWrite(this.fd);
  }

  /** Closes with RST instead of FIN. */
  reset(): void {
    if (this.#open) lingerZero(this.fd);
    this.close();
  }

  /** Idempotent. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    forget(this.fd);
    closeFd(this.fd);
  }

  async #ready(direction: Direction, what: string): Promise<void> {
    if (!(await waitFor(this.fd, direction, patient(PROGRESS_TIMEOUT_MS)))) throw new StalledError(what);
  }
}
