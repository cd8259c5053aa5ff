import type { CostPlaces } from './costs/meter.ts';
import { type FakeAnswer, type FakeLoad, fakeLoadGenerator, fakeReport } from './load/fake.ts';
import type { ModelSpec } from './models/registry.ts';
import { fixtureRun } from './results/fixture.ts';
import type { CounterSupport, RunSettings, Support } from './results/schema.ts';
import { type FakeStore, type FakeWrite, fakeStore } from './results/store.fake.ts';
import type { RunDeps, RunListener } from './run.ts';
import type { ServerEnd, ServerHandle } from './server/launch.ts';
import { NS_PER_MS } from './util/units.ts';
import type { Workload } from './workloads/schema.ts';

/** How the fake world behaves; what is left out goes well. */
export interface FakeWorldOptions {
  readonly compile?: () => void;
  readonly support?: (model: ModelSpec) => Partial<Support>;
  /** RLIMIT_NOFILE. */
  readonly nofile?: number;
  /** Called with the number of the launch, from 0; throw to let it fail. */
  readonly launch?: (call: number) => void;
  /** Called with the number of the server, from 0. */
  readonly preflight?: (call: number) => void;
  readonly answer?: FakeAnswer;
  readonly write?: (write: FakeWrite) => void;
  /** What the audit may count with; nothing by default. */
  readonly counters?: readonly CounterSupport[];
  /** Called with the number of the calibration, from 0; throw to let it fail. */
  readonly calibrate?: (call: number) => void;
  /** What each server says on stderr, and how it ended if it was not stopped. */
  readonly stderr?: string;
  readonly ended?: ServerEnd | 'lives on';
}

export interface FakeServer {
  readonly path: string;
  readonly args: readonly string[];
  readonly pid: number;
  stopped: boolean;
}

export interface FakeWorld {
  readonly deps: RunDeps;
  readonly listener: RunListener;
  /** What the listener was told, in words. */
  readonly told: string[];
  readonly load: FakeLoad;
  /** The stores that were created: none or one. */
  readonly stores: FakeStore[];
  readonly servers: FakeServer[];
  readonly compiled: string[];
  readonly probed: string[];
  /** Where each calibration was asked for. */
  readonly calibrated: CostPlaces[];
}

/** How long everything but the load takes in a fake trial. */
export const FAKE_OVERHEAD_MS = 100;
export const FAKE_CALIBRATION_MS = 40;
const FIRST_PID = 1001;
const FIXTURE = fixtureRun().record;

/** A world without processes, files and clocks, in which a run takes no time. */
export function fakeWorld(options: FakeWorldOptions = {}): FakeWorld {
  const { environment } = FIXTURE;
  const limits = { ...environment.limits, nofile: options.nofile ?? environment.limits.nofile };
  let clockMs = 0;
  let launches = 0;
  const load = fakeLoadGenerator((request, call) => {
    clockMs += (request.warmupNs + request.measureNs) / NS_PER_MS;
    return options.answer?.(request, call) ?? fakeReport(request);
  });
  const world: FakeWorld = {
    load,
    told: [],
    stores: [],
    servers: [],
    compiled: [],
    probed: [],
    calibrated: [],
    listener: tellingListener(() => world.told),
    deps: {
      async compile({ programs }) {
        options.compile?.();
        world.compiled.push(...programs);
        const servers = new Map(programs.map((program) => [program, `/bin/${program}`]));
        return { info: FIXTURE.build, servers, loadgen: '/lib/loadgen.so', costs: '/lib/costs.so' };
      },
      async probe(model) {
        world.probed.push(model.id);
        return { model: model.id, supported: true, reason: null, features: [], ...options.support?.(model) };
      },
      readEnvironment: () => ({ ...environment, limits }),
      loadGenerator: () => load.generator,
      costMeter: () => ({
        async measure(places) {
          clockMs += FAKE_CALIBRATION_MS;
          const call = world.calibrated.push(places) - 1;
          options.calibrate?.(call);
          return { spinNs: 800, syscallNs: 150, pingNs: 9000 };
        },
      }),
      async launch(path, args, signal) {
        signal.throwIfAborted();
        clockMs += FAKE_OVERHEAD_MS;
        options.launch?.(launches++);
        signal.throwIfAborted();
        const server: FakeServer = { path, args, pid: FIRST_PID + world.servers.length, stopped: false };
        world.servers.push(server);
        return handleOf(server, options);
      },
      launchTraced: () => Promise.reject(new Error('no tracing in this world')),
      prepareAudit: async () => ({ counters: options.counters ?? [], tracepoints: [] }),
      async preflight() {
        options.preflight?.(world.servers.length - 1);
      },
      async createStore(runId) {
        const store = fakeStore(`/results/${runId}`, options.write);
        world.stores.push(store);
        return store;
      },
      monotonicMs: () => clockMs,
      now: () => new Date(clockMs).toISOString(),
      tool: FIXTURE.tool,
    },
  };
  return world;
}

function handleOf(server: FakeServer, options: FakeWorldOptions): ServerHandle {
  const ended = options.ended ?? { exitCode: 0, signal: null };
  return {
    port: 7000,
    pid: server.pid,
    countersFd: 4,
    connsMax: 1000,
    ended: ended === 'lives on' ? new Promise(() => {}) : Promise.resolve(ended),
    stderr: () => options.stderr ?? '',
    async stop() {
      server.stopped = true;
      return null;
    },
  };
}

function tellingListener(told: () => string[]): RunListener {
  return {
    planned: (plan, folder) => told().push(`planned ${plan.cells.length} cells in ${folder}`),
    trialStarted: (trial, done, planned) => told().push(`started ${trial.label}, ${done} of ${planned}`),
    trialEnded: (result) => told().push(`${result.status} ${result.label}`),
    blockEnded: (block, blocks) => told().push(`block ${block + 1} of ${blocks}`),
  };
}

export const FAKE_WORKLOAD: Workload = {
  id: 'small',
  title: 'small',
  description: 'a workload of the test',
  profile: 'default',
  mode: 'closed',
  connections: 4,
  active: 2,
  depth: 3,
  messageBytes: 64,
};

/** Two models under one small workload, two blocks. */
export function fakeSettings(change: Partial<RunSettings> = {}): RunSettings {
  return {
    entries: ['epoll-lt', 'poll'].map((model) => ({ label: model, model })),
    workloads: [FAKE_WORKLOAD],
    profile: 'default',
    blocks: 2,
    warmupMs: 50,
    durationMs: 200,
    seed: 7,
    baseline: 'epoll-lt',
    serverCpus: [1],
    clientCpus: [0],
    precision: null,
    maxTimeS: null,
    audit: false,
    handicap: null,
    ...change,
  };
}
