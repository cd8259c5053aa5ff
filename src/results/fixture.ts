import { AUDIT_BLOCKS, type AuditCounter } from '../plan/plan-run.ts';
import { bucketIndex, encodeHistogram, HISTOGRAM_BUCKETS } from '../stats/histogram.ts';
import { NS_PER_MS, NS_PER_S } from '../util/units.ts';
import type { Workload } from '../workloads/schema.ts';
import {
  type AuditedTrial,
  type Calibration,
  type Cell,
  type Latency,
  type MeasuredTrial,
  type Observation,
  type RunRecord,
  type RunResult,
  type Saturation,
  SCHEMA_VERSION,
  type TrialResult,
} from './schema.ts';

export interface FixtureOptions {
  /** With audit trials, as `run --audit` adds them. */
  readonly audit?: boolean;
}

/** For tests only: a small run, the same every time. */
export function fixtureRun({ audit = false }: FixtureOptions = {}): RunResult {
  const run = {
    record: fixtureRecord(),
    trials: fixtureTrials(),
    calibrations: fixtureCalibrations(),
    problems: [],
  };
  return audit ? withAudits(run) : run;
}

/** The run as it is with `--audit`: both counters in the first blocks, and no disagreement. */
export function withAudits(run: RunResult): RunResult {
  const { record } = run;
  const audits = run.trials.flatMap((trial) =>
    trial.status === 'measured' && trial.block < AUDIT_BLOCKS
      ? TRACERS.map((tracer) => auditOf(trial, tracer))
      : [],
  );
  return {
    ...run,
    record: {
      ...record,
      settings: { ...record.settings, audit: true },
      counters: TRACERS.map(({ counter }) => ({ counter, available: true, reason: null })),
    },
    trials: [...run.trials, ...audits].map((trial, index) => ({ ...trial, index })),
  };
}

const BLOCKS = 6;
const WINDOW_NS = 300 * NS_PER_MS;
const LATENCY_STEPS = 4096;
const RATE_PER_S = 20_000;

const WORKLOADS: readonly Workload[] = [
  {
    id: 'many-connections',
    title: '200 connections, all active, 64 B',
    description: 'Every connection has one request in flight.',
    profile: 'default',
    mode: 'closed',
    connections: 200,
    active: 200,
    depth: 1,
    messageBytes: 64,
  },
  {
    id: 'fixed-rate',
    title: '20,000/s over 100 of 2,000 connections, 64 B',
    description: 'Requests fall due at a fixed rate.',
    profile: 'default',
    mode: 'open',
    connections: 2000,
    active: 100,
    depth: 1,
    messageBytes: 64,
    ratePerSecond: RATE_PER_S,
    arrivals: 'fixed',
  },
];

interface Tracer {
  readonly counter: AuditCounter;
  /** Times slower, and times the CPU per request. */
  readonly slowdown: number;
  readonly cpuFactor: number;
}

const TRACERS: readonly Tracer[] = [
  { counter: 'tracepoint', slowdown: 1.02, cpuFactor: 1.03 },
  { counter: 'strace', slowdown: 12, cpuFactor: 4 },
];

function auditOf(trial: MeasuredTrial, { counter, slowdown, cpuFactor }: Tracer): AuditedTrial {
  const { observation } = trial;
  const { server } = observation;
  const cpuNs = Math.round(server.cpuNs * cpuFactor);
  return {
    ...trial,
    status: 'audited',
    counter,
    observation: {
      ...observation,
      throughputPerS: observation.throughputPerS / slowdown,
      server: { ...server, cpuNs, cpuNsPerRequest: server.cpuNsPerRequest * cpuFactor },
    },
    audit: {
      period: counter === 'strace' ? 'lifetime' : 'window',
      own: server.syscalls,
      counted: server.syscalls,
      unclaimed: {},
      disagreements: [],
    },
  };
}

/** What a model does here, before the noise of a trial. */
interface Behaviour {
  readonly model: string;
  readonly throughputPerS: number;
  readonly cpuNsPerRequest: number;
  readonly syscallsPerRequest: Readonly<Record<string, number>>;
  readonly contextSwitchesPerRequest: number;
  readonly saturation: Saturation;
  readonly rssMaxBytes: number;
}

const EPOLL: Behaviour = {
  model: 'epoll-lt',
  throughputPerS: 152_000,
  cpuNsPerRequest: 6400,
  syscallsPerRequest: { read: 1, write: 1, epoll_wait: 0.05 },
  contextSwitchesPerRequest: 0.012,
  saturation: 'server',
  rssMaxBytes: 2_310_144,
};

