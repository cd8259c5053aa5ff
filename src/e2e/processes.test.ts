import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileHelpers } from '../build/compile.ts';
import { HELPERS_DIR } from '../build/package.ts';
import { loadGenerator } from '../load/ffi.ts';
import type { LoadGenerator, LoadReport, LoadRequest } from '../load/generator.ts';
import { MODELS } from '../models/registry.ts';
import { launchServer, type ServerHandle } from '../server/launch.ts';
import { NS_PER_MS, NS_PER_S } from '../util/units.ts';
import { loadRows, rowTitle } from './conformance/rows.ts';
import { until } from './conformance/until.ts';
import { Socket } from './libc/socket.ts';

const TICK_NS = 10 * NS_PER_MS;
const REAP_DEADLINE_MS = 20_000;
const never = new AbortController().signal;
const rows = await loadRows({ models: MODELS.filter(({ tasks }) => tasks === 'process-per-connection') });
const { loadgen } = await compileHelpers({ sourceDir: HELPERS_DIR, programs: [] });

let generator: LoadGenerator;
beforeAll(() => {
  generator = loadGenerator(loadgen);
});

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
    warmupNs: 20 * NS_PER_MS,
    measureNs: 300 * NS_PER_MS,
    connectTimeoutNs: 20 * NS_PER_S,
    stallTimeoutNs: 20 * NS_PER_S,
    serverPid: server.pid,
    countersPath: `/proc/${server.pid}/fd/${server.countersFd}`,
    clientCpus: null,
    edgeFiles: [],
    traceIds: [],
    kernelThreads: false,
    hardware: false,
  };
}

/** utime, stime and those of the children that it waited for, of proc(5). */
async function cpuNsByTicks(pid: number): Promise<{ own: number; children: number }> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15);
  return { own: (utime + stime) * TICK_NS, children: (cutime + cstime) * TICK_NS };
}

async function childrenOf(pid: number): Promise<string> {
  return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim();
}

const shapes: readonly [string, Shape][] = [
  ['that live through the window', { mode: 'closed', connections: 4 }],
  ['that come and go', { mode: 'churn', connections: 4 }],
];

for (const row of rows)
  describe.skipIf(row.status !== 'supported')(`${rowTitle(row)} is billed for its processes`, () => {
    test.each(shapes)('%s', async (_title, shape) => {
      if (row.status !== 'supported') return;
      const server = await launchServer(row.path, row.model.options, never);
      let report: LoadReport;
      try {
        report = await generator.run(requestFor(server, shape), never);
        expect(report.message).toBe('');
        await until({
          what: 'every child has ended and was waited for',
          deadlineMs: REAP_DEADLINE_MS,
          look: () => childrenOf(server.pid),
          reached: (children) => children === '',
        });
        // All have ended: the kernel has added up what they used.
        const kernel = await cpuNsByTicks(server.pid);
        const billed = report.end.serverCpuNs;
        expect(billed).toBeLessThanOrEqual(kernel.own + kernel.children + 4 * TICK_NS);
        // What follows the end edge is the end of four connections.
        expect(billed).toBeGreaterThanOrEqual((kernel.own + kernel.children) / 2);
        expect(billed - report.start.serverCpuNs, 'CPU in the window').toBeGreaterThan(kernel.own / 10);
      } finally {
        await server.stop();
      }
      const answered = report.completed + report.drained;
      const switches = (edge: LoadReport['start']) => edge.sample?.voluntarySwitches ?? Number.NaN;
      // A child sleeps in recv before nearly each request.
      if (shape.mode === 'closed')
        expect(switches(report.end) - switches(report.start)).toBeGreaterThan(answered / 2);
      else expect(switches(report.end)).toBeGreaterThan(switches(report.start));
    });

    test('leaves none of them when it is stopped, or killed', async () => {
      if (row.status !== 'supported') return;
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        const server = await launchServer(row.path, row.model.options, never);
        const sockets = [await Socket.connect(server.port), await Socket.connect(server.port)];
        const children = await until({
          what: 'a child for each connection',
          deadlineMs: REAP_DEADLINE_MS,
          look: async () => (await childrenOf(server.pid)).split(' '),
          reached: (pids) => pids.length === sockets.length,
        });
        process.kill(server.pid, signal);
        await server.ended;
        for (const pid of children)
          await until({
            what: `child ${pid} ends with the server`,
            deadlineMs: REAP_DEADLINE_MS,
            look: async () => await stateOf(pid),
            reached: (state) => state === null || state === 'Z',
          });
        for (const socket of sockets) socket.close();
        await server.stop();
      }
    });
  });

/** The state of proc(5); null: there is no such process. Z: it has ended, and who adopted it has not waited yet. */
async function stateOf(pid: string): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).charAt(0);
}
