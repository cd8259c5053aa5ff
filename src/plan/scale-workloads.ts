import type { ModelSpec } from '../models/spec.ts';
import type { Workload } from '../workloads/schema.ts';

/** Small, so that what a wait costs is not hidden behind copying. */
const MESSAGE_BYTES = 64;

/** Where a sweep measures: connections that only stay open, and connections that carry requests. */
export interface ScalePoint {
  readonly idle: number;
  readonly active: number;
}

/** A closed-loop workload for every pair of counts: one request in flight on each active connection. */
export function scaleWorkloads(idleCounts: readonly number[], activeCounts: readonly number[]): Workload[] {
  return ascending(activeCounts).flatMap((active) =>
    ascending(idleCounts).map((idle) => scaleWorkload({ idle, active })),
  );
}

/** The counts of a workload that `scaleWorkloads` made; null for any other. */
export function scalePointOf(workload: Workload): ScalePoint | null {
  if (workload.mode !== 'closed') return null;
  const point = { idle: workload.connections - workload.active, active: workload.active };
  return workload.id === idOf(point) ? point : null;
}

/**
 * What a sweep compares when nothing is said: every model of the default profile that waits for readiness, and io_uring. Not
 * those that spin: what they burn between two requests would be counted as the cost of a request.
 */
export function isScaleModel(model: ModelSpec): boolean {
  const compared = model.notification === 'readiness' || model.family === 'io_uring';
  return compared && !model.spins && model.profile !== 'full' && model.profile !== 'guide';
}

function scaleWorkload(point: ScalePoint): Workload {
  const { idle, active } = point;
  return {
    id: idOf(point),
    title: `${idle} idle and ${active} active connections, ${MESSAGE_BYTES} B`,
    description: 'A point of a sweep over idle connections: what each of them adds to the cost of a request.',
    profile: 'full',
    mode: 'closed',
    connections: idle + active,
    active,
    depth: 1,
    messageBytes: MESSAGE_BYTES,
  };
}

function idOf({ idle, active }: ScalePoint): string {
  return `idle-${idle}-active-${active}`;
}

function ascending(counts: readonly number[]): number[] {
  return [...new Set(counts)].sort((a, b) => a - b);
}
