import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { expect } from 'vitest';
import { BYTES_PER_KIB, BYTES_PER_MIB } from '../../util/units.ts';
import { LibcError } from '../libc/libc.ts';
import { type Client, EarlyEndError, type EchoStream, withClient } from './client.ts';
import { readRssBytes } from './procfs.ts';
import { SETTLE_DEADLINE_MS, type Server } from './server.ts';
import { until } from './until.ts';

/** A socket that took nothing for this long is blocked. */
const BLOCKED_MS = 50;
/** Small socket buffers on the client's side, so that a reader that does not read is felt by the server. */
const SMALL_BUFFERS = { receiveBytes: 32 * BYTES_PER_KIB, sendBytes: 64 * BYTES_PER_KIB };
/** A receive buffer that does not grow: newer kernels let it grow beyond the largest message. */
const FIXED_BUFFER = { receiveBytes: BYTES_PER_MIB };
/** More than the socket buffers of both sides take as a rule; a server that buffers it all is found out. */
const FILL_BYTES = 16 * BYTES_PER_MIB;
/** SERVER_BUF_BYTES of c-helpers/server/model.h: what a server may owe one connection. */
const HELD_MAX_BYTES = 64 * BYTES_PER_KIB;
/** What is held, and room for the allocator and stacks. */
const RSS_GROWTH_MAX_BYTES = 2 * BYTES_PER_MIB;
const PING_BYTES = 64;
/** Several reads of a server that reads 4 KiB at a time, and less than its socket holds. */
const UNREAD_BYTES = 20_000;

/** 1-byte messages, first one at a time and then without waiting for the echo. */
export async function checkDribble(server: Server, bytes: number): Promise<void> {
  await withClient(server.port, async (client) => {
    const stream = await client.connect();
    for (let i = 0; i < bytes; i++) await stream.exchange(1);
    for (let i = 0; i < bytes; i++) await stream.send(1);
    await stream.drain();
  });
}

/** One message after another on one connection; of one that no socket holds, nothing is read before it must be. */
export async function checkMessages(server: Server, messageBytes: readonly number[]): Promise<void> {
  await withClient(server.port, async (client) => {
    const stream = await client.connect(FIXED_BUFFER);
    for (const bytes of messageBytes) {
      const taken = bytes < FILL_BYTES ? 0 : await fill(server, stream, bytes);
      await Promise.all([stream.send(bytes - taken), stream.receive(bytes)]);
    }
  });
}

/** Sends until the sockets are full and the server has nothing left to do, or all is sent; returns the bytes sent. */
async function fill(server: Server, stream: EchoStream, bytesMax = FILL_BYTES): Promise<number> {
  let taken = 0;
  do taken += await stream.sendUntilBlocked(bytesMax - taken, BLOCKED_MS);
  while (taken < bytesMax && !(await server.rests()));
  return taken;
}

/** Connections that all wait to be accepted when the server looks. */
async function connectAtOnce(server: Server, client: Client, count: number): Promise<EchoStream[]> {
  let streams: EchoStream[] = [];
  await server.whileStopped(async () => {
    streams = await client.connectMany(count);
  });
  return streams;
}

export interface ConcurrencySizes {
  readonly connections: number;
  readonly messages: number;
  readonly messageBytesMax: number;
}

/** Connections that all exchange messages of random sizes at the same time. */
export async function checkConcurrency(server: Server, sizes: ConcurrencySizes): Promise<void> {
  await withClient(server.port, async (client) => {
    const streams = await connectAtOnce(server, client, sizes.connections);
    await Promise.all(
      streams.map(async (stream, seed) => {
        const random = xoroshiro128plus(seed);
        for (let i = 0; i < sizes.messages; i++)
          await stream.exchange(1 + ((random.next() >>> 0) % sizes.messageBytesMax));
      }),
    );
  });
}

export interface SlowReaderSizes {
  readonly readers: number;
  /** What each of them gets echoed in the end, at least. */
  readonly bytesMin: number;
  /** Memory means nothing under a sanitizer. */
  readonly checkMemory: boolean;
}

