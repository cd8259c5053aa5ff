import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BYTES_PER_MIB } from '../../util/units.ts';
import {
  checkBytesOut,
  checkChurn,
  checkConcurrency,
  checkConnsMax,
  checkCounters,
  checkDribble,
  checkHalfClose,
  checkIdle,
  checkInterruptions,
  checkMessages,
  checkMixture,
  checkReset,
  checkSlowReader,
  checkStopUnderLoad,
  checkUrgentMark,
} from './checks.ts';
import { countFds } from './procfs.ts';
import { loadRows, rowTitle } from './rows.ts';
import { Server, type SupportedRow } from './server.ts';

const IDLE_CONNECTIONS = 1_000;
const ACTIVE_CONNECTIONS = 10;
const MESSAGE_BYTES = [1, 2, 1_000, 65_535, 65_536, 65_537, BYTES_PER_MIB, 16 * BYTES_PER_MIB];
const CONNS_MAX = 8;

const rows = await loadRows();

test('at least one model runs on this machine, or nothing here was checked', () => {
  expect(rows.filter((row) => row.status === 'supported')).not.toEqual([]);
});

for (const row of rows) {
  if (row.status === 'broken') {
    test(`${row.model.id} compiles`, () => expect.fail(row.reason));
    continue;
  }
  describe.skipIf(row.status === 'unsupported')(rowTitle(row), () => {
    if (row.status === 'supported') describeEcho(row);
    else test('echoes', () => undefined);
  });
}

/** The checks that share one server: what one of them leaves behind, the next one meets. */
function describeEcho(row: SupportedRow): void {
  let server: Server | undefined;
  const running = async () => {
    if (server === undefined || server.end !== null) server = await Server.start(row);
    return server;
  };
  beforeEach(async () => {
    await running();
  });
  afterEach(async () => {
    if (server === undefined) return;
    expect(server.end, `the server ended: ${server.stderr}`).toBeNull();
    await server.settle();
    expect(server.stderr).toBe('');
  });
  afterAll(async () => {
    await server?.kill();
  });

  test('echoes single bytes, awaited and not', async () => checkDribble(await running(), 300));
  test('echoes messages from 1 B to 16 MiB', async () => checkMessages(await running(), MESSAGE_BYTES));
  test('echoes 64 connections with messages of random sizes at once', async () =>
    checkConcurrency(await running(), { connections: 64, messages: 8, messageBytesMax: 100_000 }));
  test('holds a slow reader back, within bounded memory, and serves others meanwhile', async () =>
    checkSlowReader(await running(), { readers: 3, bytesMin: 8 * BYTES_PER_MIB, checkMemory: true }));
  test('echoes what is left after a half-close, and then closes', async () =>
    checkHalfClose(await running(), BYTES_PER_MIB));
  test('survives connections that are reset in the middle', async () =>
    checkReset(await running(), { rounds: 20, owing: 4 }));
  test('echoes a seeded mixture of everything that connections do', async () =>
    checkMixture(await running(), { lanes: 16, connections: 12 }));
  test('leaks no descriptor over 2,000 connect, echo, close cycles', async () =>
    checkChurn(await running(), { cycles: 2_000, lanes: 8 }, countFds));
  test('serves 10 active connections among 1,000 idle ones, which stay usable', async () => {
    const room = (row.model.connectionsMax ?? Number.POSITIVE_INFINITY) - ACTIVE_CONNECTIONS;
    await checkIdle(await running(), { idle: Math.min(IDLE_CONNECTIONS, room), active: ACTIVE_CONNECTIONS });
  });
  test('is not disturbed by 200 signals', async () => checkInterruptions(await running(), 200));
  test('accounts for every request in its counters, and answers SIGUSR1', async () =>
    checkCounters(await running(), 500));

  // On a server of its own, for some read on to EAGAIN once they have seen urgent data.
  test('echoes what stands behind urgent data', async () => withServer(row, {}, checkUrgentMark));
  test('ends after SIGTERM under load with a stats line that adds up', async () =>
    withServer(row, {}, (own) => checkStopUnderLoad(own, 16)));
  for (const end of ['stop', 'reset'] as const)
    test(`counts as written what its sockets took, by a ${end} under a backlog`, async () =>
      withServer(row, {}, (own) =>
        checkBytesOut(own, { end, writesSleep: row.model.tasks === 'per-connection' }),
      ));
  test('refuses connections over --conns-max by name', async () =>
    withServer(row, { connsMax: CONNS_MAX }, (own) => checkConnsMax(own, CONNS_MAX)));
}

async function withServer(
  row: SupportedRow,
  options: { connsMax?: number },
  body: (server: Server) => Promise<void>,
): Promise<void> {
  const server = await Server.start(row, options);
  try {
    await body(server);
  } finally {
    await server.kill();
  }
}
