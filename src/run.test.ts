import { describe, expect, test } from 'vitest';
import { parseCpuList } from './config/cpus.ts';
import { FIXTURE_JOB } from './fixtures/files.ts';
import { fakeClientThread, fakeFileReport, fakeReport } from './fixtures/load.ts';
import { fixtureRun } from './fixtures/run.ts';
import {
  FAKE_CALIBRATION_MS,
  FAKE_OVERHEAD_MS,
  FAKE_WORKLOAD,
  type FakeWorld,
  type FakeWorldOptions,
  fakeSettings,
  fakeWorld,
} from './fixtures/run-deps.ts';
import type { LoadReport, LoadRequest } from './load/generator.ts';
import { type RunSettings, runRecordSchema, type TrialResult, trialResultSchema } from './results/schema.ts';
import { hasFailures, type RunOutcome, runBenchmark } from './run.ts';
import { LaunchError } from './server/launch.ts';
import { halfWidths, summarize } from './summary/summarize.ts';
import { EnvironmentError, UsageError } from './util/errors.ts';
import { NS_PER_MS } from './util/units.ts';
import type { Workload } from './workloads/schema.ts';

function run(
  world: FakeWorld,
  settings: Partial<RunSettings> = {},
  controller = new AbortController(),
): Promise<RunOutcome> {
  return runBenchmark(
    { kind: 'run', settings: fakeSettings(settings), runId: 'run-1', warnings: ['a warning'], wait: false },
    world.deps,
    { listener: world.listener, signal: controller.signal },
  );
}

function written(world: FakeWorld) {
  const all = world.stores.flatMap((store) => store.written);
  return {
    records: all.flatMap((write) => (write.kind === 'record' ? [write.record] : [])),
    trials: all.flatMap((write) => (write.kind === 'trial' ? [write.trial] : [])),
    logs: all.flatMap((write) => (write.kind === 'log' ? [write] : [])),
  };
}

const failed = (trials: readonly TrialResult[]) => trials.filter((trial) => trial.status === 'failed');

/** Whatever happened: no server is left, and what was saved has the stored shape. */
function expectCleanedUp(world: FakeWorld): void {
  expect(world.servers.filter((server) => !server.stopped)).toEqual([]);
  const { records, trials } = written(world);
  for (const record of records) expect(runRecordSchema.parse(record)).toEqual(record);
  for (const trial of trials) expect(trialResultSchema.parse(trial)).toEqual(trial);
}

describe('variants', () => {
  const entries = (prefix: readonly string[]) =>
    ['a', 'b'].map((name) => ({
      label: `epoll-lt@${name}`,
      model: 'epoll-lt',
      variant: { name, prefix: name === 'a' ? [] : [...prefix] },
    }));
  test('put their command before the server, each row its own', async () => {
    const world = fakeWorld();
    const { result } = await run(world, { entries: entries(['env', 'X=1']), blocks: 1 });
    const commands = new Set(world.servers.map(({ path, args }) => [path, ...args].slice(0, 3).join(' ')));
    expect([...commands].filter((command) => command.startsWith('env X=1 /bin/'))).toHaveLength(1);
    expect(commands.size).toBe(2);
    expect(failed(result.trials)).toEqual([]);
    expectCleanedUp(world);
  });
  test('whose command starts no server are refused before the first trial, with what it said', async () => {
    const world = fakeWorld({ whyNotVariant: ([command]) => `no program ${command} in PATH` });
    await expect(run(world, { entries: entries(['nope', '-x']) })).rejects.toThrow(
      new EnvironmentError('variant b: nope -x starts no server: no program nope in PATH'),
    );
    expect(world.servers).toEqual([]);
  });
  test('that start the server as another process fail: it would not be measured', async () => {
    const world = fakeWorld({ forked: true });
    const { result } = await run(world, { entries: entries(['env', 'X=1']), blocks: 1 });
    expect(failed(result.trials).map(({ label, message }) => [label, message])).toEqual([
      [
        'epoll-lt@b',
        expect.stringMatching(/^env X=1 starts the server as another process instead of becoming it/),
      ],
    ]);
    expectCleanedUp(world);
  });
});

/** A report of which the client waited for its CPU most of the time. */
function disturbed(request: LoadRequest): LoadReport {
  const waited = fakeClientThread({ cpuNs: request.measureNs / 4, runDelayNs: request.measureNs });
  return fakeReport(request, { clientThreads: [waited] });
}

describe('the server of the next trial', () => {
  test('is begun when a load is over and the last server is on its way out, and is not left behind', async () => {
    const told: string[] = [];
    const world: FakeWorld = fakeWorld({
      launch: (call) => told.push(`launch ${call}`),
      answer: (request, call) => {
        told.push(`load ${call}, ${world.servers.filter(({ stopped }) => !stopped).length} alive`);
        return fakeReport(request);
      },
    });
    await run(world);
    // Between blocks the machine is calibrated, and nothing may run beside that.
    expect(told).toEqual([
      'launch 0',
      'load 0, 1 alive',
      'launch 1',
      'load 1, 1 alive',
      'launch 2',
      'load 2, 1 alive',
      'launch 3',
      'load 3, 1 alive',
    ]);
    expectCleanedUp(world);
  });
});

const FOREIGN = { command: ['./mine', '{port}'], env: { A: '1' }, probe: null };

