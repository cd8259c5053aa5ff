import { expect, test } from 'vitest';
import { MODELS } from '../models/registry.ts';
import type { ModelSpec } from '../models/spec.ts';
import { runSettingsSchema } from '../results/schema.ts';
import { UsageError } from '../util/errors.ts';
import { connectionsOf } from '../workloads/schema.ts';
import { type LadderFlags, resolveLadderConfig } from './ladder-config.ts';

const [ROW] = MODELS;
if (ROW === undefined) throw new Error('the registry is empty');
/** Rows of the registry, for they are named, as ladders of another shape. */
const rungsOf = (
  rows: Readonly<Record<string, readonly [family: string, after: string | null]>>,
): ModelSpec[] => Object.entries(rows).map(([id, [family, after]]) => ({ ...ROW, id, family, after }));
const MODELS_HERE = rungsOf({
  'epoll-et': ['e', 'epoll-lt'],
  'epoll-lt': ['e', null],
  poll: ['u', null],
  select: ['u', 'poll'],
  blocking: ['alone', null],
});
const CONTEXT = {
  topology: { allowed: [0, 1], online: [0, 1], siblings: new Map() },
  randomSeed: 7,
  models: MODELS_HERE,
};

function problemsOf(flags: LadderFlags): readonly string[] {
  try {
    resolveLadderConfig(flags, CONTEXT);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).problems;
  }
  throw new Error('it was accepted');
}

test('A ladder measures every rung of every family in its order, with 1, 64 and 1,000 connections', () => {
  const { settings } = resolveLadderConfig({}, CONTEXT);
  expect(settings.entries).toEqual([
    { label: 'epoll-lt', model: 'epoll-lt', after: null },
    { label: 'epoll-et', model: 'epoll-et', after: 'epoll-lt' },
    { label: 'poll', model: 'poll', after: null },
    { label: 'select', model: 'select', after: 'poll' },
  ]);
  expect(settings.workloads.map(({ id }) => id)).toEqual(['c1-d1-m64', 'c64-d1-m64', 'c1000-d1-m64']);
  expect(settings.blocks).toBeGreaterThanOrEqual(20);
  expect(settings.baseline).toBe('epoll-lt');
  expect(runSettingsSchema.parse(settings)).toEqual(settings);
});

test('It may be of one family, with other connections', () => {
  const { settings } = resolveLadderConfig({ family: 'u', connections: '2,1k', blocks: '6' }, CONTEXT);
  expect(settings.entries.map(({ label }) => label)).toEqual(['poll', 'select']);
  expect(settings.workloads.map(connectionsOf)).toEqual([2, 1000]);
  expect(settings).toMatchObject({ blocks: 6, baseline: 'poll' });
});

test('What is wrong with it is said at once', () => {
  expect(problemsOf({ family: 'alone', connections: '0', message: 'x', blocks: '0' })).toEqual([
    expect.stringMatching(/^unknown family with a ladder alone; did you mean e\?$/),
    expect.stringMatching(/^--connections 0: must be a whole number/),
    expect.stringMatching(/^--message x: must be a size/),
    expect.stringMatching(/^--blocks 0: must be/),
  ]);
});
