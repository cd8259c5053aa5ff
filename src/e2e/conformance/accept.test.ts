import { describe, expect } from 'vitest';
import { LibcError, setLimit } from '../libc/libc.ts';
import { testCheck } from './check.ts';
import { type Client, EarlyEndError, type EchoStream, withClient } from './client.ts';
import { describeInLanes } from './lanes.ts';
import { countDirectFds, countFds, fdsEnd } from './procfs.ts';
import { loadRows } from './rows.ts';
import { SETTLE_DEADLINE_MS, Server, type ServerOptions, type SupportedRow } from './server.ts';
import { whyNoStrace } from './strace.ts';
import { until } from './until.ts';

/** What accept(2) may fail with although the listener is as good as ever. */
const TROUBLES = ['ENOMEM', 'ENOBUFS', 'EMFILE', 'ENFILE', 'ECONNABORTED', 'EPROTO', 'EPERM'] as const;
/** Calls in a row that fail; a client that waits must be served by the next. */
const FAILURES = 3;

/** What a program may wait for readiness in, on any architecture. */
const WAITS = '/^(p?poll|p?select6?|_newselect|epoll_p?wait2?)$';

/** Threads or processes that may be started. */
const TASKS = 4;
/** Far more than those can hold. */
const CONNECTIONS_MAX = 64;
const ROUNDS = 20;

const noStrace = whyNoStrace();

describeInLanes(await loadRows(), (row) => {
  testCheck(row, 'out-of-descriptors', {
    title: 'out of descriptors refuses by name, and serves again when one is free',
    check: () =>
      withServer(row, {}, (server) =>
        hasProcesses(row) ? checkNoDescriptor(server) : checkOutOfDescriptors(server, row),
      ),
  });
  // Nothing is skipped for rows to which no call applies: they are not asked.
  if (makesFailingCalls(row))
    describe.skipIf(noStrace !== null)(`calls fail${noStrace ?? ''}`, () => describeFailingCalls(row));
});

/** An accept in the ring is no system call that strace could make fail. */
function acceptsByCall({ model }: SupportedRow): boolean {
  return model.family !== 'io_uring';
}

function makesFailingCalls(row: SupportedRow): boolean {
  const { tasks, notification } = row.model;
  return tasks.endsWith('per-connection') || acceptsByCall(row) || notification === 'readiness';
}

function describeFailingCalls(row: SupportedRow): void {
  const underStrace = (options: readonly string[]) => ({
    under: ['strace', '-f', '-qq', '-o', '/dev/null', ...options],
  });
  if (row.model.tasks.endsWith('per-connection'))
    testCheck(row, 'out-of-threads', {
      title: 'refuses by name who would need a task that cannot be started, and goes on with the others',
      check: () => {
        // Threads are kept and processes are not: after the one that could not start, the next can.
        const when = hasProcesses(row) ? `${TASKS + 1}` : `${TASKS + 1}+`;
        const options = underStrace(['-e', `inject=/^clone3?$:error=EAGAIN:when=${when}`]);
        return withServer(row, growsByItself(row) ? {} : options, (server) => checkOutOfTasks(server, row));
      },
    });
  if (acceptsByCall(row))
    for (const trouble of TROUBLES)
      testCheck(row, 'accept-errors', {
        title: `serves a client that waits while accept4 fails with ${trouble}`,
        check: () => {
          const inject = `inject=accept4:error=${trouble}:when=1..${FAILURES}`;
          return withServer(row, underStrace(['-e', 'trace=accept4', '-e', inject]), checkServed);
        },
      });
  if (row.model.notification === 'readiness')
    testCheck(row, 'interrupted-wait', {
      title: 'goes on when a signal interrupts its wait',
      check: () => {
        const inject = `inject=${WAITS}:error=EINTR:when=2+2`;
        return withServer(row, underStrace(['-e', `trace=${WAITS}`, '-e', inject]), checkServed);
      },
    });
}

/** One descriptor is left: the second client has it, the third is refused, and so on until the limit is raised. */
async function checkOutOfDescriptors(server: Server, row: SupportedRow): Promise<void> {
  await withClient(server.port, async (client) => {
    const first = await client.connect();
    await first.exchange(1);
    if ((await countDirectFds(server.pid)) > 0) {
      await checkNeedsNone(server, client);
      return;
    }
    const filesMax = (await fdsEnd(server.pid)) + 1;
    const before = setLimit(server.pid, 'openFiles', BigInt(filesMax));

    for (let round = 1; round <= 2; round++) {
      const last = await client.connect();
      await last.exchange(1);
      const over = await client.connect();
      if (row.model.family !== 'io_uring') {
        await over.expectRefused();
      } else if (await isServed(over)) {
        // The kernel looks the limit up when an accept is armed: a multishot one is held to that of its start.
        expect((await server.counters()).value('refused')).toBe(0);
        return;
      }
      await server.says(`RLIMIT_NOFILE (${filesMax}) is used up`);
      expect((await server.counters()).value('refused')).toBe(round);
      await first.exchange(1);
      last.socket.close();
      await closed(server, round);
    }
    await (await client.connect()).exchange(1);
    setLimit(server.pid, 'openFiles', before);
    await (await client.connect()).exchange(1);
    expect((await server.counters()).value('refused')).toBe(2);
  });
  await server.settle();
}

