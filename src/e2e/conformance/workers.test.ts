import { describe, expect, test } from 'vitest';
import { SOCKET_MODELS } from '../../models/registry.ts';
import { acceptedByWorkerOf, SERVER_EXIT } from '../../server/protocol.ts';
import {
  checkChurn,
  checkConcurrency,
  checkConnsMax,
  checkCounters,
  checkHalfClose,
  checkReset,
  checkStopUnderLoad,
  pingPong,
} from './checks.ts';
import { withClient } from './client.ts';
import { countFds, countThreads } from './procfs.ts';
import { loadRows, rowTitle } from './rows.ts';
import { Server, type ServerOptions, type SupportedRow, startInVain } from './server.ts';

const WORKERS = 2;
const CONNS_MAX = 8;
/** That all of them fall to one of two workers by their hash: one time in 2^31. */
const CONNECTIONS = 32;

const sharing = SOCKET_MODELS.filter(({ tasks }) => tasks === 'workers');
const alone = SOCKET_MODELS.filter(({ tasks }) => tasks !== 'workers');

/** The suite runs these rows with one worker, as it runs all: here is what another thread could break. */
for (const row of await loadRows({ models: sharing }))
  describe.skipIf(row.status !== 'supported')(`${rowTitle(row)} with ${WORKERS} workers`, () => {
    if (row.status === 'supported') describeWorkers(row);
    else test('has workers', () => undefined);
  });

function describeWorkers(row: SupportedRow): void {
  test('echoes, counts, closes and ends as with one, in a thread for each', async () =>
    withServer(row, { workers: WORKERS }, async (server) => {
      expect(await countThreads(server.pid)).toBe(WORKERS);
      await checkConcurrency(server, { connections: 16, messages: 4, messageBytesMax: 100_000 });
      await checkHalfClose(server, 100_000);
      await checkReset(server, { rounds: 5, owing: 2 });
      await server.settle();
      await checkCounters(server, 50);
      await checkChurn(server, { cycles: 200, lanes: 4 }, countFds);
      await checkStopUnderLoad(server, 16);
    }));

  test('refuses connections over --conns-max, which is that of all workers together', async () =>
    withServer(row, { workers: WORKERS, connsMax: CONNS_MAX }, (server) => checkConnsMax(server, CONNS_MAX)));

  test('says what each worker accepted', async () =>
    withServer(row, { workers: WORKERS }, async (server) => {
      await withClient(server.port, (client) => pingPong(client, CONNECTIONS, 2));
      await server.settle();
      const slots = (await server.counters()).slots('accepted');
      const { stats } = await server.stop();
      if (stats === null) expect.fail('no stats line');
      expect(acceptedByWorkerOf(stats)).toEqual(slots);
      expect(slots).toHaveLength(WORKERS);
      expect(slots.reduce((a, b) => a + b)).toBe(CONNECTIONS);
      if (row.model.options.includes('--accept=reuseport')) expect(Math.min(...slots)).toBeGreaterThan(0);
    }));
}

/**
 * Whom a connection wakes: a worker that comes too late goes back to sleep inside epoll_wait, for that asks the listener
 * again, so that only context switches tell.
 */
describe('each of some connections, one after the other,', () => {
  const HERD = 8;
  const switchesWith = async (accept: string): Promise<number> => {
    const model = sharing.find(({ options }) => options.includes(`--accept=${accept}`));
    const [row] = await loadRows({ models: model === undefined ? [] : [model] });
    if (row?.status !== 'supported') throw new Error(`no row with --accept=${accept} runs here`);
    let switches = 0;
    await withServer(row, { workers: HERD }, async (server) => {
      const before = await server.sample();
      await withClient(server.port, async (client) => {
        for (let i = 0; i < CONNECTIONS; i++) {
          // Who is still on its way to sleep cannot be woken.
          await server.untilItRests();
          await (await client.connect()).exchange(1);
        }
        await server.untilItRests();
        const { voluntarySwitches } = await server.sample();
        switches = voluntarySwitches - before.voluntarySwitches;
      });
    });
    return switches;
  };

  test('wakes more workers that share the listener than it does with EPOLLEXCLUSIVE', async () => {
    const shared = await switchesWith('shared');
    const exclusive = await switchesWith('exclusive');
    expect(shared).toBeGreaterThan(2 * CONNECTIONS);
    expect(shared).toBeGreaterThan(exclusive);
  });
});

test('a model with one loop refuses to have several, by name', async () => {
  const [row] = await loadRows({ models: alone.slice(0, 1) });
  if (row?.status !== 'supported') throw new Error('the first row does not run here');
  const error = await startInVain(row, { workers: WORKERS });
  expect(error.end).toEqual({ exitCode: SERVER_EXIT.usage, signal: null });
  expect(error.message).toContain(`--workers=${WORKERS}: with these options there is one`);
});

async function withServer(
  row: SupportedRow,
  options: ServerOptions,
  body: (server: Server) => Promise<void>,
): Promise<void> {
  const server = await Server.start(row, options);
  try {
    await body(server);
    if (server.end !== null) expect(server.end).toEqual({ exitCode: SERVER_EXIT.served, signal: null });
  } finally {
    await server.kill();
  }
}
