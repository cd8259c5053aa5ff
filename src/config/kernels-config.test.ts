import { describe, expect, test } from 'vitest';
import { UsageError } from '../util/errors.ts';
import { loadWorkloads } from '../workloads/load.ts';
import { connectionsOf } from '../workloads/schema.ts';
import { type KernelsFlags, resolveKernelsConfig } from './kernels-config.ts';

const resolve = (flags: KernelsFlags) =>
  resolveKernelsConfig(flags, { workloads: loadWorkloads(), randomSeed: 7 });

function problemsOf(flags: KernelsFlags): readonly string[] {
  try {
    resolve(flags);
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  return [];
}

describe('What kernels run measures', () => {
  test('is, without a word, 300 ms of guest time a cell in three boots with one and with two CPUs', () => {
    const { settings, boots, smps, clock } = resolve({});
    expect({ boots, smps, clock, perCell: settings.blocks * settings.durationMs }).toEqual({
      ...{ boots: 3, smps: [1, 2], clock: 'icount', perCell: 300 },
    });
    expect(settings.retry).toBeNull();
    expect(settings.workloads.map(connectionsOf)).toEqual([1, 50]);
  });

  test('hands on what a glob leaves out', () => {
    const { notices } = resolveKernelsConfig(
      { models: 'poll*' },
      { workloads: loadWorkloads(), randomSeed: 1 },
    );
    expect(notices).toEqual([expect.stringContaining('poll* leaves out poll-guide')]);
  });
  test('takes what run takes of a profile', () => {
    expect(resolve({ profile: 'default' }).settings.entries.length).toBeGreaterThan(
      resolve({}).settings.entries.length,
    );
  });

  test('gets a guest more memory for more connections', () => {
    const memory = (workloads: string) => resolve({ workloads }).memoryMb;
    expect(memory('c10k')).toBeGreaterThan(memory('ping-pong'));
    expect(resolve({ memory: '2G' }).memoryMb).toBe(2048);
  });
});

test('By a wall clock guests run one at a time, or it is said what they do to each other', () => {
  expect(resolve({ clock: 'kvm' })).toMatchObject({ jobs: 1, warnings: [] });
  expect(resolve({ clock: 'kvm', jobs: '2' })).toMatchObject({
    ...{ jobs: 2, warnings: ['--jobs 2 with --clock kvm: guests that run at once measure each other'] },
  });
  expect(resolve({ jobs: '2' }).warnings).toEqual([]);
});

test('What is wrong is told all at once', () => {
  const problems = problemsOf({
    ...{ models: 'nonsense', boots: '0', smp: '3', clock: 'sun', cpu: 'a b', memory: '1K', jobs: 'x' },
  });
  for (const flag of [
    'nonsense',
    '--boots 0',
    '--smp 3',
    '--clock sun',
    '--cpu a b',
    '--memory 1K',
    '--jobs x',
  ])
    expect(problems.filter((problem) => problem.includes(flag))).toHaveLength(1);
});
