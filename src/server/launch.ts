import { once } from 'node:events';
import { createInterface } from 'node:readline';
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
): Promise<ServerHandle> {
  signal.throwIfAborted();
  const child = execa(path, [...args], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    detached: true,
    cleanup: true,
  });
  if (child.pid === undefined) throw new LaunchError(`cannot start ${path}: ${(await child).code}`, null);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-STDERR_CHARS_MAX);
  });
  const ended: Promise<ServerEnd> = child.then((result) => ({
    exitCode: result.exitCode ?? null,
    signal: result.signal ?? null,
  }));
  const lines = createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY });
  let stats: ServerStats | null = null;
  lines.on('line', (line) => {
    stats = parseLine(line, statsSchema) ?? stats;
  });

  const ready = await waitUntilReady(lines, ended, signal);
  if ('problem' in ready) {
    child.kill('SIGKILL');
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
      child.kill('SIGKILL');
    }, STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
    return stats;
  };
  return { ...ready, stop, ended, stderr: () => said, isStarted };
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
  });
  try {
    return await Promise.race([firstLine, death, limit]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    waiting.abort();
  }
}