describe('servers of others', () => {
  const entries = [
    { label: 'epoll-lt', model: 'epoll-lt' },
    { label: 'mine', model: 'mine', server: FOREIGN },
  ];
  const server = {
    processes: 2,
    tasksEnded: 0,
    threads: 3,
    rssMaxBytes: 4096,
    accepted: 4,
    congestion: 'reno',
    socketsErrno: 0,
  };
  const answer = (congestion: string) => (request: LoadRequest) =>
    fakeReport(request, request.session ? { server: { ...server, congestion } } : {});

  test('are rows beside the models, of the same load, and stored with what was executed', async () => {
    const world = fakeWorld({ answer: answer('reno') });
    const { result } = await run(world, { entries, blocks: 5 });
    expect(failed(result.trials)).toEqual([]);
    expect(result.record.servers).toEqual([
      { model: 'mine', executable: './mine', files: [{ path: './mine', hash: 'ab' }], version: null },
    ]);
    const own = world.load.requests.filter(({ session }) => session);
    expect(own).toHaveLength(5);
    expect(own.every(({ countersPath }) => countersPath === '')).toBe(true);
    const row = summarize(result).workloads[0]?.rows.find(({ label }) => label === 'mine');
    expect(row).toMatchObject({
      status: 'measured',
      server: { syscallsPerRequest: null },
      comparison: { ratio: 1 },
    });
    expect(result.record.warnings).toContain(
      'the system calls of servers of your own are not counted here: ',
    );
    expectCleanedUp(world);
  });
  test('are not ranked where their connections are not like the others', async () => {
    const world = fakeWorld({ answer: answer('bbr') });
    const { result } = await run(world, { entries, blocks: 5 });
    const row = summarize(result).workloads[0]?.rows.find(({ label }) => label === 'mine');
    expect(row).toMatchObject({
      comparison: {
        verdict: 'unknown',
        reason: 'its connections use bbr congestion control, those of epoll-lt reno',
      },
      warnings: ['1 request failed', expect.stringContaining('its connections use bbr congestion control')],
    });
  });
  test('have their system calls counted in trials of their own', async () => {
    const counters = [{ counter: 'strace' as const, available: true, reason: null }];
    let life = 0;
    const world: FakeWorld = fakeWorld({
      answer: answer('reno'),
      counters,
      straceCounts: () => ({ accept4: 4, recvfrom: life++ === 0 ? 10 : 22 }),
      // The life with next to no request answers three fewer.
      report: (request) => (request.measureNs === NS_PER_MS ? { completed: 2 } : {}),
    });
    const { result } = await run(world, { entries, blocks: 2 });
    const audited = result.trials.filter(({ status }) => status === 'audited');
    expect(audited.map(({ label }) => label)).toEqual(['mine', 'mine']);
    const row = summarize(result).workloads[0]?.rows.find(({ label }) => label === 'mine');
    // Twelve calls for nine requests fewer: the warm-up, which the brief life lacks, and seven of the window.
    expect(row).toMatchObject({ server: { syscallsPerRequestByName: { recvfrom: expect.any(Number) } } });
    expect(hasFailures(result)).toBe(false);
    expectCleanedUp(world);
  });
  test('that cannot run here are skipped with the reason', async () => {
    const world = fakeWorld({ serverSupport: () => ({ supported: false, reason: 'its probe says no' }) });
    const { result } = await run(world, { entries });
    expect(result.record.cells.find(({ label }) => label === 'mine')?.skipReason).toBe('its probe says no');
  });
  test('that do not end by themselves are told of', async () => {
    const world = fakeWorld({ answer: answer('reno'), stubborn: 'did not end' });
    const { result } = await run(world, { entries });
    expect(result.record.warnings.at(-1)).toBe('mine: the server did not end, and was killed');
  });
});

describe('contaminated trials', () => {
  const pinned = { serverCpus: [1], clientCpus: [0], blocks: 3 };
  const entries = ['epoll-lt', 'poll', 'select'].map((model) => ({ label: model, model }));
  const budget = (value: number) => ({ retry: { kind: 'time' as const, value, withinMs: null } });

  test('are measured again with what they are compared with, until as many are clean as were planned', async () => {
    // The second trial of the run alone.
    const world = fakeWorld({
      answer: (request, call) => (call === 1 ? disturbed(request) : fakeReport(request)),
    });
    const { result } = await run(world, { ...pinned, entries, ...budget(60_000) });
    const repeats = result.trials.filter(({ block }) => block >= 3);
    const hit = result.trials[1]?.label ?? '';
    expect(new Set(repeats.map(({ label }) => label))).toEqual(
      new Set(hit === 'epoll-lt' ? ['epoll-lt', 'poll', 'select'] : ['epoll-lt', hit]),
    );
    expect(new Set(repeats.map(({ block }) => block))).toEqual(new Set([3]));
    expect(result.trials.map(({ index }) => index)).toEqual([...result.trials.keys()]);
    expect(result.record.timing).toMatchObject({ blocks: 4, repeatBlocks: 1 });
    expect(result.record.warnings).toEqual(['a warning']);
    // One at both ends of each block.
    expect(result.calibrations.map(({ block }) => block)).toEqual([0, 1, 2, 3, 4]);
    expect(world.told).toContain(`again in block 4: ${repeats.length}`);
    expectCleanedUp(world);
  });
  test('that stay so use up the time, and the run says what it lacks', async () => {
    const world = fakeWorld({ answer: disturbed });
    const { result } = await run(world, { ...pinned, entries, ...budget(3000) });
    expect(result.record.timing?.repeatBlocks).toBeGreaterThan(0);
    expect(result.record.warnings[1]).toMatch(
      /^3 cells lack clean trials after 3 s of measuring again \(--retry\): 3 were planned; .* has 0: the host, not the blocks; mostly the client waited for its CPU … of the time$/,
    );
    expect(result.record.status).toBe('complete');
  });
  test.each([{ retry: null }, budget(0)])('are not measured again with %o', async (retry) => {
    const world = fakeWorld({ answer: disturbed });
    const { result } = await run(world, { ...pinned, ...retry });
    expect(result.record.timing).toMatchObject({ blocks: 3, repeatBlocks: 0 });
  });
  test('are measured again within a share of what the planned blocks took, and within --max-time', async () => {
    const blocksOf = async (settings: Partial<RunSettings>) => {
      const { result } = await run(fakeWorld({ answer: disturbed }), { ...pinned, blocks: 8, ...settings });
      return result.record.timing?.repeatBlocks;
    };
    const half = { kind: 'share' as const, value: 0.5, withinMs: null };
    expect(await blocksOf({ retry: half })).toBe(4);
    expect(await blocksOf({ retry: half, maxTimeS: 0.001 })).toBe(0);
    // A block of two trials takes 740 ms, eight of them 5920 ms.
    const blockMs = FAKE_CALIBRATION_MS + 2 * (FAKE_OVERHEAD_MS + 250);
    expect(await blocksOf({ retry: { ...half, withinMs: 10.5 * blockMs } })).toBe(2);
    expect(await blocksOf({ retry: { ...half, withinMs: 6 * blockMs } })).toBe(0);
  });
  test('of one row that is never clean are given up, and the run says of which and why', async () => {
    const world: FakeWorld = fakeWorld({
      answer: (request) =>
        world.servers.at(-1)?.path === '/bin/poll' ? disturbed(request) : fakeReport(request),
    });
    const { result } = await run(world, { ...pinned, entries, ...budget(60_000) });
    expect(result.record.timing?.repeatBlocks).toBe(5);
    expect(result.record.warnings.slice(1)).toEqual([
      '1 cell lacks clean trials and was given up: never clean where others beside were: poll under small; mostly the client waited for its CPU … of the time',
    ]);
  });
  test('that an abort interrupts stay, in a block with a calibration at both ends', async () => {
    const controller = new AbortController();
    // The second of the repeat block's trials.
    const world = fakeWorld({
      answer: disturbed,
      launch: (call) => {
        if (call === 10) controller.abort();
      },
    });
    const { result } = await run(world, { ...pinned, entries, ...budget(60_000) }, controller);
    expect(result.record.status).toBe('interrupted');
    expect(result.trials.filter(({ block }) => block === 3)).toHaveLength(1);
    expect(result.record.timing).toMatchObject({ blocks: 4, repeatBlocks: 1 });
    expect(result.calibrations.map(({ block }) => block)).toEqual([0, 1, 2, 3, 4]);
    expectCleanedUp(world);
  });
  test('of an interrupted planned block are enclosed by calibrations, too', async () => {
    const controller = new AbortController();
    const world = fakeWorld({
      launch: (call) => {
        if (call === 4) controller.abort();
      },
    });
    const { result } = await run(world, { ...pinned, entries }, controller);
    expect(result.trials).toHaveLength(4);
    expect(result.calibrations.map(({ block }) => block)).toEqual([0, 1, 2]);
    expect(result.record.timing).toMatchObject({ blocks: 2, repeatBlocks: 0 });
  });
});

