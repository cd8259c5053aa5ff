import { LaunchError, launchServer, type ServerEnd, type ServerHandle } from '../../server/launch.ts';
import type { ServerStats } from '../../server/protocol.ts';
import { codeOf } from '../../util/errors.ts';
import { type CountersReading, readCounters } from './counters.ts';
import { areTasksAsleep, countFds, isStopped, processesOf } from './procfs.ts';
import type { Row } from './rows.ts';
import { until } from './until.ts';

export type SupportedRow = Extract<Row, { status: 'supported' }>;

/** How long a server may take to notice that connections are gone, or to answer a signal. */
export const SETTLE_DEADLINE_MS = 20_000;

export interface ServerOptions {
  readonly connsMax?: number;
  readonly workers?: number;
  /** Busy work per read. */
  readonly handicapNs?: number;
  /** A command that ends in running the server, e.g. `['strace', '-c']`. */
  readonly under?: readonly string[];
}

/** How a stopped server ended, and what it said. */
export interface Stopped {
  readonly stats: ServerStats | null;
  readonly end: ServerEnd;
  readonly stderr: string;
}

/** A running server of one row, with what the checks look at. */
export class Server {
  readonly port: number;
  readonly pid: number;
  /** The most connections that it says it holds. */
  readonly connsMax: number;
  /** Open descriptors before the first connection. */
  readonly fdsAtStart: number;
  readonly #handle: ServerHandle;
  readonly #spins: boolean;
  #end: ServerEnd | null = null;

  private constructor(handle: ServerHandle, fdsAtStart: number, spins: boolean) {
    this.#handle = handle;
    this.port = handle.port;
    this.pid = handle.pid;
    this.connsMax = handle.connsMax;
    this.fdsAtStart = fdsAtStart;
    this.#spins = spins;
    void handle.ended.then((end) => {
      this.#end = end;
    });
  }

  /** Throws `LaunchError` if it does not come up. */
  static async start(row: SupportedRow, options: ServerOptions = {}): Promise<Server> {
    const args = [...row.model.options];
    if (options.connsMax !== undefined) args.push(`--conns-max=${options.connsMax}`);
    if (options.workers !== undefined) args.push(`--workers=${options.workers}`);
    if (options.handicapNs !== undefined) args.push(`--handicap-ns=${options.handicapNs}`);
    const [path, ...rest] = [...(options.under ?? []), row.path, ...args];
    const handle = await launchServer(path ?? row.path, rest, new AbortController().signal);
    return new Server(handle, await countFds(handle.pid), row.model.spins);
  }

  get stderr(): string {
    return this.#handle.stderr();
  }

  /** How it ended, if it has: a server must not, before it is stopped. */
  get end(): ServerEnd | null {
    return this.#end;
  }

  counters(): Promise<CountersReading> {
    return readCounters(this.pid, this.#handle.countersFd ?? -1);
  }

  signal(name: 'SIGUSR1' | 'SIGTERM'): void {
    process.kill(this.pid, name);
  }

  /** Runs `body` while the server is stopped, so that all of what `body` does is there at once for it. */
  async whileStopped(body: () => Promise<void>): Promise<void> {
    const processes = await processesOf(this.pid);
    for (const pid of processes) signalUnlessGone(pid, 'SIGSTOP');
    try {
      await until({
        what: 'the server is stopped',
        deadlineMs: SETTLE_DEADLINE_MS,
        look: async () => (await Promise.all(processes.map(isStopped))).every(Boolean),
        reached: (stopped) => stopped,
      });
      await body();
    } finally {
      for (const pid of processes) signalUnlessGone(pid, 'SIGCONT');
    }
  }

  /** Whether it sleeps until something happens; one that never does is taken to rest. */
  async rests(): Promise<boolean> {
    if (this.#spins || this.#end !== null) return true;
    const asleep = await Promise.all((await processesOf(this.pid)).map(areTasksAsleep));
    return asleep.every(Boolean);
  }

  /** Waits until it rests. */
  async untilItRests(): Promise<void> {
    await until({
      what: 'the server rests',
      deadlineMs: SETTLE_DEADLINE_MS,
      look: () => this.rests(),
      reached: (rests) => rests,
    });
  }

  /** Waits until the server has said this on stderr. */
  async says(text: string): Promise<void> {
    await until({
      what: `the server says "${text}"`,
      deadlineMs: SETTLE_DEADLINE_MS,
      look: () => this.stderr,
      reached: (stderr) => stderr.includes(text),
    });
  }

  /** Asks it by SIGUSR1 for what only it can tell. */
  async sample(): Promise<CountersReading['sample']> {
    const { sample: before } = await this.counters();
    this.signal('SIGUSR1');
    const { sample } = await until({
      what: 'the server answers SIGUSR1',
      deadlineMs: SETTLE_DEADLINE_MS,
      look: () => this.counters(),
      reached: (counters) => counters.sample.seq > before.seq,
    });
    return sample;
  }

  /** Waits until every connection that it accepted is closed. */
  async settle(): Promise<void> {
    await until({
      what: 'the server closes every connection that the client closed',
      deadlineMs: SETTLE_DEADLINE_MS,
      look: async () => {
        const counters = await this.counters();
        return { accepted: counters.value('accepted'), closed: counters.value('closed') };
      },
      reached: (seen) => seen.accepted === seen.closed,
    });
  }

  /** SIGTERM to the server itself, whatever it runs under; then its last words. */
  async stop(): Promise<Stopped> {
    if (this.#end === null) this.signal('SIGTERM');
    await until({
      what: 'the server ends after SIGTERM',
      deadlineMs: SETTLE_DEADLINE_MS,
      look: () => this.#end,
      reached: (end) => end !== null,
    });
    return { stats: await this.#handle.stop(), end: await this.#handle.ended, stderr: this.stderr };
  }

  /** For the end of a test that may have failed: no server is left, and nothing is thrown. */
  async kill(): Promise<void> {
    if (this.#end === null) await this.#handle.stop();
  }
}

/** Starts a server that must refuse to start: how it ended, and what it said. */
export async function startInVain(row: SupportedRow, options: ServerOptions): Promise<LaunchError> {
  let server: Server;
  try {
    server = await Server.start(row, options);
  } catch (error) {
    if (error instanceof LaunchError) return error;
    throw error;
  }
  await server.kill();
  throw new Error(`${row.model.id} started, with ${JSON.stringify(options)}`);
}

/** A child may have ended meanwhile: a server that is to stop ends its own. */
function signalUnlessGone(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}
