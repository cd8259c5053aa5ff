import { describe, expect, test } from 'vitest';
import { setOpenFilesMax } from '../libc/libc.ts';
import { withClient } from './client.ts';
import { countFds, fdsEnd } from './procfs.ts';
import { loadRows, rowTitle } from './rows.ts';
import { SETTLE_DEADLINE_MS, Server, type ServerOptions, type SupportedRow } from './server.ts';
import { whyNoStrace } from './strace.ts';
import { until } from './until.ts';

/** What accept(2) may fail with although the listener is as good as ever. */
const TROUBLES = ['ENOMEM', 'ENOBUFS', 'EMFILE', 'ENFILE', 'ECONNABORTED', 'EPROTO', 'EPERM'] as const;
/** Calls in a row that fail; a client that waits must be served by the next. */
const FAILURES = 3;

const noStrace = whyNoStrace();

for (const row of await loadRows()) {
  describe.skipIf(row.status !== 'supported')(rowTitle(row), () => {
    if (row.status !== 'supported') {
      test('accepts', () => undefined);
      return;
    }
    test('out of descriptors refuses by name, and serves again when one is free', async () =>
      withServer(row, {}, checkOutOfDescriptors));
    // An accept in the ring is no system call that strace could make fail.
    describe.skipIf(noStrace !== null || row.model.family === 'io_uring')(
      `a client waits while accept4 fails${noStrace ?? ''}`,
      () => {
        test.each(TROUBLES)('with %s', async (trouble) => {
          const inject = `inject=accept4:error=${trouble}:when=1..${FAILURES}`;
          const under = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=accept4', '-e', inject];
          await withServer(row, { under }, checkServed);
        });
      },
    );
  });
}

/** One descriptor is left: the second client has it, the third is refused, and so on until the limit is raised. */
async function checkOutOfDescriptors(server: Server): Promise<void> {
  await withClient(server.port, async (client) => {
    const first = await client.connect();
    await first.exchange(1);
    const filesMax = (await fdsEnd(server.pid)) + 1;
    const before = setOpenFilesMax(server.pid, filesMax);

    for (let round = 1; round <= 2; round++) {
      const last = await client.connect();
      await last.exchange(1);
      await (await client.connect()).expectRefused();
      await server.says(`RLIMIT_NOFILE (${filesMax}) is used up`);
      expect((await server.counters()).value('refused')).toBe(round);
      await first.exchange(1);
      last.socket.close();
      await closed(server, round);
    }
    await (await client.connect()).exchange(1);
    setOpenFilesMax(server.pid, before);
    await (await client.connect()).exchange(1);
    expect((await server.counters()).value('refused')).toBe(2);
  });
  await server.settle();
}

async function closed(server: Server, count: number): Promise<void> {
  await until({
    what: `the server has closed ${count} connections`,
    deadlineMs: SETTLE_DEADLINE_MS,
    look: () => fdsAndClosed(server),
    reached: (seen) => seen.closed === count && seen.fds === server.fdsAtStart + 1,
  });
}

async function fdsAndClosed(server: Server) {
  return { fds: await countFds(server.pid), closed: (await server.counters()).value('closed') };
}

/** The first client waits and nothing else happens: nobody but the server itself makes it try again. */
async function checkServed(server: Server): Promise<void> {
  await withClient(server.port, async (client) => {
    await (await client.connect()).exchange(1);
    await (await client.connect()).exchange(1);
  });
  expect((await server.stop()).end).toEqual({ exitCode: 0, signal: null });
}

async function withServer(
  row: SupportedRow,
  options: ServerOptions,
  body: (server: Server) => Promise<void>,
): Promise<void> {
  const server = await Server.start(row, options);
  try {
    await body(server);
  } finally {
    await server.kill();
  }
}
