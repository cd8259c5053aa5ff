import { readdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { makeFolder } from '../host/make-folder.ts';
import type { InstrumentSupport } from '../results/schema.ts';
import { launchServer, type ServerHandle } from './launch.ts';
import { parseStraceSummary, straceArgs } from './strace-summary.ts';

const CHECK_TIMEOUT_MS = 20_000;
/** How long a server may take to close its connections, traced, before it is ended all the same. */
const SETTLE_TIMEOUT_MS = 20_000;
const SETTLE_POLL_MS = 10;

/** A server whose calls strace counts, from its start to its end. */
export interface TracedServer extends ServerHandle {
  /** The calls by name; only after the server has ended. Throws if strace wrote no table. */
  counts(): Promise<Record<string, number>>;
}

/** As `launchServer`, under `strace -f -c`; the table is kept in `outputFile`. */
export async function launchTraced(
  path: string,
  args: readonly string[],
  options: { readonly outputFile: string; readonly signal: AbortSignal },
): Promise<TracedServer> {
  await makeFolder(dirname(options.outputFile));
  const [command, ...commandArgs] = [
    ...(await dieWithParent()),
    'strace',
    ...straceArgs(options.outputFile, path, args),
  ];
  const server = await launchServer(command ?? 'strace', commandArgs, options.signal);
  const fdsAtRest = await countFds(server.pid);
  return {
    ...server,
    stop: async () => {
      await untilAtRest(server.pid, fdsAtRest);
      return server.stop();
    },
    counts: () => straceCounts(options.outputFile),
  };
}

/** The calls by name of a table that strace wrote. Throws where there is none. */
export async function straceCounts(file: string): Promise<Record<string, number>> {
  return parseStraceSummary(await readFile(file, 'utf8'));
}

/**
 * Waits until every connection is closed, so that no call is half counted: some servers count a call
 * when they learn that a helper thread has made it.
 */
async function untilAtRest(pid: number, fdsAtRest: number): Promise<void> {
  const limitMs = performance.now() + SETTLE_TIMEOUT_MS;
  while ((await countFds(pid)) > fdsAtRest && performance.now() < limitMs) await delay(SETTLE_POLL_MS);
}

/** Open descriptors of a process; 0 when it is gone. */
async function countFds(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`).catch(() => [])).length;
}

/** Whether strace is there and may trace; if not, what would allow it. Runs it once. */
export async function straceSupport(): Promise<InstrumentSupport> {
  const result = await execa('strace', ['-f', '-c', '-o', '/dev/null', '--', 'true'], {
    reject: false,
    timeout: CHECK_TIMEOUT_MS,
    stdin: 'ignore',
  });
  if (result.exitCode === 0) return { counter: 'strace', available: true, reason: null };
  const missing = result.code === 'ENOENT';
  return {
    counter: 'strace',
    available: false,
    reason: missing
      ? 'strace is not installed (Debian, Ubuntu: apt-get install strace)'
      : `strace may not trace: ${result.stderr.trim().split('\n')[0] || 'no reason given'}; containers need --cap-add=SYS_PTRACE`,
  };
}

let deathCommand: Promise<readonly string[]> | undefined;

/** strace itself would outlive us, and the server with it: setpriv of util-linux ties it to our life. */
export function dieWithParent(): Promise<readonly string[]> {
  deathCommand ??= execa('setpriv', ['--pdeathsig', 'KILL', 'true'], {
    reject: false,
    timeout: CHECK_TIMEOUT_MS,
  }).then((result) => (result.exitCode === 0 ? ['setpriv', '--pdeathsig', 'KILL'] : []));
  return deathCommand;
}
