import { expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import type { Observation } from '../results/schema.ts';
import { summarizeKernelWork } from './kernel-work.ts';

const PATTERN = fixtureRun().trials.flatMap((trial) =>
  trial.status === 'measured' ? [trial.observation] : [],
)[0] as Observation;

function observation(requests: number, server: Partial<Observation['server']>): Observation {
  return {
    ...PATTERN,
    requests: { ...PATTERN.requests, accounted: requests },
    server: { ...PATTERN.server, ...server },
  };
}

test('Costs are sums over all trials, divided by the requests of all of them', () => {
  const work = summarizeKernelWork([
    observation(100, {
      counters: { wakeups: 50, events: 100, cq_overflows: 1 },
      kernelThreads: { sqpCpuNs: 1000, workerCpuNs: 0 },
      voluntarySwitches: 30,
      involuntarySwitches: 0,
      softirqShare: 0.1,
      setupPerConnection: { accept4: 1, epoll_ctl: 1 },
    }),
    observation(300, {
      counters: { wakeups: 50, events: 300, cq_overflows: 2 },
      kernelThreads: { sqpCpuNs: 7000, workerCpuNs: 400 },
      voluntarySwitches: 10,
      involuntarySwitches: 4,
      softirqShare: 0.2,
      setupPerConnection: { accept4: 2 },
    }),
  ]);
  expect(work).toEqual({
    setupPerConnection: { accept4: 1.5, epoll_ctl: 0.5 },
    sqpCpuNsPerRequest: 20,
    workerCpuNsPerRequest: 1,
    voluntarySwitchesPerRequest: 0.1,
    involuntarySwitchesPerRequest: 0.01,
    softirqShare: expect.closeTo(0.15),
    wakeupsPerRequest: 0.25,
    eventsPerWakeup: 4,
    cqOverflows: 3,
  });
});

test('A trial without a reading counts neither in the sum nor in what it is divided by', () => {
  const read = observation(100, { voluntarySwitches: 50, kernelThreads: null });
  const unread = observation(900, { voluntarySwitches: null, kernelThreads: null });
  expect(summarizeKernelWork([read, unread]).voluntarySwitchesPerRequest).toBe(0.5);
});

test('What no trial could read is null, not zero', () => {
  const work = summarizeKernelWork([
    observation(10, {
      counters: {},
      kernelThreads: null,
      voluntarySwitches: null,
      involuntarySwitches: null,
      softirqShare: null,
      setupPerConnection: null,
    }),
  ]);
  expect(work).toEqual({
    setupPerConnection: null,
    sqpCpuNsPerRequest: null,
    workerCpuNsPerRequest: null,
    voluntarySwitchesPerRequest: null,
    involuntarySwitchesPerRequest: null,
    softirqShare: null,
    wakeupsPerRequest: 0,
    eventsPerWakeup: null,
    cqOverflows: 0,
  });
});
