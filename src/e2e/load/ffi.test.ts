import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Artifacts, compileHelpers } from '../../build/compile.ts';
import { findCompiler } from '../../build/compiler.ts';
import { HELPERS_DIR } from '../../build/package.ts';
import { HARDWARE_EVENTS, HISTOGRAM_BUCKETS as WIRE_BUCKETS } from '../../load/abi.ts';
import { cheapestCall, hardwareErrnos, loadGenerator } from '../../load/ffi.ts';
import type { ClientThread, LoadGenerator, LoadReport, LoadRequest } from '../../load/generator.ts';
import { edgeFilesOf } from '../../observe/procfs.ts';
import { readTopology } from '../../observe/topology.ts';
import { launchServer, type ServerHandle } from '../../server/launch.ts';
import { bucketLowerNs, bucketWidthNs, HISTOGRAM_BUCKETS } from '../../stats/histogram.ts';
import { EnvironmentError, UsageError } from '../../util/errors.ts';
import { NS_PER_MS, NS_PER_S } from '../../util/units.ts';
import { until } from '../conformance/until.ts';

const MEASURE_NS = 60 * NS_PER_MS;
/** For what must go on until it is ended: nothing waits for this long. */
const ENDLESS_NS = 600 * NS_PER_S;
/** Generous: the machine may be busy with other things. */
const DEADLINE_MS = 30_000;
const never = new AbortController().signal;

let artifacts: Artifacts;
let folder: string;
let generator: LoadGenerator;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-ffi-'));
  artifacts = await compileHelpers({ sourceDir: HELPERS_DIR, programs: ['epoll'] });
  generator = loadGenerator(artifacts.loadgen);
});
afterAll(() => rmSync(folder, { recursive: true }));

function requestFor(server: Pick<ServerHandle, 'port' | 'pid' | 'countersFd'> | null, port = 0): LoadRequest {
  return {
    mode: 'closed',
    port: server?.port ?? port,
    connections: 1,
    active: 1,
    depth: 1,
    messageBytes: 64,
    ratePerS: 0,
    seed: 42,
    warmupNs: 10 * NS_PER_MS,
    measureNs: MEASURE_NS,
    connectTimeoutNs: 10 * NS_PER_S,
    stallTimeoutNs: 10 * NS_PER_S,
    serverPid: server?.pid ?? 0,
    countersPath: server ? `/proc/${server.pid}/fd/${server.countersFd}` : '',
    clientCpus: null,
    edgeFiles: server ? Object.values(edgeFilesOf(server.pid)) : [],
    traceIds: [],
    kernelThreads: false,
    hardware: false,
  };
}

const total = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);

/** What holds for every report of a load that went well, whatever its shape. */
function expectBalanced(report: LoadReport, request: LoadRequest): void {
  expect(report.message).toBe('');
  expect(report.status).toBe('ok');
  expect(report.sent).toBe(report.completed + report.errors + report.inFlightAtDeadline);
  const answered = report.completed + report.drained;
  expect(answered).toBeGreaterThan(0);
  expect(report.inFlightAtDeadline).toBe(report.drained);
  expect(report.bytesVerified).toBe(answered * request.messageBytes);
  expect(report.windowNs).toBeGreaterThanOrEqual(request.measureNs);
  expect(report.end.timeNs - report.start.timeNs).toBeGreaterThanOrEqual(report.windowNs);
  for (const [latency, count] of [
    // What was due and never sent has waited all the same.
    [report.response, answered + report.dueUnsent],
    [report.service, answered],
  ] as const) {
    expect(latency.counts).toHaveLength(HISTOGRAM_BUCKETS);
    expect(total(latency.counts)).toBe(count);
    expect(latency.minNs).toBeLessThanOrEqual(latency.maxNs);
    expectWithinBuckets(latency);
  }
}

