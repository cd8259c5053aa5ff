import type { Workload } from '../workloads/schema.ts';
import { fixtureRun } from './fixture.ts';
import type { Cell, MeasuredTrial, Observation, RunResult, TrialResult } from './schema.ts';

/** What a model does under the workloads below, before the noise of a trial. */
interface Behaviour {
  readonly model: string;
  readonly wait: string | null;
  /** Reads and writes of a request; a ring makes them inside of its wait. */
  readonly calls: readonly string[];
  readonly cpuNs: number;
  /** What an idle connection adds to a wait. */
  readonly idleNs?: number;
  readonly sqpCpuNs?: number;
  readonly workers?: true;
  readonly connectionsMax?: number;
}

const ECHO = ['recvfrom', 'sendto'] as const;
const EVENTS_PER_WAKEUP = 20;
const BLOCKS = 6;

const BEHAVIOURS: readonly Behaviour[] = [
  { model: 'blocking', wait: null, calls: ECHO, cpuNs: 9000, workers: true },
  { model: 'select', wait: 'pselect6', calls: ECHO, cpuNs: 6500, idleNs: 30, connectionsMax: 1016 },
  { model: 'poll', wait: 'poll', calls: ECHO, cpuNs: 6300, idleNs: 32 },
  { model: 'epoll-lt', wait: 'epoll_wait', calls: ECHO, cpuNs: 6200 },
  { model: 'epoll-et', wait: 'epoll_wait', calls: ECHO, cpuNs: 6150 },
  { model: 'io_uring', wait: 'io_uring_enter', calls: [], cpuNs: 5000 },
  { model: 'io_uring-sqpoll', wait: null, calls: [], cpuNs: 7400, sqpCpuNs: 5100 },
];

const WORKLOADS = [
  closed('ping-pong', 1, 1),
  closed('many-connections', 200, 200),
  closed('mostly-idle', 1000, 10),
  closed('c10k', 10_000, 100),
] as const;

/** For tests only: the guide's models under the loads that it speaks of, the same every time. */
export function fixtureGuideRun(): RunResult {
  const run = fixtureRun();
  const cells = WORKLOADS.flatMap((workload) =>
    BEHAVIOURS.map(({ model, connectionsMax = Number.POSITIVE_INFINITY }): Cell => {
      const needs = workload.connections;
      const skipReason =
        needs > connectionsMax
          ? `holds at most ${connectionsMax} connections, the workload needs ${needs}`
          : null;
      return { label: model, model, workload: workload.id, skipReason };
    }),
  );
  const entries = BEHAVIOURS.map(({ model }) => ({ label: model, model }));
  return {
    ...run,
    record: {
      ...run.record,
      settings: { ...run.record.settings, entries, workloads: [...WORKLOADS], blocks: BLOCKS },
      cells,
      support: BEHAVIOURS.map(({ model }) => ({
        model,
        supported: true,
        reason: null,
        features: [],
      })),
      timing: null,
    },
    trials: trialsOf(cells),
  };
}

function closed(id: string, connections: number, active: number): Extract<Workload, { mode: 'closed' }> {
  return {
    id,
    title: `${connections} connections, ${active} active, 64 B`,
    description: 'A load that the guide speaks of.',
    profile: 'full',
    mode: 'closed',
    connections,
    active,
    depth: 1,
    messageBytes: 64,
  };
}

function trialsOf(cells: readonly Cell[]): TrialResult[] {
  const pattern = fixtureRun().trials.find((trial) => trial.status === 'measured');
  if (pattern === undefined) throw new Error('the fixture has no measured trial');
  const trials: TrialResult[] = [];
  for (let block = 0; block < BLOCKS; block++) {
    for (const { label, model, workload: id } of cells.filter((cell) => cell.skipReason === null)) {
      const behaviour = BEHAVIOURS.find((candidate) => candidate.model === model);
      const workload = WORKLOADS.find((candidate) => candidate.id === id);
      if (behaviour === undefined || workload === undefined) throw new Error(`no ${model} under ${id}`);
      const index = trials.length;
      const noise = 1 + 0.02 * Math.sin(index * 2.4 + block);
      const observation = observe(pattern, { behaviour, workload, noise });
      trials.push({ ...pattern, ...{ index, block, label, model, workload: id }, observation });
    }
  }
  return trials;
}

interface Conditions {
  readonly behaviour: Behaviour;
  readonly workload: (typeof WORKLOADS)[number];
  readonly noise: number;
}

function observe({ observation }: MeasuredTrial, { behaviour, workload, noise }: Conditions): Observation {
  const { server, requests } = observation;
  const { model, wait, calls, sqpCpuNs, workers } = behaviour;
  const made = requests.accounted;
  const together = workload.active === 1 || workers ? 1 : EVENTS_PER_WAKEUP;
  const idle = workload.connections - workload.active;
  const cpuNsPerRequest = (behaviour.cpuNs + ((behaviour.idleNs ?? 0) * idle) / together) * noise;
  const names = [
    ...calls.map((name) => [name, made] as const),
    ...(wait ? [[wait, made / together] as const] : []),
  ];
  const syscalls = Object.fromEntries(names.map(([name, count]) => [name, Math.round(count)]));
  return {
    ...observation,
    throughputPerS: 1e9 / cpuNsPerRequest,
    saturation: 'server',
    server: {
      ...server,
      cpuNs: Math.round(cpuNsPerRequest * made),
      cpuNsPerRequest,
      syscalls,
      syscallsPerRequest: Object.values(syscalls).reduce((sum, count) => sum + count, 0) / made,
      counters: { wakeups: Math.round(made / together), events: made },
      setupPerConnection: model.startsWith('io_uring') ? { io_uring_enter: 1 } : { accept4: 1.5 },
      kernelThreads: model.startsWith('io_uring')
        ? { sqpCpuNs: Math.round((sqpCpuNs ?? 0) * made), workerCpuNs: 0 }
        : null,
      threads: workers ? workload.connections + 1 : 1,
    },
    contamination: { ...observation.contamination, marks: [] },
  };
}
