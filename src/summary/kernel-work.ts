import { median } from 'simple-statistics';
import type { Observation } from '../results/schema.ts';
import { addUp, per, sumOf } from '../stats/sums.ts';
import type { KernelWork } from './run-summary.ts';

/** The kernel's side of the trials of one row. */
export function summarizeKernelWork(observations: readonly Observation[]): KernelWork {
  const counters = addUp(observations.map((o) => o.server.counters));
  const wakeups = counters.wakeups ?? 0;
  const softirqShares = observations.flatMap((o) => o.server.softirqShare ?? []);
  return {
    setupPerConnection: setupOf(observations),
    sqpCpuNsPerRequest: perRequest(observations, (o) => o.server.kernelThreads?.sqpCpuNs ?? null),
    workerCpuNsPerRequest: perRequest(observations, (o) => o.server.kernelThreads?.workerCpuNs ?? null),
    voluntarySwitchesPerRequest: perRequest(observations, (o) => o.server.voluntarySwitches),
    involuntarySwitchesPerRequest: perRequest(observations, (o) => o.server.involuntarySwitches),
    softirqShare: softirqShares.length === 0 ? null : median(softirqShares),
    wakeupsPerRequest:
      // Who counts no calls counts no wakeups either.
      observations.every(({ server }) => server.syscallsPerRequest === null)
        ? null
        : per(
            wakeups,
            sumOf(observations, (o) => o.requests.accounted),
          ),
    eventsPerWakeup: per(counters.events ?? 0, wakeups),
    cqOverflows: counters.cq_overflows ?? 0,
  };
}

/** The mean over trials: every trial opens the same connections. */
function setupOf(observations: readonly Observation[]): Record<string, number> | null {
  const found = observations.map((o) => o.server.setupPerConnection).filter((setup) => setup !== null);
  if (found.length === 0) return null;
  return Object.fromEntries(
    Object.entries(addUp(found)).map(([name, total]) => [name, total / found.length]),
  );
}

/** Trials without a reading count neither in the sum nor in what it is divided by. */
function perRequest(
  observations: readonly Observation[],
  reading: (o: Observation) => number | null,
): number | null {
  const read = observations.filter((o) => reading(o) !== null);
  return per(
    sumOf(read, (o) => reading(o) ?? 0),
    sumOf(read, (o) => o.requests.accounted),
  );
}
