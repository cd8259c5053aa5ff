import { counted } from '../../util/units.ts';
import { SHAPES, type ShapeId } from '../evidence.ts';
import type { Needs } from './needs.ts';

/** A run of servers that claims need, in the words of `run` and `scale`. */
export interface PlannedRun {
  readonly kind: 'run' | 'scale';
  readonly title: string;
  /** What it answers. */
  readonly loads: readonly ShapeId[];
  readonly models: readonly string[];
  /** Null of a sweep. */
  readonly workload: string | null;
  readonly blocks: number;
  readonly audit: boolean;
  /** About; on two CPUs. */
  readonly seconds: number;
}

export interface Plan {
  readonly probes: readonly string[];
  readonly costs: readonly string[];
  readonly runs: readonly PlannedRun[];
  /** About, by stage. */
  readonly probesSeconds: number;
  readonly costsSeconds: number;
}

/** Of the sweep; as few as tell O(1) from O(N) up to what most hosts can hold. */
export const SWEEP_IDLE = [0, 100, 1000, 9900] as const;
const PROBE_SECONDS = 0.7;
const COST_SECONDS = 0.45;
/** Of a trial: its time, and what its connections take to open and close. */
const TRIAL_SECONDS = 0.12;
const CONNECTION_SECONDS = 0.0001;
const TRACED_BLOCKS = 8;
const BLOCKS: Readonly<Record<ShapeId, number>> = { one: 10, many: 10, example: 6, idle: 6 };

/** What to measure for claims, each thing once. */
export function planFor(needs: Needs): Plan {
  const untraced = needs.cells.filter(({ audit }) => !audit);
  const loads = (['one', 'many', 'example'] as const).filter((load) =>
    untraced.some((cell) => cell.load === load),
  );
  const swept = distinct([
    ...needs.sweeps.map(({ model }) => model),
    ...untraced.filter(({ load }) => load === 'idle').map(({ model }) => model),
  ]);
  const traced = distinct(needs.cells.filter(({ audit }) => audit).map(({ model }) => model));
  return {
    probes: needs.probes,
    costs: needs.costs,
    probesSeconds: needs.probes.length * PROBE_SECONDS,
    costsSeconds: needs.costs.length * COST_SECONDS,
    runs: [
      ...loads.map((load) =>
        runOf(load, distinct(untraced.filter((cell) => cell.load === load).map(({ model }) => model))),
      ),
      ...(traced.length === 0 ? [] : [tracedRun(traced)]),
      ...(swept.length === 0 ? [] : [sweepOf(swept)]),
    ],
  };
}

function runOf(load: ShapeId, models: readonly string[]): PlannedRun {
  const { id, connections } = SHAPES[load];
  const blocks = BLOCKS[load];
  return {
    kind: 'run',
    title: `${id}, ${counted(models.length, 'model')}`,
    loads: [load],
    models,
    workload: id,
    blocks,
    audit: false,
    seconds: blocks * models.length * (TRIAL_SECONDS + connections * CONNECTION_SECONDS),
  };
}

function tracedRun(models: readonly string[]): PlannedRun {
  const planned = runOf('many', models);
  return {
    ...planned,
    title: `${planned.workload}, traced`,
    blocks: TRACED_BLOCKS,
    audit: true,
    seconds: 3 * TRACED_BLOCKS * models.length * TRIAL_SECONDS + 2,
  };
}

function sweepOf(models: readonly string[]): PlannedRun {
  const points = SWEEP_IDLE.map((idle) => TRIAL_SECONDS + idle * CONNECTION_SECONDS);
  const blockSeconds = points.reduce((sum, seconds) => sum + seconds, 0) * models.length;
  return {
    kind: 'scale',
    title: `a sweep over idle connections, ${counted(models.length, 'model')}`,
    loads: ['idle'],
    models,
    workload: null,
    blocks: BLOCKS.idle,
    audit: false,
    seconds: BLOCKS.idle * blockSeconds,
  };
}

function distinct(all: readonly string[]): string[] {
  return [...new Set(all)];
}
