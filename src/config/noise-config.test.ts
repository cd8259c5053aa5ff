import { describe, expect, test } from 'vitest';
import { FAKE_WORKLOAD } from '../fixtures/run-deps.ts';
import { UsageError } from '../util/errors.ts';
import { type NoiseFlags, resolveNoiseConfig } from './noise-config.ts';

const CONTEXT = {
  workloads: [FAKE_WORKLOAD],
  topology: { allowed: [0, 1], online: [0, 1], siblings: new Map() },
  randomSeed: 1,
};

const labelsOf = (flags: NoiseFlags) =>
  resolveNoiseConfig(flags, CONTEXT).settings.entries.map(({ label }) => label);

describe('an A/A run', () => {
  test.each([
    [undefined, ['epoll-lt', 'io_uring', 'epoll-lt#2', 'io_uring#2']],
    ['poll', ['poll', 'poll#2']],
    ['poll,poll', ['poll', 'poll#2']],
    ['epoll-[le]t', ['epoll-lt', 'epoll-et', 'epoll-lt#2', 'epoll-et#2']],
  ])('of %j holds every model twice', (models, labels) => {
    expect(labelsOf({ models })).toEqual(labels);
  });

  test('leaves rows with known mistakes out of a glob, with one notice', () => {
    const { settings, notices } = resolveNoiseConfig({ models: 'poll*' }, CONTEXT);
    expect(settings.entries.map(({ label }) => label)).toEqual(['poll', 'poll#2']);
    expect(notices).toEqual([expect.stringContaining('poll* leaves out poll-guide')]);
  });

  test('names every problem at once', () => {
    expect(() => labelsOf({ models: 'pol', blocks: '0' })).toThrow(
      new UsageError([
        'unknown model pol; did you mean poll?',
        '--blocks 0: must be a whole number from 1 to 1000',
      ]),
    );
  });
});
