import { describe, expect, test } from 'vitest';
import type { Sanitizer } from '../../build/compile.ts';
import { MODELS } from '../../models/registry.ts';
import type { ModelSpec } from '../../models/spec.ts';
import { SERVER_EXIT } from '../../server/protocol.ts';
import { messageOf } from '../../util/errors.ts';
import { BYTES_PER_KIB } from '../../util/units.ts';
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
import { countFds } from './procfs.ts';
import { loadRows, rowTitle } from './rows.ts';
import { Server, type ServerOptions, type SupportedRow } from './server.ts';

/** What each sanitizer prints somewhere in a report. */
const REPORT = /\w+Sanitizer[: ]|runtime error:/;
const CONNS_MAX = 128;

/** Rows whose own code runs in more than one thread. */
const threaded = MODELS.filter(
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

await describeSanitizer('address,undefined', MODELS);
await describeSanitizer('thread', threaded);

async function describeSanitizer(sanitizer: Sanitizer, models: readonly ModelSpec[]): Promise<void> {
  const rows = await loadRows({ sanitizer, models });
  describe(`under -fsanitize=${sanitizer}`, () => {
    test('at least one model runs, or nothing here was checked', () => {
      expect(rows.filter((row) => row.status === 'supported')).not.toEqual([]);
    });
    for (const row of rows) {
      test.skipIf(row.status === 'unsupported')(`${rowTitle(row)} echoes without a report`, async () => {
        if (row.status === 'broken') expect.fail(row.reason);
        if (row.status !== 'supported') return;
        const nudge = sanitizer === 'thread';
        const workers = nudge && row.model.tasks === 'workers' ? { workers: WORKERS } : {};
        await withoutReport(row, { connsMax: 4, nudge, ...workers }, (server) => checkConnsMax(server, 4));
        await withoutReport(row, { connsMax: CONNS_MAX, nudge, ...workers }, checkEcho);
      });
    }
  });
}

/** Everything that the conformance suite checks, in small. Ends with the server. */
async function checkEcho(server: Server): Promise<void> {
  await checkDribble(server, 50);
  await checkMessages(server, [1, 1_000, 65_535, 65_536, 65_537, 512 * BYTES_PER_KIB]);
  await checkConcurrency(server, { connections: 16, messages: 4, messageBytesMax: 100_000 });
  await checkSlowReader(server, { readers: 2, bytesMin: 0, checkMemory: false });
  await checkHalfClose(server, 64 * BYTES_PER_KIB);
  await checkReset(server, { rounds: 5, owing: 2 });
  await checkMixture(server, { lanes: 8, connections: 6 });
  await checkIdle(server, { idle: 50, active: 10 });
  await checkInterruptions(server, 20);
  await server.settle();
  await checkCounters(server, 50);
  await checkUrgentMark(server);
  await checkChurn(server, { cycles: 100, lanes: 4 }, countFds);
  await checkStopUnderLoad(server, 8);
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
  if (REPORT.test(server.stderr))
    throw new Error(`${messageOf(failure ?? 'every echo was right, but:')}\n${server.stderr}`);
  if (failure !== undefined) throw failure;
}
