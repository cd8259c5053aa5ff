import { scaleWorkloads } from '../plan/scale-workloads.ts';
import { fixtureRun } from './fixture.ts';
import type { Cell, MeasuredTrial, RunResult, TrialResult } from './schema.ts';

/** What a model does in a sweep, before the noise of a trial. */
export interface SweepBehaviour {
  readonly model: string;
  readonly baseNs: number;
  readonly slopeNs: number;
  /** With several active connections. */
  readonly eventsPerWakeup: number;
  readonly connectionsMax?: number;
}

export interface SweepOptions {
  readonly behaviours: readonly SweepBehaviour[];
  readonly idle: readonly number[];
  readonly active: readonly number[];
  readonly blocks: number;
  /** Share of the cost. */
  readonly noise: number;
}

const SWEEP: SweepOptions = {
  behaviours: [
    { model: 'select', baseNs: 6500, slopeNs: 24, eventsPerWakeup: 8, connectionsMax: 1016 },
    { model: 'poll', baseNs: 6400, slopeNs: 25, eventsPerWakeup: 8 },
    { model: 'epoll-lt', baseNs: 6100, slopeNs: 0, eventsPerWakeup: 2.1 },
    { model: 'io_uring', baseNs: 5200, slopeNs: 0.01, eventsPerWakeup: 5 },
  ],
  idle: [0, 10, 100, 1000, 4000, 9900],
  active: [1, 10],
  blocks: 6,
  noise: 0.02,
};

/** A stored sweep, the same every time. Several active connections share the price of a wait. */
export function fixtureSweep(change: Partial<SweepOptions> = {}): RunResult {
  const options = { ...SWEEP, ...change };
  const run = fixtureRun();
  const workloads = scaleWorkloads(options.idle, options.active);
  const cells = workloads.flatMap((workload) =>
    options.behaviours.map(({ model, connectionsMax = Number.POSITIVE_INFINITY }): Cell => {
      const needs = workload.connections;
      const skipReason =
        needs > connectionsMax ? `holds at most ${connectionsMax} connections, ${needs} are needed` : null;
      return { label: model, model, workload: workload.id, skipReason };
    }),
  );
  const { settings } = run.record;
  const entries = options.behaviours.map(({ model }) => ({ label: model, model }));
  return {
    record: {
      ...run.record,
      settings: { ...settings, entries, workloads, blocks: options.blocks },
      cells,
      timing: null,
    },
    trials: trialsOf(cells, workloads, options),
    calibrations: run.calibrations,
    problems: [],
  };
}

function trialsOf(
  cells: readonly Cell[],
  workloads: ReturnType<typeof scaleWorkloads>,
  { behaviours, blocks, noise }: SweepOptions,
): TrialResult[] {
  const pattern = fixtureRun().trials.find((trial) => trial.status === 'measured');
  if (pattern === undefined) throw new Error('the fixture has no measured trial');
  const trials: TrialResult[] = [];
  for (let block = 0; block < blocks; block++) {
    for (const { label, model, workload: id } of cells.filter((cell) => cell.skipReason === null)) {
      const behaviour = behaviours.find((candidate) => candidate.model === model);
      const workload = workloads.find((candidate) => candidate.id === id);
      if (behaviour === undefined || workload?.mode !== 'closed') throw new Error(`no ${model} under ${id}`);
      const { active, connections } = workload;
      const events = active === 1 ? 1 : behaviour.eventsPerWakeup;
      const costNs = behaviour.baseNs + (behaviour.slopeNs * (connections - active)) / events;
      const index = trials.length;
      const waves = 1 + noise * Math.sin(index * 2.4 + block);
      trials.push({
        ...pattern,
        ...{ index, block, label, model, workload: id },
        observation: observe(pattern.observation, costNs * waves, events),
      });
    }
  }
  return trials;
}

function observe(
  pattern: MeasuredTrial['observation'],
  cpuNsPerRequest: number,
  eventsPerWakeup: number,
): MeasuredTrial['observation'] {
  const wakeups = 1000;
  const counters = { ...pattern.server.counters, wakeups, events: wakeups * eventsPerWakeup };
  const cpuNs = Math.round(cpuNsPerRequest * pattern.requests.accounted);
  return {
    ...pattern,
    server: { ...pattern.server, cpuNs, cpuNsPerRequest, counters },
    contamination: { ...pattern.contamination, marks: [] },
  };
}
