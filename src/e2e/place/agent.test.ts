import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compileHelpers } from '../../build/compile.ts';
import { findCompiler } from '../../build/compiler.ts';
import { buildGuestPrograms, type GuestPrograms } from '../../build/guest-programs.ts';
import { HELPERS_DIR } from '../../build/package.ts';
import { loadGenerator } from '../../load/ffi.ts';
import type { LoadGenerator, LoadReport } from '../../load/generator.ts';
import { findModel } from '../../models/registry.ts';
import { observe, PINNED_CONGESTION } from '../../observe/observe.ts';
import { edgeFilesOf } from '../../observe/procfs.ts';
import { readTopology } from '../../observe/topology.ts';
import { type Agent, type AgentLoad, connectAgent, SERVER_PID } from '../../place/agent/agent.ts';
import { launchServer } from '../../server/launch.ts';
import { parseLine, probeSchema } from '../../server/protocol.ts';
import { NS_PER_MS, NS_PER_S } from '../../util/units.ts';
import { childrenOf, isAlive, type Task } from '../cli/processes.ts';
import { until } from '../conformance/until.ts';

/** Generous: the machine may be busy with other things. */
const DEADLINE_MS = 60_000;
/** For what must go on until it is ended: nothing waits for this long. */
const ENDLESS_NS = 600 * NS_PER_S;
const PROGRAMS = ['epoll', 'io_uring'];
/** The system call, on every architecture. */
const IO_URING_SETUP = 425;
const never = new AbortController().signal;

/** Programs that are none of ours: what they do as a shell script. */
const SCRIPTS = {
  garbage: 'echo no line of a server; exec cat /dev/zero',
  gone: 'echo it cannot be >&2; exit 3',
  killed: 'kill -SEGV $$',
} as const;

