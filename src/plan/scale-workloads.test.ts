import { expect, test } from 'vitest';
import { MODELS } from '../models/registry.ts';
import { connectionsOf, workloadSchema } from '../workloads/schema.ts';
import { isScaleModel, scalePointOf, scaleWorkloads } from './scale-workloads.ts';

test('Every pair of counts is a workload, in order and once', () => {
  expect(
    scaleWorkloads([1000, 0, 0], [10, 1]).map((one) => ({ id: one.id, connections: connectionsOf(one) })),
  ).toEqual([
    { id: 'idle-0-active-1', connections: 1 },
    { id: 'idle-1000-active-1', connections: 1001 },
    { id: 'idle-0-active-10', connections: 10 },
    { id: 'idle-1000-active-10', connections: 1010 },
  ]);
});

test('They are what a workload file could hold, and tell their counts again', () => {
  for (const workload of scaleWorkloads([0, 9900], [1, 10])) {
    expect(workloadSchema.parse(workload)).toEqual(workload);
    expect(scalePointOf(workload)).toEqual({
      idle: connectionsOf(workload) - (workload.mode === 'closed' ? workload.active : 0),
      active: workload.mode === 'closed' ? workload.active : 0,
    });
  }
});

test('Other workloads are no points of a sweep, whatever they are called', () => {
  const [workload] = scaleWorkloads([100], [1]);
  if (workload?.mode !== 'closed') throw new Error('not a closed loop');
  expect(scalePointOf({ ...workload, id: 'mine' })).toBeNull();
  expect(scalePointOf({ ...workload, connections: 200 })).toBeNull();
  const { active: _active, depth: _depth, ...common } = workload;
  expect(scalePointOf({ ...common, mode: 'churn' })).toBeNull();
});

test('Nothing said, those that wait for readiness and io_uring are compared, unless they spin', () => {
  const chosen = MODELS.filter(isScaleModel).map(({ id }) => id);
  expect(chosen).toEqual(expect.arrayContaining(['select', 'poll', 'epoll-lt', 'epoll-et', 'io_uring']));
  expect(chosen).not.toContain('blocking');
  expect(chosen).not.toContain('nonblocking');
  expect(chosen).not.toContain('io_uring-sqpoll');
});