/** The smallest and the largest value lie in the first and last bucket; the sum fits all of them. */
function expectWithinBuckets({ counts, minNs, maxNs, sumNs }: LoadReport['response']): void {
  const used = [...counts.keys()].filter((i) => (counts[i] ?? 0) > 0);
  const [first, last] = [used[0] ?? 0, used.at(-1) ?? 0];
  expect(bucketLowerNs(first)).toBeLessThanOrEqual(minNs);
  expect(bucketLowerNs(first) + bucketWidthNs(first)).toBeGreaterThan(minNs);
  expect(bucketLowerNs(last)).toBeLessThanOrEqual(maxNs);
  const lower = used.reduce((sum, i) => sum + (counts[i] ?? 0) * bucketLowerNs(i), 0);
  const upper = used.reduce((sum, i) => sum + (counts[i] ?? 0) * (bucketLowerNs(i) + bucketWidthNs(i)), 0);
  expect(sumNs).toBeGreaterThanOrEqual(lower);
  expect(sumNs).toBeLessThan(upper);
}

const grown = (report: LoadReport, name: string) =>
  (report.end.counters[name] ?? 0) - (report.start.counters[name] ?? 0);

describe('the load generator, against the epoll server', () => {
  let server: ServerHandle;
  beforeEach(async () => {
    server = await launchServer(artifacts.servers.get('epoll') ?? '', ['--trigger=level'], never);
  });
  afterEach(async () => {
    process.kill(server.pid, 'SIGCONT');
    await server.stop();
  });

  const shapes: [title: string, change: Partial<LoadRequest>][] = [
    ['one connection', {}],
    ['many connections with several requests in flight', { connections: 50, active: 50, depth: 8 }],
    ['few active connections among idle ones', { connections: 40, active: 3 }],
    ['messages larger than a socket buffer', { connections: 4, active: 4, messageBytes: 1_000_003 }],
    ['messages of one byte', { messageBytes: 1 }],
    ['an open loop at a fixed rate', { mode: 'open-fixed', connections: 8, active: 4, ratePerS: 2000 }],
    [
      'an open loop with Poisson arrivals',
      { mode: 'open-poisson', connections: 4, active: 4, ratePerS: 2000 },
    ],
    ['churn', { mode: 'churn', connections: 6, active: 6 }],
    ['no warm-up', { warmupNs: 0 }],
  ];
  test.each(shapes)('accounts for every request: %s', async (_title, change) => {
    const request = { ...requestFor(server), ...change };
    const report = await generator.run(request, never);
    expectBalanced(report, request);
    expect(report.errors + report.connectionErrors).toBe(0);
    expect(report.file).toBeNull();
    expect(report.warmupCompleted > 0).toBe(request.warmupNs > 0);
    if (request.mode === 'churn') expect(report.connectionsChurned).toBeGreaterThan(0);
    else expect(report.connectionsOpened).toBe(request.connections);
  });

  test('reads the counters of the server at both edges: three calls per request in ping-pong', async () => {
    const report = await generator.run(requestFor(server), never);
    const answered = report.completed + report.drained;
    expect(Object.keys(report.end.counters)).toEqual(Object.keys(report.start.counters));
    expect(report.start.counters.accepted).toBe(1);
    expect(grown(report, 'bytes_in')).toBe(answered * 64);
    for (const [name, value] of Object.entries(report.end.counters))
      expect(value, name).toBeGreaterThanOrEqual(report.start.counters[name] ?? 0);
    const calls = Object.keys(report.end.counters)
      .filter((name) => name.startsWith('sys.'))
      .reduce((sum, name) => sum + grown(report, name), 0);
    // The wait in which the server rests at the end may be counted or not.
    expect(Math.abs(calls - 3 * answered)).toBeLessThanOrEqual(3);
  });

  test('reads clocks, samples and files at both edges', async () => {
    const request = requestFor(server);
    const { start, end } = await generator.run(request, never);
    for (const name of ['timeNs', 'serverCpuNs', 'clientCpuNs', 'clientSyscalls', 'clientWakeups'] as const)
      expect(end[name], name).toBeGreaterThan(start[name]);
    expect(start.sample?.voluntarySwitches).toBeGreaterThan(0);
    expect(end.sample?.voluntarySwitches).toBeGreaterThanOrEqual(start.sample?.voluntarySwitches ?? 0);
    const files = edgeFilesOf(server.pid);
    for (const edge of [start, end]) {
      expect(Object.keys(edge.files).sort()).toEqual([...request.edgeFiles].sort());
      expect(edge.files[files.cpuStat]).toMatch(/^cpu0 \d+/m);
      expect(edge.files[files.serverStatus]).toMatch(/^Threads:\t1$/m);
    }
  });

  test('says of each event of the CPU how much of it there was, or why it is not counted', async () => {
    const request = { ...requestFor(server), hardware: true };
    const report = await generator.run(request, never);
    expectBalanced(report, request);
    expect(report.hardwareErrnos).toEqual(hardwareErrnos(artifacts.loadgen));
    expect(report.hardwareErrnos).toHaveLength(HARDWARE_EVENTS.length);
    for (const [i, errno] of report.hardwareErrnos.entries()) {
      const [before, after] = [
        report.start.hardware[i]?.runningNs ?? 0,
        report.end.hardware[i]?.runningNs ?? 0,
      ];
      if (errno === 0) expect(after).toBeGreaterThan(before);
      else expect(report.end.hardware[i]).toEqual({ value: 0, enabledNs: 0, runningNs: 0 });
    }
    const unasked = await generator.run(requestFor(server), never);
    expect([unasked.hardwareErrnos, unasked.end.hardware]).toEqual([[], []]);
  });

  test('keeps an empty text where a file cannot be read', async () => {
    const request = { ...requestFor(server), edgeFiles: ['/nowhere/to/be/found'] };
    const { start } = await generator.run(request, never);
    expect(start.files).toEqual({ '/nowhere/to/be/found': '' });
  });

  test('offers what the rate asks for: sent or named as unsent', async () => {
    const request = {
      ...requestFor(server),
      mode: 'open-fixed',
      active: 5,
      connections: 5,
      ratePerS: 3000,
    } as const;
    const report = await generator.run(request, never);
    const due = (request.ratePerS * request.measureNs) / NS_PER_S;
    // Each connection has a schedule of its own, so each may round.
    expect(Math.abs(report.sent + report.dueUnsent - due)).toBeLessThanOrEqual(request.active + 1);
  });

  test('runs a thread per CPU that it is given, and says what each of them had and did', async () => {
    const cpu = readTopology().allowed[0] ?? 0;
    // More threads than CPUs: what is shared out and added up is the same.
    const request = { connections: 8, active: 5, depth: 2, clientCpus: [cpu, cpu, cpu] };
    const report = await generator.run({ ...requestFor(server), ...request }, never);
    const { clientThreads: threads } = report;
    const total = (of: (thread: ClientThread) => number) => threads.reduce((sum, each) => sum + of(each), 0);
    expect(report.status, report.message).toBe('ok');
    expect(threads.map(({ connections, active }) => [connections, active])).toEqual([
      [3, 2],
      [3, 2],
      [2, 1],
    ]);
    expect(threads.every(({ cpu: own, completed, cpuNs }) => own === cpu && completed > 0 && cpuNs > 0)).toBe(
      true,
    );
    expect(total(({ completed }) => completed)).toBe(report.completed);
    expect(total(({ drained }) => drained)).toBe(report.drained);
    expect(total(({ cpuNs }) => cpuNs)).toBe(report.end.clientCpuNs - report.start.clientCpuNs);
    expect(total(({ syscalls }) => syscalls)).toBe(report.end.clientSyscalls - report.start.clientSyscalls);
  });

  test('tells how it stands while it runs, and nothing before and after', async () => {
    expect(generator.progress()).toBeNull();
    const stop = new AbortController();
    const running = generator.run({ ...requestFor(server), measureNs: ENDLESS_NS }, stop.signal);
    const completed = () => generator.progress()?.completed ?? 0;
    try {
      const goal = { deadlineMs: DEADLINE_MS, look: () => generator.progress() };
      await until({ ...goal, what: 'it measures', reached: (seen) => seen?.phase === 'measuring' });
      const before = completed();
      await until({
        deadlineMs: DEADLINE_MS,
        what: 'requests complete',
        look: completed,
        reached: (now) => now > before,
      });
      expect(generator.progress()?.connectionsOpened).toBe(1);
    } finally {
      stop.abort();
      await running;
    }
    expect(generator.progress()).toBeNull();
  });

  test('stops soon when it is aborted, and says so', async () => {
    const stop = new AbortController();
    const request = { ...requestFor(server), connections: 8, active: 8, measureNs: ENDLESS_NS };
    const running = generator.run(request, stop.signal);
    await untilItMeasures();
    stop.abort();
    const report = await running;
    expect(report.status).toBe('stopped');
    expect(report.windowNs).toBeLessThan(ENDLESS_NS);
    expect(report.sent).toBe(report.completed + report.errors + report.inFlightAtDeadline);
  });

  test('does not begin when it is aborted before', async () => {
    const report = await generator.run({ ...requestFor(server), measureNs: ENDLESS_NS }, AbortSignal.abort());
    expect(report.status).toBe('stopped');
    expect(report.sent).toBe(0);
  });

  test('runs once at a time, and again afterwards', async () => {
    const first = generator.run(requestFor(server), never);
    await expect(generator.run(requestFor(server), never)).rejects.toThrow('already running');
    expectBalanced(await first, requestFor(server));
    expectBalanced(await generator.run(requestFor(server), never), requestFor(server));
  });

  test('names a server that stalls, after its timeout', async () => {
    const running = generator.run(
      {
        ...requestFor(server),
        connections: 3,
        active: 3,
        measureNs: ENDLESS_NS,
        stallTimeoutNs: 200 * NS_PER_MS,
      },
      never,
    );
    await untilItMeasures();
    process.kill(server.pid, 'SIGSTOP');
    const report = await running;
    expect(report.status).toBe('stalled');
    expect(report.message).toMatch(/^3 connections wait with 3 requests in flight/);
  });

  test('names a server that is killed in the middle', async () => {
    const killed = await launchServer(artifacts.servers.get('epoll') ?? '', ['--trigger=level'], never);
    const running = generator.run(
      { ...requestFor(killed), connections: 3, active: 3, measureNs: ENDLESS_NS },
      never,
    );
    await untilItMeasures();
    process.kill(killed.pid, 'SIGKILL');
    const report = await running;
    expect(report.status).toBe('server-gone');
    expect(report.message).toMatch(/process \d+ ended|connections broke/);
    await killed.stop();
    expect((await generator.run(requestFor(killed), never)).status).not.toBe('ok');
  });
});

