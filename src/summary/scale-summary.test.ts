import { describe, expect, test } from 'vitest';
import { withGuest } from '../fixtures/guest.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { fixtureSweep } from '../fixtures/scale.ts';
import type { RunResult } from '../results/schema.ts';
import { summarizeScale } from './scale-summary.ts';

const lineOf = (result: RunResult, active: number, label: string) => {
  const sweep = summarizeScale(result).sweeps.find((candidate) => candidate.active === active);
  const line = sweep?.lines.find((candidate) => candidate.label === label);
  if (line === undefined) throw new Error(`no ${label} at ${active} active`);
  return line;
};

test('A sweep is a line per model and count of active connections, fewest first', () => {
  const { sweeps } = summarizeScale(fixtureSweep());
  expect(
    sweeps.map(({ active, idle, lines }) => ({
      active,
      idle,
      verdicts: Object.fromEntries(lines.map((line) => [line.label, line.fit.verdict.kind])),
    })),
  ).toEqual([
    {
      active: 1,
      idle: [0, 10, 100, 1000, 4000, 9900],
      verdicts: { select: 'O(N)', poll: 'O(N)', 'epoll-lt': 'O(1)', io_uring: 'O(1)' },
    },
    {
      active: 10,
      idle: [0, 10, 100, 1000, 4000, 9900],
      // Its slope is certain, but 1,000 idle connections make it less than half as dear again.
      verdicts: { select: 'inconclusive', poll: 'O(N)', 'epoll-lt': 'O(1)', io_uring: 'O(1)' },
    },
  ]);
});

test('Active connections that share a wait share its slope', () => {
  const alone = lineOf(fixtureSweep({ noise: 0 }), 1, 'poll');
  const shared = lineOf(fixtureSweep({ noise: 0 }), 10, 'poll');
  expect(alone.fit.slopeNsPerIdle?.value).toBeCloseTo(25, 9);
  expect(shared.fit.slopeNsPerIdle?.value).toBeCloseTo(25 / 8, 9);
  expect(alone.cells.map((cell) => cell.eventsPerWakeup)).toEqual([1, 1, 1, 1, 1, 1]);
  expect(shared.cells.map((cell) => cell.eventsPerWakeup)).toEqual([8, 8, 8, 8, 8, 8]);
});

test('Counts that a model cannot hold are cells without a cost, and the line goes over the others', () => {
  const { cells, fit } = lineOf(fixtureSweep(), 1, 'select');
  expect(cells.map(({ idle, row }) => `${idle} ${row.status}`)).toEqual([
    '0 measured',
    '10 measured',
    '100 measured',
    '1000 measured',
    '4000 skipped',
    '9900 skipped',
  ]);
  expect(cells.slice(4).map((cell) => cell.cpuNsPerRequest)).toEqual([null, null]);
  expect(fit.blocks).toBe(6);
});

test('A line tells of the blocks of its rarest point, as where a trial failed or the run was interrupted', () => {
  const sweep = fixtureSweep();
  const lost = sweep.trials.find(
    (trial) => trial.block === 5 && trial.label === 'poll' && trial.workload === 'idle-9900-active-1',
  );
  const trials = sweep.trials.filter((trial) => trial !== lost);
  expect(lineOf({ ...sweep, trials }, 1, 'poll').fit.blocks).toBe(5);
  expect(lineOf({ ...sweep, trials }, 10, 'poll').fit.blocks).toBe(6);
});

describe('Contaminated trials', () => {
  /** Trials of a label in these blocks cost thrice as much with the most idle connections, and are marked. */
  const disturbed = (blocks: readonly number[]): RunResult => {
    const sweep = fixtureSweep({ blocks: 8, noise: 0 });
    const trials = sweep.trials.map((trial) => {
      if (trial.status !== 'measured' || trial.label !== 'epoll-lt' || !blocks.includes(trial.block))
        return trial;
      if (trial.workload !== 'idle-9900-active-1') return trial;
      const { observation } = trial;
      const server = { ...observation.server, cpuNsPerRequest: 3 * observation.server.cpuNsPerRequest };
      const contamination = { ...observation.contamination, marks: ['a neighbour took the CPU'] };
      return { ...trial, observation: { ...observation, server, contamination } };
    });
    return { ...sweep, trials };
  };

  test('are left out where every count has enough clean ones', () => {
    const { fit, trials } = lineOf(disturbed([1, 4]), 1, 'epoll-lt');
    expect(trials).toEqual({ measured: 48, clean: 46, used: 'clean' });
    expect(fit).toMatchObject({ blocks: 6, verdict: { kind: 'O(1)' } });
    expect(fit.slopeNsPerIdle?.value).toBeCloseTo(0, 9);
  });

  test('are used where clean ones are too few, and do not make a constant cost grow', () => {
    const { fit, trials } = lineOf(disturbed([1, 2, 4, 5]), 1, 'epoll-lt');
    expect(trials).toEqual({ measured: 48, clean: 44, used: 'all' });
    expect(fit.blocks).toBe(8);
    expect(fit.verdict.kind).not.toBe('O(N)');
  });
});

test('A server that does not count events has none per wakeup', () => {
  const sweep = fixtureSweep();
  const trials = sweep.trials.map((trial) => {
    if (trial.status !== 'measured') return trial;
    const { events: _events, ...counters } = trial.observation.server.counters;
    const server = { ...trial.observation.server, counters };
    return { ...trial, observation: { ...trial.observation, server } };
  });
  expect(lineOf({ ...sweep, trials }, 10, 'poll').cells[0]?.eventsPerWakeup).toBeNull();
});

test('A run of other workloads holds no sweep', () => {
  expect(summarizeScale(fixtureRun()).sweeps).toEqual([]);
});

test('In a guest that counts instructions the cost is the path length, and two blocks have a verdict', () => {
  const idleOf = (workload: string) => Number(/^idle-(\d+)-/.exec(workload)?.[1]);
  const swept = withGuest(fixtureSweep({ blocks: 2, active: [1] }), {
    pathOf: ({ label, workload, block }) =>
      (33_000 + (label === 'poll' ? 250 * idleOf(workload) : 0)) * (1 + 0.001 * block),
  });
  expect(summarizeScale(swept).cost).toBe('path-length');
  const poll = lineOf(swept, 1, 'poll');
  expect(poll.fit).toMatchObject({ blocks: 2, slopeNsPerIdle: null, verdict: { kind: 'O(N)' } });
  expect(poll.fit.slopeInstructionsPerIdle?.value).toBeCloseTo(250, 0);
  expect(poll.cells.map(({ cpuNsPerRequest }) => cpuNsPerRequest)).toEqual(poll.cells.map(() => null));
  expect(poll.cells[0]?.instructionsPerRequest).toBeCloseTo(33_016.5, 3);
  expect(lineOf(swept, 1, 'epoll-lt').fit.verdict.kind).toBe('O(1)');
});