/** Connections that write until they are blocked and only then read: nothing is lost, kept in memory, or held up. */
export async function checkSlowReader(server: Server, sizes: SlowReaderSizes): Promise<void> {
  await withClient(server.port, async (client) => {
    const other = await client.connect();
    await other.exchange(1);
    const slow: EchoStream[] = [];
    for (let i = 0; i < sizes.readers; i++) {
      const stream = await client.connect(SMALL_BUFFERS);
      await stream.exchange(1);
      slow.push(stream);
    }
    const rssBeforeBytes = await readRssBytes(server.pid);

    const taken = await Promise.all(slow.map((stream) => fill(server, stream)));
    const counters = await server.counters();
    const heldBytes = counters.value('bytes_in') - counters.value('bytes_out');
    // One byte of the other connection may be counted late: a server may learn of a write by the next read.
    expect(heldBytes, 'bytes in the server').toBeLessThanOrEqual(sizes.readers * HELD_MAX_BYTES + 1);
    const rssGrowthBytes = (await readRssBytes(server.pid)) - rssBeforeBytes;
    if (sizes.checkMemory) expect(rssGrowthBytes, 'growth of VmRSS').toBeLessThan(RSS_GROWTH_MAX_BYTES);
    for (let i = 0; i < 20; i++) await other.exchange(PING_BYTES);

    await Promise.all(
      slow.map(async (stream, i) => {
        const left = Math.max(0, sizes.bytesMin - (taken[i] ?? 0));
        await Promise.all([stream.receive(stream.owedBytes + left), stream.send(left)]);
      }),
    );
  });
}

/** FIN from the client, with nothing, little and much left to echo: all of it comes, and then the server's FIN. */
export async function checkHalfClose(server: Server, bytesMax: number): Promise<void> {
  await withClient(server.port, async (client) => {
    for (const bytes of [0, 1, 1_000, bytesMax]) {
      const stream = await client.connect();
      const sendAll = async () => {
        await stream.send(bytes);
        stream.socket.shutdownWrite();
      };
      await Promise.all([sendAll(), stream.receive(bytes)]);
      await stream.expectEnd();
    }
    // FIN while the server cannot write: it stands behind bytes that the server has not read yet.
    const owing = await client.connect(SMALL_BUFFERS);
    await fill(server, owing);
    owing.socket.shutdownWrite();
    await owing.drain();
    await owing.expectEnd();
  });
}

/**
 * A read stops at the mark of urgent data with more behind it, which no event reports again: all of it comes,
 * but for the urgent byte, which is not part of the stream.
 */
export async function checkUrgentMark(server: Server): Promise<void> {
  await withClient(server.port, async (client) => {
    for (const [before, behind] of [
      [0, 3],
      [3, 0],
      [3, 3],
      [1_000, 1_000],
    ] as const) {
      const stream = await client.connect();
      await stream.exchange(1);
      await server.whileStopped(async () => {
        await stream.send(before);
        stream.socket.sendUrgent();
        await stream.send(behind);
        await stream.arrived();
      });
      await stream.drain();
      await stream.exchange(PING_BYTES);
      stream.socket.shutdownWrite();
      await stream.expectEnd();
    }
  });
}

export interface ResetSizes {
  readonly rounds: number;
  /** Connections that are reset while the server owes them bytes. */
  readonly owing: number;
}

/** RST right after the connection, after a byte, and while much is owed: the others do not notice. */
export async function checkReset(server: Server, sizes: ResetSizes): Promise<void> {
  await withClient(server.port, async (client) => {
    const other = await client.connect();
    await other.exchange(1);
    // RST behind bytes that are not read yet.
    const unread = await client.connect();
    await unread.exchange(1);
    await server.whileStopped(async () => {
      await unread.send(UNREAD_BYTES);
      unread.socket.reset();
    });
    await other.exchange(PING_BYTES);
    for (let i = 0; i < sizes.rounds; i++) {
      (await client.connect()).socket.reset();

      const brief = await client.connect();
      await brief.send(1);
      brief.socket.reset();

      const answered = await client.connect();
      await answered.exchange(PING_BYTES);
      answered.socket.reset();

      await other.exchange(PING_BYTES);
    }
    const owing: EchoStream[] = [];
    while (owing.length < sizes.owing) owing.push(await client.connect(SMALL_BUFFERS));
    await Promise.all(owing.map((stream) => fill(server, stream)));
    for (const stream of owing) stream.socket.reset();
    await other.exchange(PING_BYTES);
    await (await client.connect()).exchange(PING_BYTES);
  });
}

