import type { Observation, RunResult, TrialResult } from '../results/schema.ts';
import { scaleLatency } from '../stats/histogram.ts';

/**
 * The run as it would be if all of its servers needed `factor` times the CPU for a request and took `factor` times as
 * long to answer it: a change of known size. In a closed loop the same requests take so much longer, in an open one as
 * many come as before. Client, counts and calibrations stay as they are, and so do the marks of the trials.
 */
export function slowed(run: RunResult, factor: number): RunResult {
  const open = new Set(
    run.record.settings.workloads.flatMap(({ id, mode }) => (mode === 'open' ? [id] : [])),
  );
  return {
    ...run,
    trials: run.trials.map(
      (trial): TrialResult =>
        trial.status === 'failed'
          ? trial
          : { ...trial, observation: slowedObservation(trial.observation, factor, open.has(trial.workload)) },
    ),
  };
}

function slowedObservation(observation: Observation, factor: number, isOpen: boolean): Observation {
  const { server, response, service } = observation;
  const time = isOpen ? 1 : factor;
  return {
    ...observation,
    windowNs: observation.windowNs * time,
    accountedNs: observation.accountedNs * time,
    throughputPerS: observation.throughputPerS / time,
    response: scaleLatency(response, factor),
    service: service && scaleLatency(service, factor),
    server: {
      ...server,
      cpuNs: server.cpuNs * factor,
      cpuNsPerRequest: server.cpuNsPerRequest * factor,
      utilisation: (server.utilisation * factor) / time,
    },
    client: { ...observation.client, utilisation: observation.client.utilisation / time },
  };
}