describe('the load generator, against servers that are wrong', () => {
  let server: NetServer | undefined;
  afterEach(() => {
    server?.close();
    server = undefined;
  });
  async function listen(onConnection: (socket: Socket) => void): Promise<number> {
    const listening = createServer((socket) => {
      socket.on('error', () => {});
      onConnection(socket);
    });
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    const address = listening.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  test('works without counters, files and a process to watch', async () => {
    const request = requestFor(null, await listen((socket) => socket.pipe(socket)));
    const report = await generator.run(request, never);
    expectBalanced(report, request);
    expect(report.start).toMatchObject({ counters: {}, files: {}, sample: null, serverCpuNs: 0 });
  });

  test('names a byte that is not the one that was sent', async () => {
    const flip = (chunk: Buffer) => Buffer.from(chunk.map((byte) => byte ^ 1));
    const port = await listen((socket) => socket.on('data', (chunk) => socket.write(flip(chunk))));
    const report = await generator.run(requestFor(null, port), never);
    expect(report.status).toBe('corrupt');
    expect(report.message).not.toBe('');
  });

  test('names a port where nobody listens', async () => {
    const port = await listen(() => {});
    await new Promise((resolve) => server?.close(resolve));
    const report = await generator.run(requestFor(null, port), never);
    expect(report.status).toBe('connect-failed');
  });

  test('names a process that does not exist', async () => {
    const port = await listen((socket) => socket.pipe(socket));
    // Above PID_MAX_LIMIT of the kernel, 2^22.
    const report = await generator.run({ ...requestFor(null, port), serverPid: 2 ** 22 + 1 }, never);
    expect(['server-gone', 'system']).toContain(report.status);
    expect(report.message).toContain(String(2 ** 22 + 1));
  });

  test('names a file that is no page of counters', async () => {
    const path = join(folder, 'page');
    writeFileSync(path, 'x'.repeat(100_000));
    const port = await listen((socket) => socket.pipe(socket));
    const report = await generator.run({ ...requestFor(null, port), countersPath: path }, never);
    expect(report.status).toBe('system');
    expect(report.message).toContain('is not a counters page');
  });
});

describe('a request that makes no sense', () => {
  const cases: [change: Partial<LoadRequest>, message: RegExp][] = [
    [{ port: 0 }, /server_port/],
    [{ port: 65_536 }, /server_port/],
    [{ connections: 0 }, /connections/],
    [{ active: 2 }, /active/],
    [{ depth: 0 }, /depth/],
    [{ connections: 1000, active: 1000, depth: 1_000_000 }, /depth/],
    [{ messageBytes: 0 }, /message_bytes/],
    [{ measureNs: 0 }, /measure_ns/],
    [{ stallTimeoutNs: 0 }, /stall_timeout_ns/],
    [{ mode: 'open-fixed', ratePerS: 0 }, /rate_per_s/],
    [{ mode: 'open-poisson', ratePerS: Number.NaN }, /rate_per_s/],
    [{ clientCpus: [1_000_000] }, /client_cpu/],
    [{ mode: 'conduct', messageBytes: 4096, depth: 2 }, /conduct/],
    [{ mode: 'conduct', messageBytes: 64 }, /message_bytes is not a multiple of 4096/],
    [{ edgeFiles: new Array(13).fill('/proc/stat') }, /at most 12 files/],
    [{ connections: 999_999, active: 1 }, /file descriptors/],
    [{ countersPath: `/proc/${'x'.repeat(1024)}` }, /path/],
    [{ edgeFiles: [`/proc/${'x'.repeat(1024)}`] }, /path/],
  ];
  test.each(cases)('is refused: %j', async (change, message) => {
    const request = { ...requestFor(null, 7), ...change };
    const ended = await generator.run(request, never).catch((error: unknown) => error);
    expect(ended instanceof Error ? ended : 'it was accepted').toBeInstanceOf(UsageError);
    expect((ended as UsageError).message).toMatch(message);
    expect(generator.progress()).toBeNull();
  });
});

describe('the library', () => {
  async function compileLibrary(name: string, source: string): Promise<string> {
    const [program, ...first] = (await findCompiler()).words;
    const [code, library] = [join(folder, `${name}.c`), join(folder, `${name}.so`)];
    writeFileSync(code, source);
    execFileSync(program, [...first, '-shared', '-fPIC', '-w', '-o', library, code]);
    return library;
  }
  const FUNCTIONS =
    'create run stop progress report histogram counter_names edge_counters setup_counters edge_traces edge_file destroy threads thread session server spawn wait adopt_listener hardware_check trace_check congestion try_cpu children_cpu_ns try_lock unlock';

  test('of another version is refused by name', async () => {
    const stubs = FUNCTIONS.split(' ').map((name) => `void loadgen_${name}(void) {}`);
    const library = await compileLibrary(
      'other',
      [
        'unsigned loadgen_abi_version(void) { return 99; }',
        'unsigned loadgen_histogram_buckets(void) { return 7; }',
        ...stubs,
      ].join('\n'),
    );
    expect(() => loadGenerator(library)).toThrow(EnvironmentError);
    expect(() => loadGenerator(library)).toThrow(
      /other\.so does not match this version: ABI 99, expected 6; 7 buckets, expected 3840/,
    );
  });

  test.each(['missing.so', 'text.so'])('that is none is refused by name: %s', (name) => {
    writeFileSync(join(folder, 'text.so'), 'no library');
    expect(() => loadGenerator(join(folder, name))).toThrow(EnvironmentError);
    expect(() => loadGenerator(join(folder, name))).toThrow(name);
  });

  test('that lacks a function is refused by name', async () => {
    const library = await compileLibrary('empty', 'int nothing;');
    expect(() => loadGenerator(library)).toThrow(EnvironmentError);
  });

  test('has the buckets of the stored histogram', () => {
    expect(WIRE_BUCKETS).toBe(HISTOGRAM_BUCKETS);
  });

  test('can be called for nothing, to calibrate the calls', () => {
    const call = cheapestCall(artifacts.loadgen);
    for (let i = 0; i < 100; i++) call();
  });
});

async function untilItMeasures(): Promise<void> {
  await until({
    what: 'it measures',
    deadlineMs: DEADLINE_MS,
    look: () => generator.progress(),
    reached: (seen) => seen?.phase === 'measuring' && seen.completed > 0,
  });
}
