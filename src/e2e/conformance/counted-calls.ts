import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { connectionsFit } from './check.ts';
import { pingPong } from './checks.ts';
import { withClient } from './client.ts';
import { Server, type SupportedRow } from './server.ts';

const CONNECTIONS = 4;
const REQUESTS = 50;

/**
 * Calls after the ready line that no server claims, at most this many: the stats line; and what models
 * and libc set up late, sigaction among it (the first pthread_create installs handlers of libc).
 */
const UNCLAIMED_MAX: Readonly<Record<string, number>> = { write: 1, rt_sigaction: 16 };

/** Every call that is entered after the ready line, by name, against the server's own counts. */
export async function compareCounts(row: SupportedRow, tracePath: string): Promise<void> {
  const server = await Server.start(row, { under: ['strace', '-f', '-qq', '-o', tracePath] });
  try {
    const { syscallNames } = await server.counters();
    const connections = connectionsFit(row.model, CONNECTIONS);
    await withClient(server.port, (client) => pingPong(client, connections, REQUESTS));
    await server.settle();
    const { stats } = await server.stop();

    const traced = countAfterReady(await readFile(tracePath, 'utf8'));
    const wrong = [];
    for (const name of syscallNames) {
      const counts = { name, strace: traced.get(name) ?? 0, server: stats?.syscalls[name] ?? 0 };
      const unclaimed = counts.strace - counts.server;
      const isRight = unclaimed >= 0 && unclaimed <= (UNCLAIMED_MAX[name] ?? 0);
      if (!isRight && !row.model.uncounted.includes(name)) wrong.push(counts);
    }
    expect(wrong).toEqual([]);
    expect(
      syscallNames.some((name) => traced.has(name)),
      'anything was traced',
    ).toBe(true);
  } finally {
    await server.kill();
  }
}

/** Calls by name, from the lines of strace -f after the one in which the ready line was written. */
function countAfterReady(trace: string): Map<string, number> {
  const lines = trace.split('\n');
  const ready = lines.findIndex((line) => line.includes('{\\"event\\":\\"ready\\"'));
  if (ready < 0) throw new Error('the trace shows no ready line');
  const counts = new Map<string, number>();
  for (const line of lines.slice(ready + 1)) {
    const name = /^\d+ +(\w+)\(/.exec(line)?.[1];
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
