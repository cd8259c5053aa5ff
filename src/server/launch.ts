import { once } from 'node:events';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { parseLine, type Ready, readySchema, type ServerStats, statsSchema } from './protocol.ts';
import { sendSignal } from './session.ts';
import { isServerOf } from './whose-pid.ts';

/** How long a server may take from start to its ready line; generous, machines stall. */
export const READY_TIMEOUT_MS = 20_000;
/** How long a server may take to end after SIGTERM before it is killed. */
export const STOP_TIMEOUT_MS = 10_000;
/** Of a server's stderr, the last this many characters are kept. */
const STDERR_CHARS_MAX = 4_000;

/** How a server's process ended. */
export interface ServerEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** A server that listens. It must be stopped, whatever happens. */
export interface ServerHandle extends Omit<Ready, 'event' | 'countersFd'> {
  /** Null: it has no counters page. */
  readonly countersFd: number | null;
  /** SIGTERM, then SIGKILL after a time; resolves with the stats line, null if there was none. */
  stop(): Promise<ServerStats | null>;
  /** Resolves when the process has ended, whoever ended it. */
  readonly ended: Promise<ServerEnd>;
  /** What it said to people so far. */
  stderr(): string;
  /** Whether it is the process that was started, and no child of it. */
  readonly isStarted: boolean;
  /** Of a server that was not built for this. */
  readonly foreign?: {
    /** Why its connections have the congestion control of its own choice, an errno; null: they have ours. */
    readonly congestionError: string | null;
    /** Once it was stopped: why SIGTERM did not suffice; null: it did. */
    stubborn(): string | null;
  };
}

/** A server that did not come up, with what it said. */
export class LaunchError extends Error {
  readonly end: ServerEnd | null;
  constructor(message: string, end: ServerEnd | null) {
    super(message);
    this.name = 'LaunchError';
    this.end = end;
  }
}

/**
 * Starts a server program and waits for its ready line. The process gets a group of its own, so that
 * a Ctrl-C in the terminal reaches only the orchestrator, which stops it. Throws `LaunchError`.
 */
export async function launchServer(
  path: string,
  args: readonly string[],
  signal: AbortSignal,
  start: Start = startByExeca,
): Promise<ServerHandle> {
  signal.throwIfAborted();
  const child = await start([path, ...args]);
  if (typeof child === 'string') throw new LaunchError(`cannot start ${path}: ${child}`, null);
  const { ended } = child;
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-STDERR_CHARS_MAX);
  });
  const lines = createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY });
  let stats: ServerStats | null = null;
  lines.on('line', (line) => {
    stats = parseLine(line, statsSchema) ?? stats;
  });

  const ready = await waitUntilReady(lines, ended, signal);
  if ('problem' in ready) {
    child.kill();
    const end = await ended;
    signal.throwIfAborted();
    throw new LaunchError(`${ready.problem}${said.trim() ? `: ${said.trim()}` : ''}`, end);
  }
  let running = true;
  void ended.then(() => {
    running = false;
  });
  const group = -child.pid;
  const isStarted = ready.pid === child.pid;
  // The server's own pid, which is not the child's where a tracer started it; the group, where it is a number of elsewhere.
  const target = isStarted || isServerOf(ready.pid, [path, ...args]) ? ready.pid : group;
  const stop = async () => {
    if (running) sendSignal(target, 'SIGTERM');
    const timer = setTimeout(() => {
      sendSignal(target, 'SIGKILL');
      child.kill();
    }, STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
    return stats;
  };
  return { ...ready, stop, ended, stderr: () => said, isStarted };
}

/** A process that was started. */
interface StartedProcess {
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when it has ended and all is said. */
  readonly ended: Promise<ServerEnd>;
  /** SIGKILL. */
  kill(): void;
}

/** Starts a command in a session of its own; the name of an error where it cannot be. */
export type Start = (words: readonly string[]) => Promise<StartedProcess | string>;

const startByExeca: Start = async ([path = '', ...args]) => {
  const child = execa(path, args, {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    detached: true,
    cleanup: true,
  });
  if (child.pid === undefined) return String((await child).code);
  return {
    pid: child.pid,
    stdout: child.stdout,
    stderr: child.stderr,
    ended: child.then((result) => ({ exitCode: result.exitCode ?? null, signal: result.signal ?? null })),
    kill: () => void child.kill('SIGKILL'),
  };
};

/** What the load generator's library gives of a process; see `SpawnedProcess` there. */
interface Spawned {
  readonly pid: number;
  readonly stdoutFd: number;
  readonly stderrFd: number;
  wait(): Promise<ServerEnd>;
}

/** Starts by `spawn`, which copies nothing of this process. What still runs when this process ends is killed. */
export function startBy(spawn: (words: readonly string[]) => Spawned | string): Start {
  const alive = new Set<number>();
  process.on('exit', () => {
    for (const pid of alive) sendSignal(pid, 'SIGKILL');
  });
  return async (words) => {
    const child = spawn(words);
    if (typeof child === 'string') return child;
    const { pid } = child;
    alive.add(pid);
    const [stdout, stderr] = [child.stdoutFd, child.stderrFd].map(
      (fd) => new Socket({ fd, writable: false }),
    );
    if (stdout === undefined || stderr === undefined) throw new Error('two descriptors make two streams');
    // Its pipes close as it ends: only then is it waited for, so that no thread blocks for as long as it lives.
    const ended = Promise.all([once(stdout, 'close'), once(stderr, 'close')]).then(async () => {
      const end = await child.wait();
      alive.delete(pid);
      return end;
    });
    return { pid, stdout, stderr, ended, kill: () => void sendSignal(pid, 'SIGKILL') };
  };
}

/** The ready line, or why there is none. */
async function waitUntilReady(
  lines: ReturnType<typeof createInterface>,
  ended: Promise<ServerEnd>,
  signal: AbortSignal,
): Promise<Ready | { problem: string }> {
  const waiting = new AbortController();
  const firstLine = once(lines, 'line', { signal: waiting.signal }).then(
    ([line]) =>
      parseLine(String(line), readySchema) ?? {
        problem: `unexpected first line ${String(line).slice(0, 200)}`,
      },
    () => ({ problem: 'no ready line' }),
  );
  const death = ended.then((end) => ({
    problem: `the server ended before it was ready (${end.signal ?? `exit ${end.exitCode}`})`,
  }));
  let timer: NodeJS.Timeout | undefined;
  let onAbort = () => {};
  const limit = new Promise<{ problem: string }>((resolve) => {
    timer = setTimeout(
      () => resolve({ problem: `no ready line within ${READY_TIMEOUT_MS} ms` }),
      READY_TIMEOUT_MS,
    );
    onAbort = () => resolve({ problem: 'interrupted' });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  try {
    return await Promise.race([firstLine, death, limit]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    waiting.abort();
  }
}