const BEHAVIOURS: readonly Behaviour[] = [
  EPOLL,
  { ...EPOLL, model: 'epoll-et', syscallsPerRequest: { read: 1, write: 1, epoll_wait: 0.04 } },
  {
    model: 'io_uring',
    throughputPerS: 196_000,
    cpuNsPerRequest: 4100,
    syscallsPerRequest: { io_uring_enter: 0.11 },
    contextSwitchesPerRequest: 0.02,
    saturation: 'client',
    rssMaxBytes: 6_815_744,
  },
  {
    ...EPOLL,
    model: 'select',
    throughputPerS: 98_000,
    cpuNsPerRequest: 9900,
    syscallsPerRequest: { read: 1, write: 1, pselect6: 0.1 },
  },
];

function fixtureTrials(): readonly TrialResult[] {
  const cells = fixtureCells().filter((cell) => cell.skipReason === null);
  const trials: TrialResult[] = [];
  for (let block = 0; block < BLOCKS; block++) {
    for (const cell of cells) trials.push(fixtureTrial(cell, block, trials.length));
  }
  return trials;
}

function fixtureCalibrations(): readonly Calibration[] {
  return Array.from({ length: BLOCKS }, (_, block) => {
    const wave = 1 + 0.01 * Math.sin(block * 1.7);
    return {
      block,
      startedAt: '2025-01-01T00:00:00.000Z',
      wallMs: 40,
      cpu: 0,
      spinNs: 800 * wave,
      syscallNs: 150 * wave,
      pingNs: 9000 * wave,
    };
  });
}

function fixtureCells(): Cell[] {
  return WORKLOADS.flatMap((workload) =>
    BEHAVIOURS.map(({ model }) => ({
      label: model,
      model,
      workload: workload.id,
      skipReason:
        model === 'select' && workload.connections > 1016
          ? `holds at most 1016 connections, the workload needs ${workload.connections}`
          : null,
    })),
  );
}

function fixtureTrial(cell: Cell, block: number, index: number): TrialResult {
  const common = {
    index,
    block,
    counter: 'own' as const,
    label: cell.label,
    model: cell.model,
    workload: cell.workload,
    seed: 1000 + index,
    startedAt: '2025-01-01T00:00:00.000Z',
    wallMs: 460,
  };
  if (cell.workload === 'many-connections' && cell.model === 'select' && block === 3) {
    return { ...common, status: 'failed', stage: 'load', message: 'the server ended with SIGKILL' };
  }
  const behaviour = BEHAVIOURS.find(({ model }) => model === cell.model) ?? EPOLL;
  const workload = WORKLOADS.find(({ id }) => id === cell.workload);
  const wave = Math.sin(index * 2.4 + block);
  const open = workload?.mode === 'open';
  const marks = index % 20 === 7 ? ['the hypervisor took 11 % of the CPUs in use'] : [];
  const observation = observe(behaviour, { noise: 1 + 0.02 * wave, open, marks });
  return { ...common, status: 'measured', observation };
}

interface Conditions {
  readonly noise: number;
  readonly open: boolean;
  readonly marks: string[];
}

function observe(behaviour: Behaviour, { noise, open, marks }: Conditions): Observation {
  const throughputPerS = open ? RATE_PER_S : behaviour.throughputPerS * noise;
  const completed = Math.round((throughputPerS * WINDOW_NS) / NS_PER_S);
  const cpuNs = Math.round((completed * behaviour.cpuNsPerRequest) / noise);
  const inFlight = open ? 2 : 200;
  // In a closed loop, requests in flight over throughput.
  const middleNs = open ? 6 * behaviour.cpuNsPerRequest : (200 * NS_PER_S) / throughputPerS;
  const latency = fixtureLatency(completed, middleNs);
  return {
    windowNs: WINDOW_NS,
    accountedNs: WINDOW_NS + NS_PER_MS,
    connectNs: 9 * NS_PER_MS,
    requests: {
      warmup: Math.round(completed / 4),
      sent: completed + inFlight,
      completed,
      errors: 0,
      inFlightAtDeadline: inFlight,
      drained: 0,
      dueUnsent: 0,
      accounted: completed,
      bytesVerified: completed * 64,
      connectionErrors: 0,
      connectionsChurned: 0,
    },
    throughputPerS,
    response: latency,
    service: open ? fixtureLatency(completed, 5 * behaviour.cpuNsPerRequest) : null,
    server: serverOf(behaviour, completed, cpuNs),
    client: {
      cpuNs: completed * 900,
      cpuNsPerRequest: 900,
      utilisation: behaviour.saturation === 'client' && !open ? 0.99 : 0.6,
      syscalls: completed,
      wakeups: Math.round(completed / 20),
      runDelayNs: 12_000,
    },
    saturation: open ? 'neither' : behaviour.saturation,
    contamination: { stealShare: marks.length > 0 ? 0.11 : 0.001, cpuPressureShare: null, marks },
    warnings: [],
  };
}