/** Connections that come, echo and go; afterwards the server holds what it held at its start. */
export async function checkChurn(
  server: Server,
  sizes: { cycles: number; lanes: number },
  countFds: (pid: number) => Promise<number>,
): Promise<void> {
  const lane = async (cycles: number) => {
    for (let i = 0; i < cycles; i++)
      await withClient(server.port, async (client) => (await client.connect()).exchange(PING_BYTES));
  };
  await Promise.all(Array.from({ length: sizes.lanes }, () => lane(sizes.cycles / sizes.lanes)));
  await until({
    what: `the server has its ${server.fdsAtStart} descriptors of the start, and no more`,
    deadlineMs: SETTLE_DEADLINE_MS,
    look: () => countFds(server.pid),
    reached: (fds) => fds === server.fdsAtStart,
  });
}

/** Many connections that do nothing beside a few that do; then the idle ones are used. */
export async function checkIdle(server: Server, sizes: { idle: number; active: number }): Promise<void> {
  await withClient(server.port, async (client) => {
    const all = await connectAtOnce(server, client, sizes.idle + sizes.active);
    const [idle, active] = [all.slice(0, sizes.idle), all.slice(sizes.idle)];
    await Promise.all(
      active.map(async (stream) => {
        for (let i = 0; i < 20; i++) await stream.exchange(1_000);
      }),
    );
    await Promise.all(idle.map((stream) => stream.exchange(PING_BYTES)));
  });
}

/** Lanes of connections that do everything in a random order, and end in every way there is. */
export async function checkMixture(
  server: Server,
  sizes: { lanes: number; connections: number },
): Promise<void> {
  const lane = async (seed: number) => {
    const random = xoroshiro128plus(seed);
    const below = (max: number) => (random.next() >>> 0) % max;
    for (let i = 0; i < sizes.connections; i++)
      await withClient(server.port, (client) => liveAtRandom(client, below));
  };
  await Promise.all(Array.from({ length: sizes.lanes }, (_, seed) => lane(seed)));
}

async function liveAtRandom(client: Client, below: (max: number) => number): Promise<void> {
  const stream = await client.connect(below(2) === 0 ? SMALL_BUFFERS : {});
  const deeds = [
    () => stream.exchange(1 + below(100)),
    () => stream.exchange(1 + below(300_000)),
    () => stream.sendUntilBlocked(1 + below(3_000), 5),
    () => stream.sendUntilBlocked(1 + below(4 * BYTES_PER_MIB), 20),
    () => stream.receive(Math.min(stream.owedBytes, below(100_000))),
    () => stream.drain(),
  ];
  for (let left = below(6); left > 0; left--) {
    const deed = below(deeds.length);
    if (deed < 2) await stream.drain(); // a message of any size fits only if nothing is owed
    await deeds[deed]?.();
  }
  const ends = [
    () => stream.socket.reset(),
    () => stream.socket.close(),
    () => stream.socket.shutdownWrite(), // and closed at once, with bytes still owed
    async () => {
      stream.socket.shutdownWrite();
      await stream.drain();
      await stream.expectEnd();
    },
  ];
  await ends[below(ends.length)]?.();
}

/** Signals that interrupt the server wherever it is do not disturb the echo. */
export async function checkInterruptions(server: Server, signals: number): Promise<void> {
  const { seq } = (await server.counters()).sample;
  await withClient(server.port, async (client) => {
    const stream = await client.connect();
    for (let i = 0; i < signals; i++) {
      await Promise.all([
        stream.exchange(i % 2 === 0 ? PING_BYTES : 64 * BYTES_PER_KIB),
        (async () => server.signal('SIGUSR1'))(),
      ]);
    }
  });
  await until({
    what: 'the server answers a signal',
    deadlineMs: SETTLE_DEADLINE_MS,
    look: async () => (await server.counters()).sample.seq,
    reached: (now) => now > seq,
  });
}