let folder: string;
let built: GuestPrograms;
let generator: LoadGenerator;
let servers: ReadonlyMap<string, string>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-agent-'));
  built = await buildGuestPrograms({ sourceDir: HELPERS_DIR, programs: PROGRAMS });
  for (const name of ['agent', ...built.programs]) copyFileSync(join(built.folder, name), join(folder, name));
  for (const [name, script] of Object.entries(SCRIPTS)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  const artifacts = await compileHelpers({ sourceDir: HELPERS_DIR, programs: PROGRAMS });
  ({ servers } = artifacts);
  generator = loadGenerator(artifacts.loadgen);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let child: ChildProcessByStdio<Writable, Readable, null>;
let agent: Agent;
beforeEach(async () => {
  child = spawn(join(folder, 'agent'), { stdio: ['pipe', 'pipe', 'inherit'] });
  agent = await connectAgent({ input: child.stdin, output: child.stdout }, { timeoutMs: DEADLINE_MS });
});
afterEach(async () => {
  const running = child.exitCode === null && child.signalCode === null;
  if (running) {
    child.stdin.end();
    await once(child, 'exit');
  }
  expect([child.exitCode, child.signalCode]).toEqual([0, null]);
});

function loadOf(connections: number, change: Partial<AgentLoad> = {}): AgentLoad {
  return {
    mode: 'closed',
    connections,
    active: connections,
    depth: 1,
    messageBytes: 64,
    ratePerS: 0,
    seed: 7,
    warmupNs: 20 * NS_PER_MS,
    measureNs: 100 * NS_PER_MS,
    connectTimeoutNs: 30 * NS_PER_S,
    stallTimeoutNs: 30 * NS_PER_S,
    clientCpus: null,
    edgeFiles: ['/proc/stat', `/proc/${SERVER_PID}/status`],
    traceIds: [],
    kernelThreads: false,
    hardware: false,
    ...change,
  };
}

function agentPid(): number {
  if (child.pid === undefined) throw new Error('the agent has no pid');
  return child.pid;
}

/** The server that the agent has started. */
function serverUnderWay(): Promise<Task> {
  return until({
    what: 'a server of the agent',
    deadlineMs: DEADLINE_MS,
    look: () => childrenOf(agentPid()),
    reached: (tasks) => tasks.length > 0,
  }).then(([task]) => task as Task);
}

describe('the agent', () => {
  test('says what it is and has', () => {
    expect(built.skipped.size).toBe(0);
    expect(agent.hello).toMatchObject({
      init: false,
      problems: [],
      programs: [...PROGRAMS, ...Object.keys(SCRIPTS)].sort(),
    });
    expect(agent.hello.cpus).toBeGreaterThan(0);
  });

  test('reads files', async () => {
    const files = await agent.files(['/proc/version', '/nowhere', folder]);
    expect(files.get('/proc/version')).toContain(agent.hello.kernel);
    expect([files.get('/nowhere'), files.get(folder)]).toEqual([null, null]);
  });

  test('runs a program to its end', async () => {
    const epoll = await agent.probe('epoll', ['--trigger=edge', '--conns-max=58', '--probe']);
    expect(epoll).toMatchObject({ exitCode: 0, signal: null, stderr: '' });
    expect(JSON.parse(epoll.stdout)).toMatchObject({ event: 'probe', supported: true });
    expect(await agent.probe('gone', [])).toMatchObject({ exitCode: 3, stderr: 'it cannot be\n' });
    expect(await agent.probe('killed', [])).toMatchObject({ exitCode: null, signal: 'SIGSEGV' });
  });

  test('kills a program after the time that the ask gives it', async () => {
    const endless = agent.probe('epoll', ['--conns-max=10'], { timeoutMs: 50 });
    expect(await endless).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
  });

  test('settles', () => agent.settle(1));

  test('tries what the kernel has, and leaves nothing open', async () => {
    const openFiles = () => readdirSync(`/proc/${agentPid()}/fd`).length;
    await agent.settle(0); // what it listens with is open by then
    const before = openFiles();
    const groups = await agent.features();
    expect(openFiles()).toBe(before);
    expect(groups.map(({ group }) => group)).toEqual([
      'io_uring operations',
      'io_uring setup flags',
      'io_uring feature bits',
      'io_uring registrations',
      'io_uring requests',
      'epoll',
      'sockets',
      'native AIO',
      'signals',
    ]);
    for (const { group, features } of groups) {
      const names = features.map(({ name }) => name);
      expect(new Set(names).size, group).toBe(names.length);
      expect(features.filter(({ available, reason }) => available && reason !== null)).toEqual([]);
    }
    const featuresOf = (name: string) => groups.find(({ group }) => group === name)?.features ?? [];
    const always = ['EPOLLET', 'EPOLLONESHOT', 'EPOLLRDHUP', 'accept4', 'signalfd', 'F_SETSIG with O_ASYNC'];
    const found = ['epoll', 'sockets', 'signals'].flatMap(featuresOf);
    expect(found.filter(({ name }) => always.includes(name))).toEqual(
      always.map((name) => ({ name, available: true, reason: null })),
    );
    const operations = featuresOf('io_uring operations');
    expect(operations.length).toBeGreaterThanOrEqual(65);
    expect([operations[0]?.name, operations[27]?.name, operations[64]?.name]).toEqual([
      'NOP',
      'RECV',
      'URING_CMD128',
    ]);
  });

  test('finds of io_uring what the io_uring server finds', async ({ skip }) => {
    const probe = await agent.probe('io_uring', ['--conns-max=58', '--probe']);
    if (probe.exitCode !== 0) skip(`no io_uring here: ${probe.stdout}`);
    const uses = new Set(parseLine(probe.stdout.trim(), probeSchema)?.features.split(','));
    const groups = await agent.features();
    const operations = groups.find(({ count }) => count !== null);
    expect(operations?.features.filter(({ reason }) => reason !== 'unknown')).toHaveLength(
      operations?.count ?? -1,
    );
    const flags = groups.find(({ group }) => group === 'io_uring setup flags')?.features ?? [];
    for (const flag of ['SUBMIT_ALL', 'DEFER_TASKRUN', 'SINGLE_ISSUER'])
      if (uses.has(flag)) expect(flags.find(({ name }) => name === flag)).toMatchObject({ available: true });
  });

  test('says with which error a kernel that lets nobody have io_uring refuses it', async () => {
    const without = join(folder, 'without_call');
    const [compiler, ...args] = (await findCompiler()).words;
    await execa(compiler, [...args, '-o', without, join(HELPERS_DIR, 'tests', 'without_call.c')]);
    const other = spawn(without, [String(IO_URING_SETUP), join(folder, 'agent')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const streams = { input: other.stdin, output: other.stdout };
    const its = await connectAgent(streams, { timeoutMs: DEADLINE_MS });
    const groups = await its.features();
    const uring = groups.filter(({ group }) => group.startsWith('io_uring'));
    expect(uring).toHaveLength(5);
    for (const { features, count } of uring) {
      expect(count).toBeNull();
      expect(new Set(features.map(({ reason }) => reason))).toEqual(new Set(['EPERM']));
    }
    await its.stop();
    if (other.exitCode === null) await once(other, 'exit');
    rmSync(without);
  });

  test('lists functions of the kernel', async () => {
    const symbols = await agent.symbols();
    expect(symbols.length).toBeGreaterThan(1_000);
    expect(symbols.map(({ name }) => name)).toContain('schedule');
    expect(symbols.filter(({ name }) => name.startsWith('__pfx_'))).toEqual([]);
  });

  test.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'a probe of a year',
      () => agent.probe('epoll', [], { timeoutMs: 31_536_000_000 }),
      /probe: "timeoutMs"/,
    ],
    ['another program', () => agent.probe('../bin/true', []), /"program" is none that lies/],
    ['itself', () => agent.probe('agent', []), /"program" is none that lies/],
    ['too many arguments', () => agent.probe('epoll', new Array(65).fill('x')), /"args" are not/],
    [
      'a load without sense',
      () => agent.trial({ program: 'epoll', args: [], load: loadOf(1, { depth: -1 }) }),
      /trial: "depth" is missing/,
    ],
    [
      'a load of strange files',
      () =>
        agent.trial({ program: 'epoll', args: [], load: loadOf(1, { edgeFiles: new Array(13).fill('/') }) }),
      /"edgeFiles"/,
    ],
    [
      'a load on no CPU',
      () => agent.trial({ program: 'epoll', args: [], load: loadOf(1, { clientCpus: [] }) }),
      /"clientCpus"/,
    ],
    ['to settle for a year', () => agent.settle(31_536_000_000), /settle: "ms" is not within/],
  ])('refuses %s, and goes on', async (_title, ask, message) => {
    await expect(ask()).rejects.toThrow(message);
    await agent.settle(0);
  });

  test.each([
    ['no JSON', '{"ask":', /no JSON: it ends too early|no JSON: a value/],
    ['no id', '{"ask":"files"}', /has no "id"/],
    [
      'a line that is too long',
      `{"ask":"files","id":1,"paths":["${'x'.repeat(70_000)}"]}`,
      /more than 65536/,
    ],
  ])('says that it does not understand: %s', async (_title, line, message) => {
    const waiting = agent.settle(3_600_000);
    child.stdin.write(`${line}\n`);
    await expect(waiting).rejects.toThrow(message);
  });
});

