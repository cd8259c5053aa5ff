import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setLimit } from '../libc/libc.ts';
import { checkBytesOut, checkConnsMax, checkStopUnderLoad, checkUrgentMark } from './checks.ts';
import { ECHO_CHECKS } from './echo-checks.ts';
import { loadRows, rowTitle } from './rows.ts';
import { Server, type SupportedRow } from './server.ts';

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

  for (const { title, check } of ECHO_CHECKS) test(title, async () => check(await running(), row));

  // On a server of its own, for some read on to EAGAIN once they have seen urgent data.
  test('echoes what stands behind urgent data', async () => withServer(row, {}, checkUrgentMark));
  if (row.model.family === 'sigio')
    test('echoes what stands behind urgent data when no signal can be queued', async () =>
      withServer(row, {}, async (own) => {
        setLimit(own.pid, 'signalsPending', 0n);
        await checkUrgentMark(own);
      }));
  test('ends after SIGTERM under load with a stats line that adds up', async () =>
    withServer(row, {}, (own) => checkStopUnderLoad(own, 16)));
  for (const end of ['stop', 'reset'] as const)
    test(`counts as written what its sockets took, by a ${end} under a backlog`, async () =>
      withServer(row, {}, (own) =>
        checkBytesOut(own, { end, writesSleep: row.model.tasks.endsWith('per-connection') }),
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
