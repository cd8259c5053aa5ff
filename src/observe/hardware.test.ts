import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { GOOD_ENVIRONMENT } from '../fixtures/facts.ts';
import { fakeReport } from '../fixtures/load.ts';
import { hardwareOf } from './hardware.ts';
import { whyUncounted } from './uncounted.ts';

const REQUEST = { measureNs: 1e9, hardware: true };

/** Values of the four events at an edge, each with its counter for a part of 100 ns. */
function edge(values: readonly number[], runningNs: readonly number[] = [100, 100, 100, 100]) {
  return { hardware: values.map((value, i) => ({ value, enabledNs: 100, runningNs: runningNs[i] ?? 100 })) };
}

test('What the counters grew by between the edges is what the server did', () => {
  const [start, end] = [edge([10, 20, 30, 40]), edge([15, 120, 1030, 41])];
  expect(hardwareOf(fakeReport(REQUEST, { start, end, hardwareErrnos: [0, 0, 0, 0] }))).toEqual({
    instructionsUser: 5,
    instructionsKernel: 100,
    cycles: 1000,
    cacheMisses: 1,
    uncounted: {},
  });
});

test('An event that fails or shares its counter is left out with its reason, the others stand', () => {
  const hardwareErrnos = [0, constants.errno.EACCES, 0, 0];
  const [start, end] = [edge([10, 0, 30, 40]), edge([15, 0, 1030, 41], [100, 0, 99, 100])];
  expect(hardwareOf(fakeReport(REQUEST, { start, end, hardwareErrnos }))).toEqual({
    instructionsUser: 5,
    instructionsKernel: null,
    cycles: null,
    cacheMisses: 1,
    uncounted: { instructionsKernel: 'EACCES', cycles: 'shared' },
  });
});

test('Nothing is said where the counters were not asked', () => {
  expect(hardwareOf(fakeReport({ measureNs: 1e9 }))).toBeNull();
});

describe('Why an event is not counted', () => {
  const guest = { hypervisor: 'KVM', sysctls: {} };
  test.each([
    ['ENOENT', guest, 'the hypervisor (KVM) gives its guest none (ENOENT)', null],
    ['EOPNOTSUPP', GOOD_ENVIRONMENT, 'the CPU or its driver has none for this (EOPNOTSUPP)', null],
    [
      'EACCES',
      { hypervisor: null, sysctls: { 'kernel.perf_event_paranoid': '2' } },
      'kernel.perf_event_paranoid=2 keeps them from a process without CAP_PERFMON (EACCES)',
      'sudo sysctl -w kernel.perf_event_paranoid=1',
    ],
    [
      'EPERM',
      GOOD_ENVIRONMENT,
      'a seccomp filter or a security module refuses perf_event_open (EPERM)',
      null,
    ],
    ['ENOSYS', guest, 'the kernel has no perf events, or a seccomp filter hides them (ENOSYS)', null],
    ['EMFILE', guest, 'too few file descriptors are left for them (EMFILE; ulimit -n)', null],
    ['EBUSY', guest, 'perf_event_open fails with EBUSY', null],
  ])('%s', (why, environment, reason, fix) => {
    expect(whyUncounted(why, environment)).toEqual({ reason, fix });
  });
  test('shared', () => {
    expect(whyUncounted('shared', guest).reason).toContain('a part of the time only');
  });
});
