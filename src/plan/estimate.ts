import type { RunSettings, Trial } from '../results/schema.ts';
import { connectionsOf } from '../workloads/schema.ts';

/**
 * What a trial takes beside its load, and a block beside its trials: a server started and stopped, its connections
 * opened and closed, a calibration. Measured on a virtual machine with two CPUs: 10 to 35 ms with few connections,
 * 0.07 to 0.1 ms for each of ten thousand, over nearly all models.
 */
const TRIAL_MS = 20;
const CONNECTION_MS = 0.09;
const CALIBRATION_MS = 20;

export interface Estimate {
  /** Warm-up and measurement. */
  readonly loadMs: number;
  /** All of it, on a machine that has compiled the helpers before. */
  readonly wallMs: number;
}

/** About how long trials will take. */
export function estimate(
  settings: Pick<RunSettings, 'workloads' | 'warmupMs' | 'durationMs'>,
  trials: readonly Pick<Trial, 'workload' | 'block'>[],
): Estimate {
  const connections = new Map(settings.workloads.map((workload) => [workload.id, connectionsOf(workload)]));
  const loadMs = trials.length * (settings.warmupMs + settings.durationMs);
  const besideMs = trials.reduce(
    (sum, { workload }) => sum + TRIAL_MS + CONNECTION_MS * (connections.get(workload) ?? 0),
    0,
  );
  const blocks = new Set(trials.map(({ block }) => block)).size;
  return { loadMs, wallMs: Math.round(loadMs + besideMs + blocks * CALIBRATION_MS) };
}