/** Connections in the table of a ring take no descriptor: not one is left, and all that come are served. */
async function checkNeedsNone(server: Server, client: Client): Promise<void> {
  setLimit(server.pid, 'openFiles', BigInt(await fdsEnd(server.pid)));
  for (const stream of await client.connectMany(3)) await stream.exchange(1);
  const counters = await server.counters();
  expect({ refused: counters.value('refused'), accepted: counters.value('accepted') }).toEqual({
    refused: 0,
    accepted: 4,
  });
}

/** Connections take no descriptor of the process that accepts, but each is accepted into one. */
async function checkNoDescriptor(server: Server): Promise<void> {
  await withClient(server.port, async (client) => {
    const first = await client.connect();
    await first.exchange(1);
    const filesMax = await fdsEnd(server.pid);
    const before = setLimit(server.pid, 'openFiles', BigInt(filesMax));
    // accept4 has taken a descriptor for the next client before it began to wait.
    await (await client.connect()).exchange(1);
    await (await client.connect()).expectRefused();
    await server.says(`RLIMIT_NOFILE (${filesMax}) is used up`);
    await first.exchange(1);
    setLimit(server.pid, 'openFiles', before);
    await (await client.connect()).exchange(1);
    expect((await server.counters()).value('refused')).toBe(1);
  });
  await server.settle();
}

/** Each thread starts the next: strace counts what is to fail by thread, so there is no room for a stack instead. */
function growsByItself({ model }: SupportedRow): boolean {
  return model.program === 'blocking_pool';
}

function hasProcesses({ model }: SupportedRow): boolean {
  return model.tasks === 'process-per-connection';
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

/**
 * Clients come until one is refused; the others go on, and when one of them goes another may come. Where libc
 * ends threads by itself and cannot start new ones, some end with an error, but none hangs.
 */
async function checkOutOfTasks(server: Server, row: SupportedRow): Promise<void> {
  await withClient(server.port, async (client) => {
    const admitted: EchoStream[] = [];
    for (let stream = await client.connect(); await isServed(stream); stream = await client.connect()) {
      admitted.push(stream);
      expect(admitted.length, 'connections without a thread').toBeLessThan(CONNECTIONS_MAX);
      if (growsByItself(row) && admitted.length === TASKS) setLimit(server.pid, 'addressSpace', 1n);
    }
    await server.says(`refusing connections: ${hasProcesses(row) ? 'fork' : 'pthread_create'}`);
    const ended = new Set<EchoStream>();
    for (let round = 0; round < ROUNDS; round++)
      for (const stream of admitted) if (!ended.has(stream) && !(await isServed(stream))) ended.add(stream);

    const [first, ...others] = admitted.filter((stream) => !ended.has(stream));
    first?.socket.close();
    await until({
      what: 'the server has closed those that were refused, that ended and the one that its client closed',
      deadlineMs: SETTLE_DEADLINE_MS,
      look: async () => (await server.counters()).value('closed'),
      reached: (count) => count === 2 + ended.size,
    });
    const next = await client.connect();
    if (!(await isServed(next))) ended.add(next);
    for (const stream of others) if (!(await isServed(stream))) ended.add(stream);
    const turnedAway = await countTurnedAway(server);
    if (row.model.family === 'posix-aio') expect(turnedAway).toBeGreaterThanOrEqual(1 + ended.size);
    else expect({ turnedAway, ended: ended.size }).toEqual({ turnedAway: 1, ended: 0 });
  });
}

/** Connections that the server ended by itself, early or late. */
async function countTurnedAway(server: Server): Promise<number> {
  const counters = await server.counters();
  return counters.value('refused') + counters.value('conn_errors');
}

/** Whether the server echoes to it; false: it closed the connection. */
async function isServed(stream: EchoStream): Promise<boolean> {
  try {
    await stream.exchange(1);
    return true;
  } catch (error) {
    if (error instanceof EarlyEndError || error instanceof LibcError) return false;
    throw error;
  }
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