/** After N requests the page says exactly what was done, and a sample is answered. */
export async function checkCounters(server: Server, requests: number): Promise<void> {
  const names = ['accepted', 'closed', 'conn_errors', 'bytes_in', 'bytes_out', 'reads', 'writes', 'refused'];
  const before = await server.counters();
  await withClient(server.port, async (client) => {
    const stream = await client.connect();
    for (let i = 0; i < requests; i++) await stream.exchange(PING_BYTES);
    stream.socket.shutdownWrite();
    await stream.expectEnd();
  });
  const seen = await until({
    what: `the counters account for ${requests} requests of ${PING_BYTES} bytes on one connection`,
    deadlineMs: SETTLE_DEADLINE_MS,
    look: async () => {
      const now = await server.counters();
      return Object.fromEntries(names.map((name) => [name, now.value(name) - before.value(name)]));
    },
    reached: (difference) => (difference.closed ?? 0) >= 1 && difference.bytes_in === difference.bytes_out,
  });
  expect(seen).toEqual({
    accepted: 1,
    closed: 1,
    conn_errors: 0,
    bytes_in: requests * PING_BYTES,
    bytes_out: requests * PING_BYTES,
    reads: requests,
    writes: requests,
    refused: 0,
  });
  await checkSample(server);
}

async function checkSample(server: Server): Promise<void> {
  const { sample: before } = await server.counters();
  const sample = await server.sample();
  expect(sample.seq).toBe(before.seq + 1);
  expect(sample.voluntarySwitches + sample.involuntarySwitches).toBeGreaterThanOrEqual(
    before.voluntarySwitches + before.involuntarySwitches,
  );
}

/** SIGTERM while connections are busy: one clean end with a stats line that adds up. Ends the server. */
export async function checkStopUnderLoad(server: Server, connections: number): Promise<void> {
  // Connections of the check before may still be accepted, and only then be counted.
  await server.untilItRests();
  const before = await server.counters();
  await withClient(server.port, async (client) => {
    const streams = await connectAtOnce(server, client, connections);
    await Promise.all(streams.map((stream) => stream.exchange(PING_BYTES)));
    let stopping = false;
    const load = Promise.all(
      streams.map(async (stream) => {
        try {
          for (;;) await stream.exchange(10_000);
        } catch (error) {
          const isEnd = error instanceof EarlyEndError || error instanceof LibcError;
          if (!stopping || !isEnd) throw error;
        }
      }),
    );
    load.catch(() => undefined); // it may fail before it is awaited
    const readsMin = before.value('reads') + 10 * connections;
    await readsServed(server, readsMin);
    stopping = true;
    const { stats, end, stderr } = await server.stop();
    await load;

    expect(end, stderr).toEqual({ exitCode: 0, signal: null });
    if (stats === null) expect.fail('no stats line');
    expect(stats).toMatchObject({ accepted: before.value('accepted') + client.made, refused: 0 });
    expect(stats.reads).toBeGreaterThanOrEqual(readsMin);
    expect(stats.bytes_out).toBeLessThanOrEqual(Number(stats.bytes_in));
    expect(stats.syscalls).not.toEqual({});
  });
}

export interface Backlog {
  /** How a connection ends that does not read: the server is stopped, or the client resets it. */
  readonly end: 'stop' | 'reset';
  /** Writes sleep until they are done: of one that is interrupted nobody knows how much it has written. */
  readonly writesSleep: boolean;
  /** After the signal that ends the server: nothing more is written, what is held, or whatever finds room. */
  readonly after: 'nothing' | 'held' | 'anything';
}

