import { codeOf } from '../../util/errors.ts';
import { PROGRESS_TIMEOUT_MS, Socket, type SocketOptions } from '../libc/socket.ts';
import { Pattern } from './pattern.ts';
import { until } from './until.ts';

const SCRATCH_BYTES = 256 * 1024;
/** So much of the stream is made at a time. */
const PIECE_BYTES = 256 * 1024;
/** Shared by all streams: nothing may wait between a receive and its check. */
const scratch = Buffer.alloc(SCRATCH_BYTES);

/** The server sent something else than the echo of what it was sent. */
export class EchoError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'EchoError';
  }
}

/** The server closed the connection although it owed bytes. */
export class EarlyEndError extends EchoError {
  constructor(message: string) {
    super(message);
    this.name = 'EarlyEndError';
  }
}

/** One connection that checks every byte of its echo. */
export class EchoStream {
  readonly socket: Socket;
  readonly #pattern: Pattern;
  #sent = 0;
  #received = 0;

  constructor(socket: Socket, stream: number) {
    this.socket = socket;
    this.#pattern = new Pattern(stream);
  }

  /** Bytes that were sent and have not come back. */
  get owedBytes(): number {
    return this.#sent - this.#received;
  }

  /** Bytes that came back, whether or not they were received. */
  get arrivedBytes(): number {
    return this.#received + this.socket.receivableBytes;
  }

  /** Sends the next bytes of the stream. */
  async send(bytes: number): Promise<void> {
    const from = this.#sent;
    this.#sent += bytes;
    await this.socket.send(this.#pattern.bytes(from, bytes));
  }

  /** Sends until the server takes no more; returns how many bytes it took. */
  async sendUntilBlocked(bytesMax: number, patienceMs: number): Promise<number> {
    let taken = 0;
    while (taken < bytesMax) {
      const piece = this.#pattern.bytes(this.#sent, Math.min(PIECE_BYTES, bytesMax - taken));
      const done = await this.socket.sendUntilBlocked(piece, patienceMs);
      this.#sent += done;
      taken += done;
      if (done < piece.length) break;
    }
    return taken;
  }

  /** Receives this many bytes of the echo. Throws `EchoError` on a wrong byte, `EarlyEndError`. */
  async receive(bytes: number): Promise<void> {
    for (const end = this.#received + bytes; this.#received < end; ) {
      const count = this.socket.tryReceive(scratch);
      const at = this.#received;
      if (count === null) {
        await this.socket.waitForInput();
        continue;
      }
      if (count === 0) throw new EarlyEndError(`the server closed after ${at} of ${end} echoed bytes`);
      if (at + count > this.#sent) throw new EchoError(`${at + count} bytes echoed of ${this.#sent} sent`);
      if (!this.#pattern.matches(scratch.subarray(0, count), at))
        throw new EchoError(`wrong bytes among those echoed from ${at} to ${at + count}`);
      this.#received += count;
    }
  }

  /** Sends and receives at the same time, so that no message is too large. */
  async exchange(bytes: number): Promise<void> {
    await Promise.all([this.send(bytes), this.receive(bytes)]);
  }

  /** Waits until all that was sent is in the server's socket. */
  async arrived(): Promise<void> {
    await until({
      what: 'the kernel of the server acknowledges what was sent',
      deadlineMs: PROGRESS_TIMEOUT_MS,
      look: () => this.socket.unacknowledgedBytes,
      reached: (bytes) => bytes === 0,
    });
  }

  /** Receives what is owed. */
  async drain(): Promise<void> {
    await this.receive(this.owedBytes);
  }

  /** Expects the end of the stream, and nothing more before it. */
  async expectEnd(): Promise<void> {
    await this.socket.waitForInput();
    const count = this.socket.tryReceive(scratch);
    if (count !== 0) throw new EchoError(`${count} bytes where the end of the stream was due`);
  }

  /** Expects that the server closes the connection without a byte: by an end of stream or RST. */
  async expectRefused(): Promise<void> {
    try {
      await this.expectEnd();
    } catch (error) {
      if (codeOf(error) !== 'ECONNRESET') throw error;
    }
  }
}

/** Connections to one server, counted. */
export class Client {
  readonly port: number;
  readonly #streams: EchoStream[] = [];

  constructor(port: number) {
    this.port = port;
  }

  /** Connections made so far. */
  get made(): number {
    return this.#streams.length;
  }

  async connect(options: SocketOptions = {}): Promise<EchoStream> {
    const stream = new EchoStream(await Socket.connect(this.port, options), this.#streams.length);
    this.#streams.push(stream);
    return stream;
  }

  async connectMany(count: number): Promise<EchoStream[]> {
    const streams: EchoStream[] = [];
    while (streams.length < count) streams.push(await this.connect());
    return streams;
  }

  /** One after the other, each once the one before was served. */
  async connectEach(count: number): Promise<EchoStream[]> {
    const streams: EchoStream[] = [];
    while (streams.length < count) {
      const stream = await this.connect();
      await stream.exchange(1);
      streams.push(stream);
    }
    return streams;
  }

  closeAll(): void {
    for (const stream of this.#streams) stream.socket.close();
  }
}

/** Runs `body` with a client, and closes its connections whatever happens. */
export async function withClient<T>(port: number, body: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(port);
  try {
    return await body(client);
  } finally {
    client.closeAll();
  }
}
