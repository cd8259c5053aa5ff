import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setLimit } from '../libc/libc.ts';
import { CHECK_IDS, testCheck } from './check.ts';
import { checkBytesOut, checkConnsMax, checkStopUnderLoad, checkUrgentMark } from './checks.ts';
import { ECHO_CHECKS, type EchoCheck } from './echo-checks.ts';
import { describeInLanes } from './lanes.ts';
import { REPORTS } from './reports.ts';
import { loadRows } from './rows.ts';
import { Server, type ServerOptions, type SupportedRow } from './server.ts';

const CONNS_MAX = 8;

const rows = await loadRows();

test('at least one model runs on this machine, or nothing here was checked', () => {
  expect(rows.filter((row) => row.status === 'supported')).not.toEqual([]);
});

test('what rows declare to fail are checks and reports that there are', () => {
  const known: readonly string[] = [...CHECK_IDS, ...REPORTS];
  for (const { model } of rows)
    expect(
      model.expectedFailures.filter((name) => !known.includes(name)),
      model.id,
    ).toEqual([]);
});

describeInLanes(rows, (row) => {
  // One with known mistakes may leave a server behind that serves nobody any more: each check has its own.
  if (row.model.expectedFailures.length > 0) describeEchoApart(row);
  else describeEcho(row);
  describeOwn(row);
});

/** The checks that share one server: what one of them leaves behind, the next one meets. */
function describeEcho(row: SupportedRow): void {
  describe('on one server', () => {
    let server: Server | undefined;
    const running = async () => {
      if (server === undefined || server.end !== null) server = await Server.start(row);
      return server;
    };
    beforeEach(async () => {
      await running();
    });
    afterEach(async () => {
      if (server !== undefined) await expectUnharmed(server);
    });
    afterAll(async () => {
      await server?.kill();
    });
    for (const { id, title, check } of ECHO_CHECKS)
      testCheck(row, id, { title, check: async () => check(await running(), row) });
  });
}

function describeEchoApart(row: SupportedRow): void {
  for (const { id, title, check } of ECHO_CHECKS)
    testCheck(row, id, { title, check: () => withServer(row, {}, (server) => unharmed(server, row, check)) });
}

async function unharmed(server: Server, row: SupportedRow, check: EchoCheck['check']): Promise<void> {
  await check(server, row);
  await expectUnharmed(server);
}

/** It serves on, holds no connection, and has nothing to say. */
async function expectUnharmed(server: Server): Promise<void> {
  expect(server.end, `the server ended: ${server.stderr}`).toBeNull();
  await server.settle();
  expect(server.stderr).toBe('');
}

/** The checks that each want a server of their own. */
function describeOwn(row: SupportedRow): void {
  const own = (body: (server: Server) => Promise<void>, options: ServerOptions = {}) => ({
    check: () => withServer(row, options, body),
  });
  // For some read on to EAGAIN once they have seen urgent data.
  testCheck(row, 'urgent', { title: 'echoes what stands behind urgent data', ...own(checkUrgentMark) });
  if (row.model.family === 'sigio')
    testCheck(row, 'urgent', {
      title: 'echoes what stands behind urgent data when no signal can be queued',
      ...own(async (server) => {
        setLimit(server.pid, 'signalsPending', 0n);
        await checkUrgentMark(server);
      }),
    });
  testCheck(row, 'stop-under-load', {
    title: 'ends after SIGTERM under load with a stats line that adds up',
    ...own((server) => checkStopUnderLoad(server, 8)),
  });
  // The guide's samples have a thread of their own for signals, and a ring's thread takes what is queued for it.
  const isGuide = row.model.profile === 'guide';
  const after = isGuide ? 'anything' : row.model.options.includes('--sqpoll') ? 'held' : 'nothing';
  const writesSleep = row.model.tasks.endsWith('per-connection') || isGuide;
  for (const end of ['stop', 'reset'] as const)
    testCheck(row, `bytes-out-${end}`, {
      title: `counts as written what its sockets took, by a ${end} under a backlog`,
      ...own((server) => checkBytesOut(server, { end, writesSleep, after })),
    });
  testCheck(row, 'conns-max', {
    title: 'refuses connections over --conns-max by name',
    ...own((server) => checkConnsMax(server, CONNS_MAX), { connsMax: CONNS_MAX }),
  });
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