function serverOf(behaviour: Behaviour, completed: number, cpuNs: number): Observation['server'] {
  const syscalls = Object.fromEntries(
    Object.entries(behaviour.syscallsPerRequest).map(([name, count]) => [
      name,
      Math.round(count * completed),
    ]),
  );
  const switches = Math.round(behaviour.contextSwitchesPerRequest * completed);
  return {
    cpuNs,
    cpuNsPerRequest: cpuNs / completed,
    utilisation: Math.min(1, cpuNs / WINDOW_NS),
    voluntarySwitches: switches,
    involuntarySwitches: 3,
    contextSwitchesPerRequest: (switches + 3) / completed,
    syscallsPerRequest: Object.values(syscalls).reduce((sum, count) => sum + count, 0) / completed,
    syscalls,
    counters: { accepted: 0, wakeups: Math.round(completed / 20), cq_overflows: 0 },
    setup: { socket: 1, bind: 1, listen: 1 },
    setupPerConnection: { accept4: 2, epoll_ctl: 1 },
    kernelThreads: null,
    softirqShare: 0.1,
    threads: 1,
    rssMaxBytes: behaviour.rssMaxBytes,
    runDelayNs: 40_000,
  };
}

/** A long-tailed distribution: from 70 % of the middle up to 5 times it. */
function fixtureLatency(count: number, middleNs: number): Latency {
  const counts = new Array<number>(HISTOGRAM_BUCKETS).fill(0);
  let sumNs = 0;
  let minNs = Number.POSITIVE_INFINITY;
  let maxNs = 0;
  for (let step = 0; step < LATENCY_STEPS; step++) {
    const share = (step + 0.5) / LATENCY_STEPS;
    const times =
      Math.floor(((step + 1) * count) / LATENCY_STEPS) - Math.floor((step * count) / LATENCY_STEPS);
    const valueNs = Math.round(middleNs * (0.7 + 0.3 * share + 0.6 * share ** 40 + 3.4 * share ** 3000));
    const bucket = bucketIndex(valueNs);
    counts[bucket] = (counts[bucket] ?? 0) + times;
    sumNs += valueNs * times;
    minNs = Math.min(minNs, valueNs);
    maxNs = Math.max(maxNs, valueNs);
  }
  return { count, sumNs, minNs, maxNs, histogram: encodeHistogram(counts) };
}

function fixtureRecord(): RunRecord {
  return {
    schemaVersion: SCHEMA_VERSION,
    runId: '20250101-000000-fixture',
    tool: { name: 'iomodels-bench', version: '0.1.0' },
    startedAt: '2025-01-01T00:00:00.000Z',
    finishedAt: '2025-01-01T00:00:30.000Z',
    status: 'complete',
    settings: {
      entries: BEHAVIOURS.map(({ model }) => ({ label: model, model })),
      workloads: [...WORKLOADS],
      profile: 'default',
      blocks: BLOCKS,
      warmupMs: 80,
      durationMs: 300,
      seed: 42,
      baseline: 'epoll-lt',
      serverCpus: [0],
      clientCpus: [1],
      precision: null,
      maxTimeS: null,
      audit: false,
      handicap: null,
    },
    cells: fixtureCells(),
    environment: {
      host: '1a2b3c4d5e6f',
      kernel: '6.12.1',
      kernelVersion: '#1 SMP PREEMPT_DYNAMIC',
      arch: 'x64',
      cpuModel: 'Example CPU @ 2.50GHz',
      cpus: 2,
      cpusAllowed: '0-1',
      governor: null,
      smt: 'off',
      mitigations: { meltdown: 'Mitigation: PTI', spectre_v2: 'Mitigation: Retpolines' },
      clocksource: 'tsc',
      hypervisor: 'kvm',
      container: 'docker',
      memoryBytes: 4_294_967_296,
      limits: { nofile: 65_536, memlockBytes: 67_108_864, nproc: null },
      sysctls: { 'kernel.io_uring_disabled': '0' },
      versions: { node: '20.0.0' },
      user: 'normal',
    },
    build: { compiler: 'cc', compilerVersion: '12.2.0', flags: ['-O2'], hash: 'abc', cached: true },
    counters: [],
    support: BEHAVIOURS.map(({ model }) => ({ model, supported: true, reason: null, features: [] })),
    warnings: [],
    timing: { wallMs: 23_000, loadMs: 17_480, loadShare: 0.76, blocks: BLOCKS },
  };
}
