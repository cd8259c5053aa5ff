import { describe, expect, test } from 'vitest';
import type { Sanitizer } from '../../build/compile.ts';
import { SOCKET_MODELS } from '../../models/registry.ts';
import type { ModelSpec } from '../../models/spec.ts';
import { SERVER_EXIT } from '../../server/protocol.ts';
import { messageOf } from '../../util/errors.ts';
import { BYTES_PER_KIB } from '../../util/units.ts';
import { type CheckId, isExpectedToFail } from './check.ts';
import {
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
import { withClient } from './client.ts';
import { describeInLanes } from './lanes.ts';
import { countFds } from './procfs.ts';
import { REPORTS, type Report, reportsIn } from './reports.ts';
import { loadRows } from './rows.ts';
import { Server, type ServerOptions, type SupportedRow } from './server.ts';

const CONNS_MAX = 128;
const FEW = 4;

/** One row for each program and each way through it: other numbers and flags in the same code show nothing more. */
const paths = SOCKET_MODELS.filter((model) => model.sameCodeAs === null);

/** Rows whose own code runs in more than one thread. */
const threaded = paths.filter(
  (model) => ['per-connection', 'workers'].includes(model.tasks) && !isThreadedByLibc(model),
);
/** One thread is enough for the others; these have one per worker. */
const WORKERS = 2;

/**
 * The helpers of libc run none of our code, and libc starts them behind the sanitizer's back: it knows
 * nothing of these threads and crashes in the first one that allocates memory.
 */
function isThreadedByLibc(model: ModelSpec): boolean {
  return model.family === 'posix-aio';
}

await describeSanitizer('address,undefined', paths);
await describeSanitizer('thread', threaded);

async function describeSanitizer(sanitizer: Sanitizer, models: readonly ModelSpec[]): Promise<void> {
  const rows = await loadRows({ sanitizer, models });
  describe(`under -fsanitize=${sanitizer}`, () => {
    test('at least one model runs, or nothing here was checked', () => {
      expect(rows.filter((row) => row.status === 'supported')).not.toEqual([]);
    });
    const threads = sanitizer === 'thread';
    describeInLanes(rows, (row) => {
      if (row.model.expectedFailures.length > 0)
        test('is reported for what it declares, and for nothing else', () => expectReports(row, sanitizer));
      else
        test('echoes without a report', async () => {
          const workers = threads && row.model.tasks === 'workers' ? { workers: WORKERS } : {};
          await withoutReport(row, { connsMax: FEW, ...workers }, (server) => checkConnsMax(server, FEW));
          await withoutReport(row, { connsMax: CONNS_MAX, ...workers }, checkEcho);
        });
    });
  });
}

type SmallCheck = readonly [id: CheckId, check: (server: Server) => Promise<void>];

/** Everything that the conformance suite checks, in small. The last one ends the server. */
const SMALL_CHECKS: readonly SmallCheck[] = [
  ['single-bytes', (server) => checkDribble(server, 50)],
  ['messages', (server) => checkMessages(server, [1, 1_000, 65_535, 65_536, 65_537, 512 * BYTES_PER_KIB])],
  [
    'at-once',
    (server) =>
      checkConcurrency(server, { connections: upTo(server, 16), messages: 4, messageBytesMax: 100_000 }),
  ],
  ['slow-reader', (server) => checkSlowReader(server, { readers: 2, bytesMin: 0, checkMemory: false })],
  ['half-close', (server) => checkHalfClose(server, 64 * BYTES_PER_KIB)],
  ['reset', (server) => checkReset(server, { rounds: 5, owing: 2 })],
  ['mixture', (server) => checkMixture(server, { lanes: 8, connections: 6 })],
  ['idle', (server) => checkIdle(server, { idle: upTo(server, 60) - 10, active: 10 })],
  ['signals', (server) => checkInterruptions(server, 20)],
  [
    'counters',
    async (server) => {
      await server.settle();
      await checkCounters(server, 50);
    },
  ],
  ['urgent', checkUrgentMark],
  ['churn', (server) => checkChurn(server, { cycles: 100, lanes: 4 }, countFds)],
  ['stop-under-load', (server) => checkStopUnderLoad(server, 8)],
];

/** As many connections as a server holds, up to so many. */
function upTo({ connsMax }: Server, wanted: number): number {
  return Math.min(wanted, connsMax);
}

async function checkEcho(server: Server): Promise<void> {
  for (const [, check] of SMALL_CHECKS) await check(server);
}

/** Of a row with known mistakes: what it passes, and connections that come one after the other. */
async function expectReports(row: SupportedRow, sanitizer: Sanitizer): Promise<void> {
  const passed = SMALL_CHECKS.filter(([id]) => !isExpectedToFail(row.model, id)).map(([, check]) => check);
  const reports = new Set<Report>();
  for (const check of [...passed, oneAfterTheOther])
    for (const report of reportsIn(await said(row, check))) reports.add(report);
  const declared = REPORTS.filter(
    (report) =>
      row.model.expectedFailures.includes(report) &&
      report.startsWith('ThreadSanitizer') === (sanitizer === 'thread'),
  );
  expect([...reports].sort()).toEqual([...declared].sort());
}

async function oneAfterTheOther(server: Server): Promise<void> {
  for (let i = 0; i < FEW; i++)
    await withClient(server.port, async (client) => (await client.connect()).socket.shutdownWrite());
}

/** What a server says on stderr while it is checked, and until it has ended. */
async function said(row: SupportedRow, check: (server: Server) => Promise<void>): Promise<string> {
  const server = await Server.start(row);
  try {
    await check(server);
    if (server.end === null) await server.stop();
  } finally {
    await server.kill();
  }
  return server.stderr;
}

/** A report is the message of the failure, whatever else went wrong because of it. */
async function withoutReport(
  row: SupportedRow,
  options: ServerOptions,
  body: (server: Server) => Promise<void>,
): Promise<void> {
  const server = await Server.start(row, options);
  let failure: unknown;
  try {
    await body(server);
    if (server.end === null) await server.stop();
    expect(server.end).toEqual({ exitCode: SERVER_EXIT.served, signal: null });
  } catch (error) {
    failure = error;
  } finally {
    await server.kill();
  }
  if (reportsIn(server.stderr).length > 0)
    throw new Error(`${messageOf(failure ?? 'every echo was right, but:')}\n${server.stderr}`);
  if (failure !== undefined) throw failure;
}
