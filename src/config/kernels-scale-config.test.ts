import { expect, test } from 'vitest';
import { UsageError } from '../util/errors.ts';
import { type KernelsScaleFlags, resolveKernelsScaleConfig } from './kernels-scale-config.ts';

const configOf = (flags: KernelsScaleFlags) => resolveKernelsScaleConfig(flags, { randomSeed: 4711 });

test('sweeps four counts in one boot with one CPU when nothing is said', () => {
  const { settings, boots, smps, clock, memoryMb } = configOf({});
  expect(settings.workloads.map(({ id }) => id)).toEqual(
    [0, 100, 1000, 10_000].map((idle) => `idle-${idle}-active-1`),
  );
  expect(settings).toMatchObject({ blocks: 3, warmupMs: 41, durationMs: 111, seed: 4711, retry: null });
  expect({ boots, smps, clock }).toEqual({ boots: 1, smps: [1], clock: 'icount' });
  expect(memoryMb).toBeGreaterThan(1024);
});

test('has the time for waits that visit all connections without a word, and takes what is said', () => {
  expect(configOf({ idle: '0,100000' }).settings).toMatchObject({ warmupMs: 221, durationMs: 561 });
  expect(configOf({ idle: '0,100000', duration: '30ms', warmup: '5ms' }).settings).toMatchObject({
    warmupMs: 5,
    durationMs: 30,
  });
});

test('has the memory for 100,000 connections without a word, and takes what is said', () => {
  expect(configOf({ idle: '0,100000' }).memoryMb).toBeGreaterThan(2500);
  expect(configOf({ idle: '0,100000', memory: '2G', boots: '2', smp: '1,2' })).toMatchObject({
    memoryMb: 2048,
    boots: 2,
    smps: [1, 2],
  });
});

test('has more memory where a connection has a thread of its own', () => {
  const [alone, threads] = ['poll', 'poll,blocking'].map((models) => configOf({ models }).memoryMb);
  expect(threads).toBeGreaterThan(alone ?? 0);
});

test('names all problems at once', () => {
  try {
    configOf({ idle: '7', active: '0', smp: '3', blocks: '0', models: 'pol' });
  } catch (error) {
    expect((error as UsageError).problems).toHaveLength(5);
    expect(error).toBeInstanceOf(UsageError);
    return;
  }
  throw new Error('it was accepted');
});

test('refuses more connections than a workload may have', () => {
  expect(() => configOf({ idle: '0,200000' })).toThrow(/200001 connections; at most 120000/);
});
