import { readdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { makeFolder } from '../host/make-folder.ts';
import { LaunchError, type ServerEnd, type ServerHandle } from './launch.ts';
import { sendSignal, sessionMembers } from './session.ts';
import { dieWithParent } from './strace.ts';
import { straceArgs } from './strace-summary.ts';

/** How long a server may take from start until it accepts a connection: virtual machines of languages are slow to start. */
export const ACCEPT_TIMEOUT_MS = 20_000;
/** How long its processes may take to end after SIGTERM before they are killed. */
export const FOREIGN_STOP_TIMEOUT_MS = 2_000;
/** How long a traced server may take to close its connections before it is ended all the same. */
const SETTLE_TIMEOUT_MS = 5_000;
/** What the kernel may take to end what was killed. */
const KILL_TIMEOUT_MS = 10_000;
/** Between two looks at whether it accepts, or is gone: at first, and at most. */
const POLL_MS = { first: 1, most: 16 } as const;
/** Of what it says on stdout and on stderr, the last this many characters are kept. */
const SAID_CHARS_MAX = 4_000;
/** What stands for the port. */
const PORT_PLACE = /\{port\}/g;

/** A server that was not built for this, and how it is to be started. */
export interface ForeignRequest {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cpus: readonly number[] | null;
  /** Where strace writes its table; null: it is not traced. */
  readonly traceTo: string | null;
}

/** What is known of who listens; see `Listener` of the load generator. */
interface WhoListens {
  readonly error: string | null;
  readonly owner: number | null;
  readonly congestionError: string | null;
  readonly listeners: number;
  readonly ports: readonly number[];
}

export interface ForeignOptions {
  /** Finds out who listens, and gives that socket the congestion control of all others. */
  readonly adopt: (session: number, port: number) => WhoListens;
  readonly signal: AbortSignal;
  readonly acceptTimeoutMs?: number;
  readonly stopTimeoutMs?: number;
}

/**
 * Starts a server that knows nothing of this tool, in a session of its own, on a port that was free a moment ago, and waits
 * until it accepts a connection there. What it says is read on and its end is kept. Stopping ends all processes of its
 * session: SIGTERM, then SIGKILL. Throws `LaunchError`.
 */
export async function launchForeign(request: ForeignRequest, options: ForeignOptions): Promise<ServerHandle> {
  options.signal.throwIfAborted();
  const port = await freePort();
  const server = await start(request, port, options);
  try {
    await untilAccepts(server, port, options);
    const who = options.adopt(server.pid, port);
    if (who.error === null && who.owner === null && !request.traceTo) throw new Error(notItsOwn(port, who));
    return handleOf(server, {
      port,
      congestionError: who.error ?? who.congestionError,
      isTraced: request.traceTo !== null,
    });
  } catch (cause) {
    await server.stop('SIGKILL');
    options.signal.throwIfAborted();
    const said = server.said();
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new LaunchError(`${message}${said ? `: ${said}` : ''}`, server.end());
  }
}

/** The processes of a server that was started. */
interface Started {
  /** Of its first process, which leads the session. */
  readonly pid: number;
  readonly ended: Promise<ServerEnd>;
  end(): ServerEnd | null;
  /** The end of what it said to people: on stderr, or else on stdout. */
  said(): string;
  /** Why stopping took more than SIGTERM; null: it did not. */
  stubborn(): string | null;
  stop(first: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

async function start(request: ForeignRequest, port: number, options: ForeignOptions): Promise<Started> {
  if (request.traceTo !== null) await makeFolder(dirname(request.traceTo));
  const place = (word: string) => word.replaceAll(PORT_PLACE, String(port));
  const own = request.command.map(place);
  const [command, ...args] = [
    ...(await dieWithParent()),
    ...(request.cpus === null ? [] : ['taskset', '-c', request.cpus.join(',')]),
    ...(request.traceTo === null
      ? []
      : ['strace', ...straceArgs(request.traceTo, own[0] ?? '', own.slice(1))]),
    ...(request.traceTo === null ? own : []),
  ];
  const child = execa(command ?? '', args, {
    env: {
      ...Object.fromEntries(Object.entries(request.env).map(([key, value]) => [key, place(value)])),
      PORT: String(port),
    },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    detached: true,
    cleanup: true,
  });
  if (child.pid === undefined) throw new LaunchError(`cannot start ${command}: ${(await child).code}`, null);
  const stdout = endOf(child.stdout);
  const stderr = endOf(child.stderr);
  let end: ServerEnd | null = null;
  // Its pipes may be held open by a process that outlives it.
  const ended = new Promise<ServerEnd>((resolve) => {
    child.once('exit', (exitCode, signal) => {
      end = { exitCode, signal };
      resolve(end);
    });
  });
  void child.catch(() => {});
  let stubborn: string | null = null;
  const { pid } = child;
  return {
    pid,
    ended,
    end: () => end,
    said: () => (stderr().trim() || stdout().trim()).slice(-SAID_CHARS_MAX),
    stubborn: () => stubborn,
    async stop(first) {
      const timeoutMs = options.stopTimeoutMs ?? FOREIGN_STOP_TIMEOUT_MS;
      if (first === 'SIGTERM') {
        signalAll(pid, first, request.traceTo !== null);
        if (!(await untilGone(pid, timeoutMs))) stubborn = `did not end within ${timeoutMs} ms of SIGTERM`;
      }
      if (isGone(pid)) return;
      signalAll(pid, 'SIGKILL', false);
      await untilGone(pid, KILL_TIMEOUT_MS);
    },
  };
}

/** Reads on for ever, and keeps the end. */
function endOf(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (more: string) => {
    text = (text + more).slice(-SAID_CHARS_MAX);
  });
  return () => text;
}

/** A tracer ends by itself with what it traces, and writes its table then. */
function signalAll(leader: number, name: NodeJS.Signals, isTraced: boolean): void {
  for (const pid of sessionMembers(leader)) if (!isTraced || pid !== leader) sendSignal(pid, name);
}

function isGone(leader: number): boolean {
  return sessionMembers(leader).length === 0;
}

async function untilGone(leader: number, timeoutMs: number): Promise<boolean> {
  const untilMs = performance.now() + timeoutMs;
  for (let pollMs: number = POLL_MS.first; ; pollMs = Math.min(2 * pollMs, POLL_MS.most)) {
    if (isGone(leader)) return true;
    if (performance.now() > untilMs) return false;
    await delay(pollMs);
  }
}

function handleOf(
  server: Started,
  {
    port,
    congestionError,
    isTraced,
  }: { readonly port: number; readonly congestionError: string | null; readonly isTraced: boolean },
): ServerHandle {
  let stopping: Promise<void> | undefined;
  const fdsAtRest = isTraced ? countFds(server.pid) : 0;
  const stop = async () => {
    // Traced, it has calls to make for every connection that the load closed: they count.
    if (isTraced) await untilAtRest(server.pid, fdsAtRest);
    await server.stop('SIGTERM');
  };
  return {
    port,
    pid: server.pid,
    countersFd: null,
    connsMax: Number.MAX_SAFE_INTEGER,
    congestion: '',
    workers: 1,
    workerCpus: [],
    ended: server.ended,
    stderr: () => server.said(),
    isStarted: true,
    foreign: { congestionError, stubborn: server.stubborn },
    async stop() {
      stopping ??= stop();
      await stopping;
      return null;
    },
  };
}

/** Open descriptors of all processes. */
function countFds(leader: number): number {
  return sessionMembers(leader).reduce((sum, pid) => {
    try {
      return sum + readdirSync(`/proc/${pid}/fd`).length;
    } catch {
      return sum; // gone meanwhile
    }
  }, 0);
}

async function untilAtRest(leader: number, fdsAtRest: number): Promise<void> {
  const untilMs = performance.now() + SETTLE_TIMEOUT_MS;
  while (countFds(leader) > fdsAtRest && performance.now() < untilMs) await delay(POLL_MS.most);
}

/** A port of the loopback address that nobody listens on now. The kernel gives those to listeners, and others to clients. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

/** Throws where it ends before, and where it does not in time. */
async function untilAccepts(server: Started, port: number, options: ForeignOptions): Promise<void> {
  const timeoutMs = options.acceptTimeoutMs ?? ACCEPT_TIMEOUT_MS;
  const untilMs = performance.now() + timeoutMs;
  for (let pollMs: number = POLL_MS.first; ; pollMs = Math.min(2 * pollMs, POLL_MS.most)) {
    options.signal.throwIfAborted();
    if (await accepts(port)) return;
    const end = server.end();
    if (end !== null) throw new Error(endedEarly(end, server.pid));
    if (performance.now() > untilMs) break;
    await delay(pollMs);
  }
  const { ports } = options.adopt(server.pid, port);
  throw new Error(
    `it does not accept connections on 127.0.0.1, port ${port}, within ${timeoutMs} ms; ${listensText(ports, port)}`,
  );
}

function listensText(ports: readonly number[], port: number): string {
  if (ports.includes(port)) return 'it listens on that port, but not on 127.0.0.1';
  if (ports.length === 0)
    return 'it listens nowhere. {port} in its command, and the environment variable PORT, tell it where to';
  return `it listens on ${ports.length === 1 ? 'port' : 'ports'} ${ports.join(', ')}: {port} in its command, and the environment variable PORT, tell it where to`;
}

function endedEarly({ exitCode, signal }: ServerEnd, leader: number): string {
  const how = signal ?? `exit ${exitCode}`;
  const rest = sessionMembers(leader).length > 0 || exitCode === 0;
  return `the server ended before it accepted a connection (${how})${rest ? '; one that goes on in the background cannot be measured: start it in the foreground' : ''}`;
}

function notItsOwn(port: number, { listeners }: WhoListens): string {
  return `port ${port} is listened on by ${listeners === 0 ? 'no socket that the kernel tells of' : 'another process'}, not by what the command started: one that leaves its session, or another program, is there`;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