describe.each(PROGRAMS)('a trial of %s', (program) => {
  test('with two connections balances its books and says what the server says', async () => {
    const cpu = readTopology().allowed[0] ?? 0;
    const load = loadOf(2, { clientCpus: [cpu, cpu] });
    const answer = await agent.trial({ program, args: ['--conns-max=10'], load, marks: true });
    const { report, ready, stats } = answer;
    expect(answer).toMatchObject({ stage: null, message: '', stderr: '' });
    if (!report || !ready) throw new Error('there is no report');
    expect(report).toMatchObject({ status: 'ok', connectionsOpened: 2, errors: 0, connectionErrors: 0 });
    expect(report.completed).toBeGreaterThan(0);
    expect(report.sent).toBe(report.completed + report.errors + report.inFlightAtDeadline);
    expect(report.response.counts.reduce((a, b) => a + b, 0)).toBe(report.completed + report.drained);
    expect(report.clientThreads).toMatchObject(Array(2).fill({ cpu, connections: 1, active: 1 }));
    expect(report.clientThreads.reduce((sum, { completed }) => sum + completed, 0)).toBe(report.completed);
    expect(report.service).toEqual(report.response);
    expect(stats?.accepted).toBe(3);
    expect(Object.keys(report.end.files)).toEqual(['/proc/stat', `/proc/${ready.pid}/status`]);
    expect(report.end.files[`/proc/${ready.pid}/status`]).toMatch(/^VmHWM:/m);
  });

  test('makes as many system calls as one through the library', async () => {
    const load = loadOf(1);
    const args = ['--conns-max=10'];
    const { report, ready } = await agent.trial({ program, args, load });
    if (!report || !ready) throw new Error('there is no report');
    const here = await throughLibrary(program, args, load);
    const [theirs, ours] = [report, here].map((each) => observed(program, each, ready.pid));
    expect(theirs?.server.syscallsPerRequest).toBeCloseTo(ours?.server.syscallsPerRequest ?? Number.NaN, 1);
    expect(Object.keys(theirs?.server.syscalls ?? {}).sort()).toEqual(
      Object.keys(ours?.server.syscalls ?? {}).sort(),
    );
    expect(Object.keys(report).sort()).toEqual(Object.keys(here).sort());
    expect(Object.keys(report.end).sort()).toEqual(Object.keys(here.end).sort());
  });
});

async function throughLibrary(
  program: string,
  args: readonly string[],
  load: AgentLoad,
): Promise<LoadReport> {
  const server = await launchServer(servers.get(program) ?? '', args, never);
  try {
    const { port, pid, countersFd } = server;
    const countersPath = `/proc/${pid}/fd/${countersFd}`;
    return await generator.run({ ...load, port, serverPid: pid, countersPath }, never);
  } finally {
    await server.stop();
  }
}

