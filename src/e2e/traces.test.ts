import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileHelpers } from '../build/compile.ts';
import { HELPERS_DIR } from '../build/package.ts';
import { linuxHost } from '../host/host.ts';
import { loadGenerator, traceChecker } from '../load/ffi.ts';
import type { LoadGenerator, LoadReport, LoadRequest } from '../load/generator.ts';
import type { ModelSpec } from '../models/spec.ts';
import { auditSyscalls } from '../observe/audit.ts';
import { type TracedCalls, tracedCalls } from '../observe/traced.ts';
import { TRACED_SYSCALLS } from '../observe/traced-syscalls.ts';
import { findTracepoints, type Tracepoint } from '../observe/tracepoints.ts';
import { whyUnfit } from '../plan/plan-run.ts';
import { launchServer, type ServerHandle } from '../server/launch.ts';
import { NS_PER_MS, NS_PER_S } from '../util/units.ts';
import { loadRows, type Row, rowTitle } from './conformance/rows.ts';
import { closeFd, openTracepoint } from './libc/libc.ts';

const never = new AbortController().signal;
const rows = await loadRows();
const { loadgen } = await compileHelpers({ sourceDir: HELPERS_DIR, programs: [] });
const check = traceChecker(loadgen);
const found = findTracepoints(TRACED_SYSCALLS, {
  host: linuxHost(),
  check: (id) => check(process.pid, id),
});
const events: readonly Tracepoint[] = found.available ? found.events : [];
const whyNot = found.available ? '' : ` (skipped: ${found.reason})`;

let generator: LoadGenerator;
beforeAll(() => {
  generator = loadGenerator(loadgen);
});

let held: number[] = [];
beforeAll(() => {
  held = events.map(({ id }) => openTracepoint(id));
});
afterAll(() => held.forEach(closeFd));

type Shape = Pick<LoadRequest, 'mode' | 'connections'>;

function requestFor(server: ServerHandle, shape: Shape): LoadRequest {
  return {
    ...shape,
    port: server.port,
    active: shape.connections,
    depth: 1,
    messageBytes: 64,
    ratePerS: 0,
    seed: 42,
    warmupNs: 10 * NS_PER_MS,
    measureNs: 50 * NS_PER_MS,
    connectTimeoutNs: 20 * NS_PER_S,
    stallTimeoutNs: 20 * NS_PER_S,
    serverPid: server.pid,
    countersPath: `/proc/${server.pid}/fd/${server.countersFd}`,
    clientCpus: null,
    edgeFiles: [],
    traceIds: events.map((event) => event.id),
    kernelThreads: true,
    hardware: false,
  };
}

async function load(row: Extract<Row, { status: 'supported' }>, shape: Shape): Promise<LoadReport> {
  const server = await launchServer(row.path, row.model.options, never);
  try {
    const report = await generator.run(requestFor(server, shape), never);
    expect(report.message).toBe('');
    expect(report.completed).toBeGreaterThan(0);
    return report;
  } finally {
    await server.stop();
  }
}

/** Every name, on both sides: nothing may be under way in a server that rests. */
function expectAgreement(calls: TracedCalls, model: ModelSpec): void {
  const { disagreements, unclaimed } = auditSyscalls({
    own: calls.own,
    counted: calls.counted,
    claimed: calls.claimed,
    uncounted: model.uncounted,
    underWay: 0,
    unnoticed: 0,
    steadyState: true,
  });
  expect(disagreements).toEqual([]);
  expect(Object.keys(unclaimed).filter((name) => !model.uncounted.includes(name))).toEqual([]);
}

describe.skipIf(!found.available)(`the kernel counts what the server counts${whyNot}`, () => {
  const shapes: [title: string, shape: { mode: 'closed' | 'churn'; connections: number }][] = [
    ['one connection', { mode: 'closed', connections: 1 }],
    ['connections that come and go', { mode: 'churn', connections: 4 }],
    ['many connections', { mode: 'closed', connections: 32 }],
  ];
  describe.each(shapes)('with %s', (_title, shape) => {
    const fit = rows.filter(
      ({ model }) =>
        (model.connectionsMax ?? shape.connections) >= shape.connections &&
        whyUnfit(model, { ...shape, depth: 1, messageBytes: 64 }) === null,
    );
    for (const row of fit)
      test.skipIf(row.status !== 'supported')(rowTitle(row), async () => {
        if (row.status !== 'supported') return;
        const calls = tracedCalls(await load(row, shape), events);
        expectAgreement(calls, row.model);
        // One that never sleeps is read as it runs; its counts then lie between two readings.
        const rests = row.model.notification !== 'busy-poll';
        expect(calls.exact).toBe(rests);
        if (rests) expect(calls.unnamed).toBe(0);
      });
  });

  test('of threads that start while they are counted: one per connection', async () => {
    const row = rows.find(({ model }) => model.tasks === 'per-connection' && model.unfit.length === 0);
    if (row?.status !== 'supported') throw new Error('no row with a thread per connection');
    const report = await load(row, { mode: 'closed', connections: 32 });
    const answered = report.completed + report.drained;
    const { counted } = tracedCalls(report, events);
    // Each thread answers once per request and sleeps in its next recv at both edges.
    expect(counted).toMatchObject({ recvfrom: answered, sendto: answered });
  });
});

describe("the CPU of io_uring's kernel threads", () => {
  const withThread = rows.filter((row) => row.model.tasks === 'one-and-kernel-thread');
  for (const row of withThread)
    test.skipIf(row.status !== 'supported')(`grows where one polls: ${rowTitle(row)}`, async () => {
      if (row.status !== 'supported') return;
      const { start, end } = await load(row, { mode: 'closed', connections: 4 });
      expect(start.kernelThreads?.threads).toBe(1);
      const grown = (end.kernelThreads?.sqpCpuNs ?? 0) - (start.kernelThreads?.sqpCpuNs ?? 0);
      expect(grown).toBeGreaterThan(0);
      expect(grown).toBeLessThanOrEqual(end.serverCpuNs);
    });

  const without = rows.find((row) => row.model.id === 'epoll-lt');
  test.skipIf(without?.status !== 'supported')('is nothing where there are none', async () => {
    if (without?.status !== 'supported') return;
    const { end } = await load(without, { mode: 'closed', connections: 1 });
    expect(end.kernelThreads).toEqual({ threads: 0, sqpCpuNs: 0, wrkCpuNs: 0 });
  });
});