/** The stats line says what the sockets took: what arrived, and what their send queues hold. Ends the server. */
export async function checkBytesOut(server: Server, { end, writesSleep, after }: Backlog): Promise<void> {
  await withClient(server.port, async (client) => {
    const idle = await client.connect();
    await idle.exchange(PING_BYTES);
    const slow = await client.connect(SMALL_BUFFERS);
    await fill(server, slow);
    let takenBytes = 0;
    await server.whileStopped(async () => {
      takenBytes = await readTakenBytes(server, [idle, slow]);
      if (end === 'stop') {
        server.signal('SIGTERM');
        return;
      }
      // A server that reads without having written finds RST behind bytes that it has not read.
      await slow.sendUntilBlocked(UNREAD_BYTES, BLOCKED_MS);
      slow.socket.reset();
    });
    if (end === 'reset')
      await until({
        what: 'the server closes the connection that was reset',
        deadlineMs: SETTLE_DEADLINE_MS,
        look: async () => (await server.counters()).value('closed'),
        reached: (closed) => closed === 1,
      });
    const { stats } = await server.stop();
    // Who goes on reads and writes as long as there is room, which a window may make that opens meanwhile.
    const most = {
      nothing: takenBytes,
      held: takenBytes + HELD_MAX_BYTES,
      anything: Number(stats?.bytes_in),
    };
    expect(stats?.bytes_out).toBeLessThanOrEqual(most[after]);
    expect(stats?.bytes_out).toBeGreaterThanOrEqual(takenBytes - (writesSleep ? HELD_MAX_BYTES : 0));
  });
}

/**
 * What the sockets of a stopped server have taken. The kernel goes on meanwhile, and moves bytes from its queue to ours
 * (a probe of a closed window may open it), so that it is read until nothing moves.
 */
async function readTakenBytes(server: Server, streams: readonly EchoStream[]): Promise<number> {
  const LOOKS_ALIKE = 3;
  let seen = { arrived: -1, queued: -1 };
  let alike = 0;
  await until({
    what: 'nothing moves between the sockets',
    deadlineMs: SETTLE_DEADLINE_MS,
    look: () => {
      const queued = streams.reduce((sum, { socket }) => sum + socket.owedBy(server.port), 0);
      const arrived = streams.reduce((sum, stream) => sum + stream.arrivedBytes, 0);
      alike = arrived === seen.arrived && queued === seen.queued ? alike + 1 : 0;
      seen = { arrived, queued };
      return alike;
    },
    reached: (looks) => looks >= LOOKS_ALIKE,
  });
  return seen.arrived + seen.queued;
}

async function readsServed(server: Server, readsMin: number): Promise<void> {
  await until({
    what: `${readsMin} reads are served`,
    deadlineMs: SETTLE_DEADLINE_MS,
    look: async () => (await server.counters()).value('reads'),
    reached: (reads) => reads >= readsMin,
  });
}

/** The connection over --conns-max is closed by name; the others live on, and one that goes makes room. */
export async function checkConnsMax(server: Server, connsMax: number): Promise<void> {
  await withClient(server.port, async (client) => {
    const admitted = await client.connectEach(connsMax);

    await (await client.connect()).expectRefused();
    await server.says(`over the ${connsMax} that --conns-max (${connsMax}) allows`);
    expect((await server.counters()).value('refused')).toBe(1);
    for (const stream of admitted) await stream.exchange(PING_BYTES);

    const [first] = admitted;
    first?.socket.close();
    await until({
      what: 'the server closes the connection that the client closed',
      deadlineMs: SETTLE_DEADLINE_MS,
      look: async () => (await server.counters()).value('closed'),
      reached: (closed) => closed === 1,
    });
    await (await client.connect()).exchange(PING_BYTES);
    await (await client.connect()).expectRefused();
    expect((await server.counters()).value('refused')).toBe(2);
  });
}

/** Requests one after the other, on several connections, all of which are closed at the end. */
export async function pingPong(client: Client, connections: number, requests: number): Promise<void> {
  const streams = await client.connectMany(connections);
  for (let i = 0; i < requests; i++) for (const stream of streams) await stream.exchange(PING_BYTES);
  for (const stream of streams) {
    stream.socket.shutdownWrite();
    await stream.expectEnd();
  }
}