function observed(program: string, report: LoadReport, serverPid: number) {
  const model = findModel(program === 'epoll' ? 'epoll-lt' : program);
  if (!model) throw new Error(`there is no row ${program}`);
  expect(Object.keys(report.end.files)).toHaveLength(2);
  return observe({
    report,
    model,
    serverPid,
    guest: null,
    isPaced: false,
    serverCpus: null,
    clientCpus: null,
    cpusAllowed: 2,
    irqTimeAccounting: null,
    quotaFiles: [edgeFilesOf(serverPid).cpuStat],
    serverCongestion: PINNED_CONGESTION,
  });
}

describe('a trial that breaks is a result:', () => {
  test.each([
    ['garbage', 'launch', 'unexpected first line no line of a server', ''],
    ['gone', 'launch', 'the server ended before it was ready (exit 3)', 'it cannot be\n'],
    ['killed', 'launch', 'the server ended before it was ready (SIGSEGV)', ''],
  ])('a server that is %s', async (program, stage, message, stderr) => {
    const answer = await agent.trial({ program, args: [], load: loadOf(1) });
    expect(answer).toEqual({ stage, message, ready: null, stats: null, stderr, report: null });
    expect(childrenOf(agentPid())).toEqual([]);
  });

  test('a server that is killed under load', async () => {
    const trial = agent.trial({
      program: 'epoll',
      args: ['--conns-max=10'],
      load: loadOf(2, { measureNs: ENDLESS_NS }),
      progress: {
        progressMs: 1,
        on: ({ phase, completed }) => {
          if (phase !== 'measuring' || completed === 0) return;
          for (const task of childrenOf(agentPid())) process.kill(task.pid, 'SIGKILL');
        },
      },
    });
    const answer = await trial;
    expect(answer).toMatchObject({ stage: 'load', stats: null });
    expect(answer.message).toMatch(/^server-gone: .*\(the server ended by SIGKILL\)$/);
    expect(answer.report?.status).toBe('server-gone');
    expect(answer.report?.warmupCompleted).toBeGreaterThan(0);
  });

  test('a load that cannot be', async () => {
    const answer = await agent.trial({
      program: 'epoll',
      args: ['--conns-max=4'],
      load: loadOf(1, { active: 2 }),
    });
    expect(answer).toMatchObject({
      stage: 'load',
      message: 'active is not within 1..connections',
      report: null,
    });
    expect(answer.stats?.accepted).toBe(1);
  });

  test('more connections than the server takes', async () => {
    const load = loadOf(8, { connectTimeoutNs: 2 * NS_PER_S, stallTimeoutNs: NS_PER_S });
    const answer = await agent.trial({ program: 'epoll', args: ['--conns-max=4'], load });
    expect(answer.stage).toBe('load');
    expect(answer.report?.status).not.toBe('ok');
  });
});

describe('an endless trial', () => {
  const begin = () =>
    agent.trial({ program: 'epoll', args: ['--conns-max=10'], load: loadOf(2, { measureNs: ENDLESS_NS }) });

  test('ends by a stop, and is answered', async () => {
    const trial = begin();
    const server = await serverUnderWay();
    await agent.stop();
    const answer = await trial;
    expect(['load', 'preflight', 'launch']).toContain(answer.stage);
    expect(isAlive(server)).toBe(false);
  });

  test('ends with the end of what is asked, and leaves no process', async () => {
    const trial = begin();
    const server = await serverUnderWay();
    child.stdin.end();
    await Promise.allSettled([trial]);
    if (child.exitCode === null) await once(child, 'exit');
    expect(isAlive(server)).toBe(false);
  });

  test('ends with an abort', async () => {
    const abort = new AbortController();
    const trial = agent.trial(
      { program: 'epoll', args: ['--conns-max=10'], load: loadOf(2, { measureNs: ENDLESS_NS }) },
      abort.signal,
    );
    const server = await serverUnderWay();
    abort.abort(new Error('enough'));
    await expect(trial).rejects.toThrow('enough');
    if (child.exitCode === null) await once(child, 'exit');
    expect(isAlive(server)).toBe(false);
  });

  test('leaves no server behind when the agent is killed', async () => {
    const trial = begin();
    const server = await serverUnderWay();
    child.kill('SIGKILL');
    await Promise.allSettled([trial]);
    await until({
      what: 'the end of the server',
      deadlineMs: DEADLINE_MS,
      look: () => isAlive(server),
      reached: (alive) => !alive,
    });
    Object.assign(child, { exitCode: 0, signalCode: null });
  });
});
