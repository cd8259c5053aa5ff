import { describe, expect, test } from 'vitest';
import { UsageError } from '../util/errors.ts';
import { resolveScaleConfig, type ScaleFlags } from './scale-config.ts';

const CONTEXT = { topology: { allowed: [0, 1], online: [0, 1], siblings: new Map() }, randomSeed: 4711 };

const settingsOf = (flags: ScaleFlags) => resolveScaleConfig(flags, CONTEXT).settings;

function problemsOf(flags: ScaleFlags): readonly string[] {
  try {
    resolveScaleConfig(flags, CONTEXT);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).problems;
  }
  throw new Error('it was accepted');
}

describe('resolveScaleConfig', () => {
  test('sweeps six counts at 1 and 10 active connections when nothing is said', () => {
    const { workloads, blocks, warmupMs, durationMs, seed } = settingsOf({});
    expect(workloads.map(({ id }) => id)).toEqual(
      [1, 10].flatMap((active) =>
        [0, 10, 100, 1000, 4000, 9900].map((idle) => `idle-${idle}-active-${active}`),
      ),
    );
    expect({ blocks, warmupMs, durationMs, seed }).toEqual({
      blocks: 8,
      warmupMs: 30,
      durationMs: 100,
      seed: 4711,
    });
  });

  test('takes what the flags say', () => {
    const settings = settingsOf({
      models: 'epoll-[le]t,nonblocking',
      idle: '500, 0',
      active: '3',
      blocks: '2',
      duration: '20ms',
      warmup: '5ms',
      seed: '9',
    });
    expect(settings.entries.map(({ label }) => label)).toEqual(['epoll-lt', 'epoll-et', 'nonblocking']);
    expect(settings.workloads.map(({ id }) => id)).toEqual(['idle-0-active-3', 'idle-500-active-3']);
    expect(settings).toMatchObject({ blocks: 2, durationMs: 20, warmupMs: 5, seed: 9 });
  });

  test.each([
    { flags: { idle: '0,many' }, problem: '--idle 0,many: must be whole numbers from 0 on' },
    { flags: { idle: '' }, problem: '--idle : must be whole numbers' },
    { flags: { idle: '0,-1' }, problem: '--idle 0,-1: must be' },
    { flags: { active: '0' }, problem: '--active 0: must be whole numbers from 1 on' },
    { flags: { idle: '100,100' }, problem: 'a slope needs two counts' },
    { flags: { idle: '0,120000' }, problem: '120010 connections; at most 120000' },
    { flags: { models: 'pol' }, problem: 'did you mean poll?' },
  ])('refuses $flags', ({ flags, problem }) => {
    expect(problemsOf(flags).join('\n')).toContain(problem);
  });

  test('names all problems at once', () => {
    expect(problemsOf({ idle: 'x', active: 'y', models: 'z', blocks: '0' })).toHaveLength(4);
  });
});