describe('a run', () => {
  test('measures every cell once in each block, block by block', async () => {
    const world = fakeWorld();
    const entries = ['epoll-lt', 'poll', 'select'].map((model) => ({ label: model, model }));
    const { result } = await run(world, { entries, blocks: 4 });
    expect(result.trials.map((trial) => trial.index)).toEqual([...Array(12).keys()]);
    expect(result.trials.map((trial) => trial.block)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
    for (const block of [0, 1, 2, 3]) {
      const labels = result.trials.filter((trial) => trial.block === block).map((trial) => trial.label);
      expect(labels.sort()).toEqual(['epoll-lt', 'poll', 'select']);
    }
    expectCleanedUp(world);
  });

  test('saves every trial as it ends, before the load of the next one', async () => {
    const saved: number[] = [];
    const world: FakeWorld = fakeWorld({
      answer: (request) => {
        saved.push(written(world).trials.length);
        return fakeReport(request);
      },
    });
    await run(world);
    expect(saved).toEqual([0, 1, 2, 3]);
  });

  test('saves the record before the first trial, and again at the end', async () => {
    const world = fakeWorld();
    const { result, folder } = await run(world);
    const { records, trials } = written(world);
    expect(records.map((record) => record.status)).toEqual(['running', 'complete']);
    expect(records[0]).toMatchObject({
      runId: 'run-1',
      finishedAt: null,
      timing: null,
      warnings: ['a warning'],
    });
    expect(records[1]).toEqual(result.record);
    expect(trials).toEqual(result.trials);
    expect(folder).toBe('/results/run-1');
    expect(world.stores[0]?.written.map((write) => write.kind)).toEqual([
      'record',
      ...['calibration', 'trial', 'trial'],
      ...['calibration', 'trial', 'trial'],
      'calibration',
      'record',
    ]);
  });

  test('says how much of its time was load', async () => {
    const world = fakeWorld();
    const { result } = await run(world, { blocks: 3 });
    const loadMs = 6 * 250;
    const wallMs = loadMs + 6 * FAKE_OVERHEAD_MS + 4 * FAKE_CALIBRATION_MS;
    const measuredShare = (loadMs - 6 * result.record.settings.warmupMs) / wallMs;
    const loadShare = loadMs / wallMs;
    expect(result.record.timing).toEqual({
      ...{ wallMs, loadMs, loadShare, measuredShare },
      ...{ blocks: 3, repeatBlocks: 0 },
    });
  });

  test('locks the CPUs of both sides while it goes on, and all it may use where nothing is pinned', async () => {
    const world = fakeWorld();
    await run(world, { serverCpus: [3, 4], clientCpus: [2] });
    expect(world.locks).toEqual([[3, 4, 2], 'released']);
    const unpinned = fakeWorld();
    await run(unpinned, { serverCpus: null, clientCpus: null });
    expect(unpinned.locks[0]).toEqual(parseCpuList(fixtureRun().record.environment.cpusAllowed ?? ''));
  });

  test('takes CPUs that it does not run on where it may, and refuses those that it may not use', async () => {
    const asked: number[] = [];
    const may = fakeWorld({
      whyNotCpu: (cpu) => {
        asked.push(cpu);
        return null;
      },
    });
    await run(may, { serverCpus: [99], clientCpus: [0] });
    expect(asked).toEqual([99]);
    const mayNot = fakeWorld({ whyNotCpu: () => 'sched_setaffinity: EINVAL' });
    await expect(run(mayNot, { serverCpus: [99], clientCpus: [0] })).rejects.toThrow(
      'CPU 99 may not be used by this process: sched_setaffinity: EINVAL',
    );
    expect(mayNot.stores).toEqual([]);
  });

  test('measures and stores nothing where another run has its CPUs', async () => {
    const world = fakeWorld({
      lock: () => {
        throw new EnvironmentError('CPU 1 is measured on by run b');
      },
    });
    await expect(run(world)).rejects.toThrow('run b');
    expect(world.stores).toEqual([]);
    expect(world.servers).toEqual([]);
  });

  test('goes on without locks, with a warning, and releases them when it breaks', async () => {
    const world = fakeWorld({ lockWarning: 'not locked' });
    const { result } = await run(world);
    expect(result.record.warnings).toContain('not locked');
    const broken = fakeWorld({
      write: (write) => {
        if (write.kind === 'trial') throw new EnvironmentError('disk full');
      },
    });
    await expect(run(broken)).rejects.toThrow('disk full');
    expect(broken.locks.at(-1)).toBe('released');
  });

  test('calibrates at both ends of each block, where servers and client run', async () => {
    const world = fakeWorld();
    const { result } = await run(world, { serverCpus: [3, 4], clientCpus: [2] });
    expect(world.calibrated).toEqual(Array(3).fill({ serverCpu: 3, clientCpu: 2 }));
    expect(result.calibrations).toEqual(
      [0, 1, 2].map((block) => ({
        block,
        startedAt: expect.any(String),
        wallMs: FAKE_CALIBRATION_MS,
        cpu: 3,
        ...{ spinNs: 800, syscallNs: 150, pingNs: 9000 },
      })),
    );
    const unpinned = fakeWorld();
    await run(unpinned, { serverCpus: null, clientCpus: null });
    expect(unpinned.calibrated[0]).toEqual({ serverCpu: null, clientCpu: null });
  });

  test('goes on where it cannot calibrate, and says so', async () => {
    const world = fakeWorld({
      calibrate: (call) => {
        if (call === 1) throw new EnvironmentError('cannot calibrate: no');
      },
    });
    const { result } = await run(world, { blocks: 3 });
    expect(result.record).toMatchObject({
      status: 'complete',
      warnings: ['a warning', 'block 1 has no calibration: cannot calibrate: no'],
    });
    expect(result.calibrations.map(({ block }) => block)).toEqual([0, 2, 3]);
    expect(result.trials).toHaveLength(6);
  });

  test('goes on where the calibration does not compile, and says so in every block', async () => {
    const world = fakeWorld({
      failures: new Map([['calibration.so', 'cc could not compile it: no such thing']]),
    });
    const { result } = await run(world, { blocks: 2 });
    expect(result.record).toMatchObject({ status: 'complete' });
    expect(result.record.warnings.filter((line) => line.includes('no such thing'))).toEqual(
      [0, 1, 2].map((block) => `block ${block} has no calibration: cc could not compile it: no such thing`),
    );
    expect(result.trials).toHaveLength(4);
  });

  test('tells what it does', async () => {
    const world = fakeWorld({
      support: ({ id }) => (id === 'poll' ? { supported: false, reason: 'no' } : {}),
    });
    await run(world, { entries: ['epoll-lt', 'poll', 'select'].map((model) => ({ label: model, model })) });
    expect(world.told.map((line) => line.replace(/epoll-lt|select/, '<model>'))).toEqual([
      'planned 3 cells in /results/run-1',
      'started <model>, 0 of 4',
      'measured <model>',
      'started <model>, 1 of 4',
      'measured <model>',
      'block 1 of 2',
      'started <model>, 2 of 4',
      'measured <model>',
      'started <model>, 3 of 4',
      'measured <model>',
      'block 2 of 2',
    ]);
  });

  test('compiles and probes once what several rows share', async () => {
    const world = fakeWorld();
    const entries = ['epoll-lt', 'epoll-et', 'epoll-lt'].map((model, i) => ({
      label: `${model}-${i}`,
      model,
    }));
    await run(world, { entries, baseline: 'epoll-lt-0' });
    expect(world.compiled).toEqual(['epoll']);
    expect(world.probed).toEqual(['epoll-lt', 'epoll-et']);
  });

  test('starts each server with the options of its row, room for the connections, and its CPUs', async () => {
    const entries = [{ label: 'epoll-et', model: 'epoll-et' }];
    const pinned = fakeWorld();
    await run(pinned, { entries, blocks: 1, serverCpus: [1, 2] });
    expect(pinned.servers[0]).toMatchObject({
      path: '/bin/epoll',
      args: ['--trigger=edge', '--conns-max=12', '--cpu=1,2'],
    });
    const free = fakeWorld();
    await run(free, { entries, blocks: 1, serverCpus: null, clientCpus: null });
    expect(free.servers[0]?.args).toEqual(['--trigger=edge', '--conns-max=12']);
    expect(free.load.requests[0]?.clientCpus).toBeNull();
  });

  test('handicaps the servers of the rows that it is told to, and no others', async () => {
    const entries = ['poll', 'poll#2'].map((label) => ({ label, model: 'poll' }));
    const world = fakeWorld();
    const handicap = { ns: 500, labels: ['poll#2'] };
    const { result } = await run(world, { entries, baseline: 'poll', blocks: 1, handicap });
    const handicapped = world.servers.map(({ args }) => args.includes('--handicap-ns=500'));
    expect(result.trials.map(({ label }) => label === 'poll#2')).toEqual(handicapped);
    expect(handicapped.toSorted()).toEqual([false, true]);
  });

  test.each([
    { connections: 1000, connsMax: 1008 },
    { connections: 1010, connsMax: 1016 },
  ])('asks select for room for $connsMax, and never for more than it can hold', async (row) => {
    const world = fakeWorld();
    await run(world, {
      entries: [{ label: 'select', model: 'select' }],
      workloads: [{ ...FAKE_WORKLOAD, connections: row.connections }],
      blocks: 1,
    });
    expect(world.servers[0]?.args).toContain(`--conns-max=${row.connsMax}`);
  });

  const {
    active: _active,
    depth: _depth,
    mode: _mode,
    ...common
  } = FAKE_WORKLOAD as Extract<Workload, { mode: 'closed' }>;
  const shapes: [title: string, workload: Workload, asked: Partial<LoadRequest>][] = [
    ['closed', FAKE_WORKLOAD, { mode: 'closed', connections: 4, active: 2, depth: 3, ratePerS: 0 }],
    [
      'churn',
      { ...common, mode: 'churn' },
      { mode: 'churn', connections: 4, active: 4, depth: 1, ratePerS: 0 },
    ],
    [
      'open loop at a fixed rate',
      { ...common, mode: 'open', active: 3, depth: 2, ratePerSecond: 500, arrivals: 'fixed' },
      { mode: 'open-fixed', active: 3, depth: 2, ratePerS: 500 },
    ],
    [
      'open loop with Poisson arrivals',
      { ...common, mode: 'open', active: 3, depth: 2, ratePerSecond: 0.5, arrivals: 'poisson' },
      { mode: 'open-poisson', ratePerS: 0.5 },
    ],
  ];
  test.each(shapes)('asks for the load that the workload describes: %s', async (_title, workload, asked) => {
    const world = fakeWorld();
    await run(world, { workloads: [workload], blocks: 1 });
    expect(world.load.requests[0]).toMatchObject({
      ...asked,
      port: 7000,
      messageBytes: 64,
      warmupNs: 50 * NS_PER_MS,
      measureNs: 200 * NS_PER_MS,
      serverPid: 1001,
      countersPath: '/proc/1001/fd/4',
      clientCpus: [0],
    });
    expect(world.load.requests[0]?.edgeFiles).toContain('/proc/1001/status');
  });

  test('gives every trial a seed of its own, and the same ones to the same run', async () => {
    const [a, b] = [fakeWorld(), fakeWorld()];
    await run(a);
    await run(b);
    const seeds = a.load.requests.map((request) => request.seed);
    expect(new Set(seeds).size).toBe(seeds.length);
    expect(b.load.requests.map((request) => request.seed)).toEqual(seeds);
  });
});

describe('workloads of files', () => {
  const files =
    (world: { told: string[] }): NonNullable<FakeWorldOptions['openFiles']> =>
    async (request) => ({
      directory: '/data',
      fileSystem: { type: 'ext4', inMemory: false, freeBytes: 1e9, deviceStat: '/sys/dev/block/8:1/stat' },
      warnings: ['a warning of the folder'],
      bytes: request.workloads.reduce((sum, { fileBytes }) => sum + fileBytes, 0),
      pathOf: ({ id }) => `/data/${id}`,
      layOut: async (program, workloads) => {
        world.told.push(`layOut ${program} ${workloads.map(({ id }) => id)}`);
      },
      verify: async () => {
        world.told.push('verify');
        return 16_384;
      },
      remove: async () => {
        world.told.push('remove');
      },
    });
  const answer = (request: LoadRequest) => fakeReport(request, { file: fakeFileReport(), errors: 0 });
  const settings = {
    entries: ['pread', 'native-aio-direct'].map((model) => ({ label: model, model })),
    workloads: [FIXTURE_JOB, { ...FIXTURE_JOB, id: 'read-cold', cache: 'cold' as const }],
    baseline: 'pread',
    blocks: 1,
  };

  test('are laid out before the first trial, verified after the last one, and removed', async () => {
    const told: string[] = [];
    const world = fakeWorld({ openFiles: files({ told }), answer });
    const { result } = await run(world, settings);
    expect(told).toEqual(['layOut /bin/pread read-warm,read-cold', 'verify', 'remove']);
    expect(result.record.files).toMatchObject({ directory: '/data', blocksVerified: 16_384 });
    expect(result.record.warnings).toContain('a warning of the folder');
    expect(hasFailures(result)).toBe(false);
    expectCleanedUp(world);
  });

  test('have cells of the rows that take them, whose programs are told the job, and no echo check', async () => {
    const world = fakeWorld({ openFiles: files({ told: [] }), answer });
    const { result } = await run(world, settings);
    expect(result.record.cells.map(({ label, workload }) => `${label}/${workload}`)).toEqual([
      'pread/read-warm',
      'pread/read-cold',
    ]);
    const [server] = world.servers;
    expect(server?.args).toEqual(expect.arrayContaining(['--depth=1', '--action=read']));
    expect(server?.args.join(' ')).toMatch(/--file=\/data\/read-(warm|cold) /);
    const cold = world.load.requests.filter(({ warmupNs }) => warmupNs === 0);
    expect(world.load.requests.map(({ mode }) => mode)).toEqual(['conduct', 'conduct']);
    // What is warmed up is not cold.
    expect(cold).toHaveLength(1);
    expect(
      result.trials.flatMap((t) => (t.status === 'measured' ? [t.observation.file?.pages] : [])),
    ).toEqual([4, 4]);
  });

  test('whose files are not whole at the end fail the run, and are removed all the same', async () => {
    const told: string[] = [];
    const open = files({ told });
    const world = fakeWorld({
      answer,
      openFiles: async (request, path) => ({
        ...(await open(request, path)),
        verify: async () => {
          throw new EnvironmentError('the block at 0 is not whole');
        },
      }),
    });
    const { result } = await run(world, settings);
    expect(result.record.files?.blocksVerified).toBeNull();
    expect(result.record.warnings.join()).toContain('the block at 0 is not whole');
    expect(hasFailures(result)).toBe(true);
    expect(told.at(-1)).toBe('remove');
  });

  test('that cannot be laid out end the run before it makes a folder, and leave nothing', async () => {
    const told: string[] = [];
    const open = files({ told });
    const world = fakeWorld({
      openFiles: async (request, path) => ({
        ...(await open(request, path)),
        layOut: async () => {
          throw new EnvironmentError('room for 64 bytes: No space left on device');
        },
      }),
    });
    await expect(run(world, settings)).rejects.toThrow('No space left on device');
    expect(world.stores).toEqual([]);
    expect(told).toEqual(['remove']);
  });

  test('that a row cannot do are skipped with what its probe said of them', async () => {
    const world = fakeWorld({
      openFiles: files({ told: [] }),
      answer,
      support: (model, job) =>
        model.id === 'pread' && job.includes('--cache=cold')
          ? { supported: false, reason: 'no cold here' }
          : {},
    });
    const { result } = await run(world, settings);
    expect(result.record.cells).toMatchObject([
      { workload: 'read-warm', skipReason: null },
      { workload: 'read-cold', skipReason: 'no cold here' },
    ]);
    expect(result.record.support.find(({ model }) => model === 'pread')?.supported).toBe(true);
  });

  test('that nothing in the run can do end it with the reasons', async () => {
    const told: string[] = [];
    const world = fakeWorld({
      openFiles: files({ told }),
      support: () => ({ supported: false, reason: 'the file system does not take it' }),
    });
    await expect(run(world, settings)).rejects.toThrow('the file system does not take it');
    expect(told).toEqual(['remove']);
  });
});

describe("the CPU's counters", () => {
  const hardwareErrnos = [0, 0, 0, 0];

  test('count in trials of their own, interleaved in the first two blocks', async () => {
    const world = fakeWorld({ hardwareErrnos });
    const { result } = await run(world, { blocks: 3 });
    const asked = world.load.requests.map(({ hardware }) => hardware);
    expect(result.trials.map(({ counter }) => counter === 'cpu')).toEqual(asked);
    expect(result.trials.map(({ block, status }) => `${block} ${status}`).toSorted()).toEqual([
      ...['0 counted', '0 counted', '0 measured', '0 measured'],
      ...['1 counted', '1 counted', '1 measured', '1 measured'],
      ...['2 measured', '2 measured'],
    ]);
    expect(result.record.uncountedEvents).toEqual({});
    expect(world.told.some((line) => line.endsWith(' of 10'))).toBe(true);
    expectCleanedUp(world);
  });

  test('add nothing where the CPU has none, and the record says why', async () => {
    const world = fakeWorld();
    const { result } = await run(world);
    expect(result.trials.map(({ status }) => status)).toEqual(Array(4).fill('measured'));
    expect(world.load.requests.map(({ hardware }) => hardware)).toEqual(Array(4).fill(false));
    expect(result.record.uncountedEvents).toMatchObject({ instructionsUser: 'ENOENT', cycles: 'ENOENT' });
  });

  test('count what may be counted', async () => {
    const world = fakeWorld({ hardwareErrnos: [0, 13, 13, 0] });
    const { result } = await run(world);
    expect(result.trials.filter(({ status }) => status === 'counted')).toHaveLength(4);
    expect(result.record.uncountedEvents).toEqual({ instructionsKernel: 'EACCES', cycles: 'EACCES' });
  });

  test('are not looked for where they are not wanted', async () => {
    const { result } = await run(fakeWorld({ hardwareErrnos }), { cpuCounters: false });
    expect(result.trials).toHaveLength(4);
    const { result: none } = await run(fakeWorld(), { cpuCounters: false });
    expect(none.record.uncountedEvents).toEqual({});
  });

  test('of a trial that breaks make a failed trial', async () => {
    const place = (await run(fakeWorld({ hardwareErrnos }))).result.trials.findIndex(
      ({ status }) => status === 'counted',
    );
    const launch = (call: number) => {
      if (call === place) throw new LaunchError('no ready line', null);
    };
    const { result } = await run(fakeWorld({ hardwareErrnos, launch }));
    expect(failed(result.trials)).toMatchObject([{ counter: 'cpu', stage: 'launch' }]);
    expect(result.trials.filter(({ status }) => status === 'measured')).toHaveLength(4);
    expect(hasFailures(result)).toBe(true);
  });
});

describe('cells that cannot be measured', () => {
  test('are skipped with the reason, and the others are measured', async () => {
    const world = fakeWorld({
      support: ({ id }) => (id === 'poll' ? { supported: false, reason: 'not on this planet' } : {}),
    });
    const { result } = await run(world);
    expect(result.record.cells.map((cell) => [cell.label, cell.skipReason])).toEqual([
      ['epoll-lt', null],
      ['poll', 'not on this planet'],
    ]);
    expect(result.record.support).toContainEqual({
      model: 'poll',
      supported: false,
      reason: 'not on this planet',
      features: [],
      connectionsMax: null,
      limitReason: null,
    });
    expect(result.trials.map((trial) => trial.label)).toEqual(['epoll-lt', 'epoll-lt']);
    expect(hasFailures(result)).toBe(false);
  });

  test('end the run before it makes a folder where there are no others', async () => {
    const world = fakeWorld({ nofile: 16 });
    const ended = run(world);
    await expect(ended).rejects.toThrow(EnvironmentError);
    await expect(ended).rejects.toThrow(
      /^nothing can be measured here:\nepoll-lt under small: RLIMIT_NOFILE is 16, .*\npoll under small: RLIMIT_NOFILE/,
    );
    expect(world.stores).toEqual([]);
  });
});

describe('a trial that fails', () => {
  const SECOND = 1;
  const when = (call: number, answer: (request: LoadRequest) => LoadReport | Error) => ({
    answer: (request: LoadRequest, i: number) => (i === call ? answer(request) : fakeReport(request)),
  });
  const reported = (change: Partial<LoadReport>) =>
    when(SECOND, (request) => fakeReport(request, change as Partial<Omit<LoadReport, 'start' | 'end'>>));
  const thrown = (error: Error) => (call: number) => {
    if (call === SECOND) throw error;
  };

  const cases: { title: string; options: Parameters<typeof fakeWorld>[0]; stage: string; message: string }[] =
    [
      {
        title: 'because the server does not come up',
        options: { launch: thrown(new LaunchError('no ready line', { exitCode: 1, signal: null })) },
        stage: 'launch',
        message: 'no ready line',
      },
      {
        title: 'because the server does not echo',
        options: { preflight: thrown(new Error('echo check: wrong bytes after 7')) },
        stage: 'preflight',
        message: 'echo check: wrong bytes after 7',
      },
      {
        title: 'because the server stalls',
        options: reported({ status: 'stalled', message: '2 connections wait' }),
        stage: 'load',
        message: 'stalled: 2 connections wait',
      },
      {
        title: 'because the server is killed, with how it ended',
        options: {
          ...reported({ status: 'server-gone', message: 'the process ended' }),
          ended: { exitCode: null, signal: 'SIGKILL' },
        },
        stage: 'load',
        message: 'server-gone: the process ended (the server ended by SIGKILL)',
      },
      {
        title: 'because the server exits, with how it ended and what it said',
        options: {
          ...reported({ status: 'server-gone', message: 'the process ended' }),
          ended: { exitCode: 1, signal: null },
          stderr: 'epoll: epoll_wait: Bad file descriptor\n',
        },
        stage: 'load',
        message:
          'server-gone: the process ended (the server ended by exit 1) (server: epoll: epoll_wait: Bad file descriptor)',
      },
      {
        title: 'because the server breaks every connection, and lives on',
        options: {
          ...reported({ status: 'server-gone', message: 'all 2 active connections broke' }),
          ended: 'lives on',
        },
        stage: 'load',
        message: 'server-gone: all 2 active connections broke',
      },
      {
        title: 'because the server ends before it is connected to',
        options: {
          ...reported({ status: 'connect-failed', message: 'Connection refused' }),
          ended: { exitCode: null, signal: 'SIGSEGV' },
        },
        stage: 'load',
        message: 'connect-failed: Connection refused (the server ended by SIGSEGV)',
      },
      {
        title: 'because the load cannot begin',
        options: when(SECOND, () => new UsageError('load generator: too few file descriptors')),
        stage: 'load',
        message: 'load generator: too few file descriptors',
      },
      {
        title: 'because nothing was answered',
        options: reported({ completed: 0, drained: 0 }),
        stage: 'measure',
        message: 'no request was answered in the window',
      },
    ];
  test.each(cases)('$title is recorded, and the rest goes on', async ({ options, stage, message }) => {
    const world = fakeWorld(options);
    const { result } = await run(world);
    expect(failed(result.trials)).toMatchObject([{ index: 1, block: 0, status: 'failed', stage, message }]);
    expect(result.trials).toHaveLength(4);
    expect(result.record.status).toBe('complete');
    expect(written(world).trials).toEqual(result.trials);
    expect(hasFailures(result)).toBe(true);
    expectCleanedUp(world);
  });

  test('leaves what its server said in the logs', async () => {
    const world = fakeWorld({ preflight: thrown(new Error('no echo')), stderr: 'oh\n' });
    const { result } = await run(world);
    const label = failed(result.trials)[0]?.label;
    expect(written(world).logs).toContainEqual({
      kind: 'log',
      name: `1-${label}-small.stderr`,
      text: 'oh\n',
    });
  });

  test('counts as no load', async () => {
    const { result } = await run(fakeWorld({ preflight: thrown(new Error('no echo')) }));
    expect(result.record.timing?.loadMs).toBe(3 * 250);
  });

  test('is every trial: the run is complete all the same', async () => {
    const world = fakeWorld({
      preflight: () => {
        throw new Error('no echo');
      },
    });
    const { result } = await run(world);
    expect(failed(result.trials)).toHaveLength(4);
    expect(result.record.status).toBe('complete');
    expectCleanedUp(world);
  });
});

describe('a disk that is full', () => {
  const full = new EnvironmentError('cannot write trials.ndjson: ENOSPC; the disk is full');

  test('ends the run with that reason; earlier trials are kept and the server is stopped', async () => {
    const world: FakeWorld = fakeWorld({
      write: (write) => {
        if (write.kind === 'trial' && write.trial.index === 2) throw full;
      },
    });
    await expect(run(world)).rejects.toBe(full);
    const { records, trials } = written(world);
    expect(trials.map((trial) => trial.index)).toEqual([0, 1]);
    expect(records.at(-1)).toMatchObject({ status: 'broken' });
    // That of the next trial may have been begun.
    expect(world.servers.length).toBeLessThanOrEqual(4);
    expectCleanedUp(world);
  });

  test('may fail the record too: the first reason is what is told', async () => {
    const world: FakeWorld = fakeWorld({
      write: (write) => {
        if (write.kind === 'record' && written(world).records.length > 0)
          throw new Error('the second reason');
        if (write.kind === 'trial' && write.trial.index === 1) throw full;
      },
    });
    await expect(run(world)).rejects.toBe(full);
    expect(written(world).records.map((record) => record.status)).toEqual(['running']);
    expectCleanedUp(world);
  });

  test('ends the run when what a server said cannot be kept', async () => {
    const world = fakeWorld({
      stderr: 'oh\n',
      write: (write) => {
        if (write.kind === 'log') throw full;
      },
    });
    await expect(run(world)).rejects.toBe(full);
    // The next server is started while the first one ends.
    expect(world.servers.length).toBeLessThanOrEqual(2);
    expectCleanedUp(world);
  });

  test('starts no server where even the record cannot be written', async () => {
    const world = fakeWorld({
      write: () => {
        throw full;
      },
    });
    await expect(run(world)).rejects.toBe(full);
    expect(world.servers).toEqual([]);
  });
});

describe('an abort', () => {
  const SECOND = 1;
  const stages: [stage: string, options: (abort: () => void) => Parameters<typeof fakeWorld>[0]][] = [
    ['while a server starts', (abort) => ({ launch: (call) => call === SECOND && abort() })],
    [
      'in the echo check',
      (abort) => ({
        preflight: (call) => {
          if (call !== SECOND) return;
          abort();
          throw new Error('interrupted');
        },
      }),
    ],
    [
      'in the middle of the load',
      (abort) => ({
        answer: (request, call) => {
          if (call !== SECOND) return fakeReport(request);
          queueMicrotask(abort);
          return 'until-aborted';
        },
      }),
    ],
    [
      'as the load ends',
      (abort) => ({
        answer: (request, call) => {
          if (call === SECOND) abort();
          return fakeReport(request);
        },
      }),
    ],
    [
      'while the trial before is being saved',
      (abort) => ({ write: (write) => write.kind === 'trial' && write.trial.index === 0 && abort() }),
    ],
  ];
  test.each(stages)('%s keeps the trials before it, and no half of one', async (_stage, options) => {
    const controller = new AbortController();
    const world = fakeWorld(options(() => controller.abort(new Error('by SIGINT'))));
    const { result } = await run(world, {}, controller);
    expect(result.trials.map((trial) => trial.index)).toEqual([0]);
    expect(result.record).toMatchObject({ status: 'interrupted', timing: { blocks: 1 } });
    const { records, trials } = written(world);
    expect(trials).toEqual(result.trials);
    expect(records.at(-1)).toEqual(result.record);
    expectCleanedUp(world);
  });

  test('before anything is measured makes no folder', async () => {
    const controller = new AbortController();
    const reason = new Error('by SIGINT');
    const world = fakeWorld({ compile: () => controller.abort(reason) });
    await expect(run(world, {}, controller)).rejects.toBe(reason);
    expect(world.stores).toEqual([]);
  });
});

describe('a bug', () => {
  test('is thrown as it is, after the server is stopped and the record says that the run broke', async () => {
    const bug = new TypeError('undefined is not a function');
    const world = fakeWorld({
      launch: (call) => {
        if (call === 1) throw bug;
      },
    });
    await expect(run(world)).rejects.toBe(bug);
    expect(written(world).records.at(-1)).toMatchObject({ status: 'broken' });
    expect(written(world).trials).toHaveLength(1);
    expectCleanedUp(world);
  });
});

describe('--precision', () => {
  /** Throughput that differs from trial to trial, the same every time: the interval narrows with blocks. */
  const noisy = (request: LoadRequest, call: number) => {
    const completed = 1000 + ((call * 7919) % 101);
    return fakeReport(request, { completed, sent: completed + 2, errors: 1, inFlightAtDeadline: 1 });
  };
  const widest = (outcome: RunOutcome) =>
    Math.max(
      ...halfWidths(summarize(outcome.result)).map(({ halfWidth }) => halfWidth ?? Number.POSITIVE_INFINITY),
    );

  test('adds blocks until every ratio is known so well', async () => {
    const without = await run(fakeWorld({ answer: noisy }), { blocks: 5 });
    const precision = widest(without) / 2;
    const world = fakeWorld({ answer: noisy });
    const reached = await run(world, { blocks: 5, precision });
    expect(widest(reached)).toBeLessThanOrEqual(precision);
    expect(reached.result.record.timing?.blocks).toBeGreaterThan(5);
    expect(reached.result.record.status).toBe('complete');
    expect(reached.result.record.warnings).toEqual(['a warning']);
    expect(world.told.filter((line) => line.startsWith('block')).at(-1)).toBe(
      `block ${reached.result.record.timing?.blocks} of ${reached.result.record.timing?.blocks}`,
    );
  });

  test('adds none where the planned blocks suffice', async () => {
    const { result } = await run(fakeWorld(), { blocks: 4, precision: 0.5 });
    expect(result.record.timing?.blocks).toBe(4);
  });

  test('adds blocks where the planned ones are too few for any interval', async () => {
    const { result } = await run(fakeWorld(), { blocks: 1, precision: 0.5 });
    expect(result.record.timing?.blocks).toBeGreaterThan(1);
    expect(result.record.timing?.blocks).toBeLessThan(10);
  });

  test('ends where no ratio can be known, because the baseline always fails', async () => {
    const entries = ['epoll-lt', 'poll'].map((model) => ({ label: model, model }));
    const world: FakeWorld = fakeWorld({
      preflight: (call) => {
        if (world.servers[call]?.path === '/bin/epoll') throw new Error('no echo');
      },
    });
    const { result } = await run(world, { entries, blocks: 2, precision: 0.01 });
    expect(result.record.timing?.blocks).toBeLessThan(20);
    expect(result.record.warnings.at(-1)).toMatch(
      /^--precision 1 % was not reached after \d+ blocks: 1 of 1 ratio is wider, or may be; that of poll under .* is not known$/,
    );
  });

  test('has nothing to wait for where one row is alone', async () => {
    const entries = [{ label: 'epoll-lt', model: 'epoll-lt' }];
    const { result } = await run(fakeWorld({ answer: noisy }), { entries, blocks: 2, precision: 0.0001 });
    expect(result.record.timing?.blocks).toBe(2);
    expect(result.record.warnings).toContain(
      '--precision 0.01 %: no ratio was measured that it could be about',
    );
  });

  test('ends at --max-time, which starts no further block', async () => {
    const blockS = (2 * (250 + FAKE_OVERHEAD_MS)) / 1000;
    const { result } = await run(fakeWorld({ answer: noisy }), {
      blocks: 2,
      precision: 1e-9,
      maxTimeS: 5 * blockS - 0.001,
    });
    expect(result.record.timing?.blocks).toBe(5);
    expect(result.trials).toHaveLength(10);
    expect(result.record.warnings.at(-1)).toMatch(
      /^--precision 1e-7 % was not reached after 5 blocks: 1 of 1 ratio is wider, or may be; that of .* under .* is known to \d.* %$/,
    );
  });
});

test('--max-time ends a run before its planned blocks, but never before the first', async () => {
  const { result } = await run(fakeWorld(), { blocks: 100, maxTimeS: 0.001 });
  expect(result.record.timing?.blocks).toBe(1);
  expect(result.record.status).toBe('complete');
  expect(result.record.warnings).toEqual([
    'a warning',
    '--max-time 0.001 s ended the run after 1 block of 100 planned',
  ]);
});
