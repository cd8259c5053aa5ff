import { describe, expect, test } from 'vitest';
import { parseCase } from '../config/case-config.ts';
import { fixtureGuideRun } from '../fixtures/guide.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { fixtureSweep, type SweepBehaviour } from '../fixtures/scale.ts';
import type { RunResult } from '../results/schema.ts';
import { meetingPoint } from './crossings.ts';
import { recommend } from './recommend.ts';
import type { Choice, Crossing } from './recommendation-schema.ts';

const guide = fixtureGuideRun();
const sweep = named(fixtureSweep(), 'sweep');

function named(run: RunResult, runId: string): RunResult {
  return { ...run, record: { ...run.record, runId } };
}

function choiceOf(runs: readonly RunResult[], workload: string): Choice {
  const choice = recommend(runs).choices.find((one) => one.workload.id === workload);
  if (choice === undefined) throw new Error(`no choice under ${workload}`);
  return choice;
}

describe('The choice under a load', () => {
  test('is the row that takes the least CPU, where all others surely take more', () => {
    const choice = choiceOf([guide], 'many-connections');
    expect(choice).toMatchObject({ outcome: 'one', among: ['io_uring'], plainest: null });
    expect(choice.rows.map(({ label }) => label)).toEqual([
      ...['io_uring', 'epoll-et', 'epoll-lt', 'poll', 'select', 'io_uring-sqpoll', 'blocking'],
    ]);
    const blocking = choice.rows.at(-1);
    expect(blocking?.standing).toBe('worse');
    expect(blocking?.ratio?.ratio).toBeCloseTo(9 / 5, 1);
  });

  test('is several rows where these runs show no difference, the oldest interface told', () => {
    const run = fixtureSweep({
      behaviours: [
        behaviour('poll', 6000, 0),
        behaviour('epoll-lt', 6000, 0),
        behaviour('blocking', 9000, 0),
      ],
      noise: 0.05,
    });
    const choice = choiceOf([run], 'idle-0-active-1');
    expect(choice).toMatchObject({ outcome: 'several', plainest: 'poll' });
    expect([...choice.among].sort()).toEqual(['epoll-lt', 'poll']);
  });

  test('is undecided with too few blocks, and alone without another row', () => {
    const few = fixtureSweep({ blocks: 3 });
    expect(choiceOf([few], 'idle-0-active-1')).toMatchObject({ outcome: 'undecided' });
    const lone = fixtureSweep({ behaviours: [behaviour('poll', 6000, 0)] });
    expect(choiceOf([lone], 'idle-0-active-1')).toMatchObject({ outcome: 'alone', among: ['poll'] });
  });

  test('Equal loads of several runs are one, whatever they are called', () => {
    const choice = choiceOf([guide, sweep], 'ping-pong');
    expect(choice.cells).toEqual([
      { runId: guide.record.runId, workload: 'ping-pong' },
      { runId: 'sweep', workload: 'idle-0-active-1' },
    ]);
    expect(choice.rows.find(({ label }) => label === 'poll')?.blocks).toBe(12);
  });

  test('Requests per second rank nothing where the rate is given, or the client was the limit', () => {
    const rates = new Map(
      recommend([fixtureRun()]).choices.map(({ workload, rates: why }) => [workload.id, why]),
    );
    expect(rates.get('fixed-rate')).toBe('the rate is given');
    expect(rates.get('many-connections')).toBe('the client was the limit of io_uring');
  });

  test('A row that was made slower, a variant, one of several workers and one with errors is no candidate', () => {
    const { record } = guide;
    const entries = record.settings.entries.map((entry) =>
      entry.model === 'poll'
        ? { ...entry, variant: { name: 'v', prefix: [] } }
        : entry.model === 'blocking'
          ? { ...entry, workers: 4 }
          : entry,
    );
    const handicap = { ns: 500, labels: ['epoll-lt'] };
    const trials = guide.trials.map((trial) =>
      trial.status === 'measured' && trial.label === 'select'
        ? {
            ...trial,
            observation: { ...trial.observation, requests: { ...trial.observation.requests, errors: 2 } },
          }
        : trial,
    );
    const run = {
      ...guide,
      trials,
      record: { ...record, settings: { ...record.settings, entries, handicap } },
    };
    const choice = choiceOf([run], 'many-connections');
    const labels = choice.rows.map(({ label }) => label);
    for (const label of ['poll', 'blocking', 'epoll-lt', 'select']) expect(labels).not.toContain(label);
    expect(choice.leftOut).toEqual([{ label: 'select', reason: '12 of its requests ended in an error' }]);
  });
});

function behaviour(model: string, baseNs: number, slopeNs: number): SweepBehaviour {
  return { model, baseNs, slopeNs, eventsPerWakeup: 1 };
}

function crossingOf(behaviours: readonly SweepBehaviour[], noise = 0.01): Crossing {
  const run = fixtureSweep({ behaviours, active: [1], noise });
  const crossing = recommend([run]).crossings[0];
  if (crossing === undefined) throw new Error('no crossing');
  return crossing;
}

describe('A crossover', () => {
  test('lies where the costs are equal, within its interval and between the values that show both sides', () => {
    const crossing = crossingOf([behaviour('poll', 5000, 2), behaviour('epoll-lt', 6000, 0)]);
    expect(crossing).toMatchObject({
      outcome: 'crosses',
      first: 'poll',
      second: 'epoll-lt',
      cheaper: 'epoll-lt',
      between: { low: 101, high: 1001 },
    });
    const { at, interval } = crossing.meets ?? { at: 0, interval: null };
    expect(at).toBeGreaterThan(450);
    expect(at).toBeLessThan(560);
    expect(interval?.low).toBeLessThanOrEqual(at);
    expect(interval?.high).toBeGreaterThanOrEqual(at);
    expect(interval?.low).toBeGreaterThan(101);
    expect(interval?.high).toBeLessThan(1001);
  });

  test.each([
    { of: 'begins', costs: [6000, 5, 6000, 0], cheaper: 'epoll-lt' },
    { of: 'always', costs: [9000, 0, 6000, 0], cheaper: 'epoll-lt' },
    { of: 'none', costs: [6000, 0, 6000, 0], cheaper: null },
  ])('is $of', ({ of, costs: [a = 0, b = 0, c = 0, d = 0], cheaper }) => {
    const crossing = crossingOf([behaviour('poll', a, b), behaviour('epoll-lt', c, d)], 0.02);
    expect(crossing).toMatchObject({ outcome: of, cheaper, meets: null });
  });

  test('says where a model ends', () => {
    const crossing = recommend([sweep]).crossings.find(
      ({ axis, first }) => axis.includes('active-1 ') && first === 'select',
    );
    expect(crossing?.limits).toEqual(['select holds at most 1,016 connections']);
    expect(crossing?.points.at(-1)).toMatchObject({ at: 9901, change: null, cheaper: 'unknown' });
  });

  test('Lines between neighbours meet where the ratio is 1, or nowhere', () => {
    const points = [
      { at: 1, log: Math.log(0.5) },
      { at: 11, log: Math.log(1.5) },
    ];
    expect(meetingPoint(points)).toBeCloseTo(6);
    expect(meetingPoint(points.slice(1))).toBeNull();
    expect(meetingPoint([{ at: 1, log: 0 }, ...points.slice(1)])).toBe(1);
  });
});

describe('The answer to a case', () => {
  const answerOf = (runs: readonly RunResult[], text: string) => {
    const { answer } = recommend(runs, { asked: parseCase(text) });
    if (answer === null) throw new Error('no answer');
    return answer;
  };

  test('is that of the cell with these numbers', () => {
    const answer = answerOf([guide], 'connections=10k,active=1%,message=64');
    expect(answer).toMatchObject({ basis: 'measured', outcome: 'one', among: ['io_uring'], measure: null });
    expect(answer.choices.map(({ workload }) => workload.id)).toEqual(['c10k']);
    expect(answer.ruledOut).toEqual([{ label: 'select', reason: 'holds at most 1,016 connections' }]);
  });

  test('is what the nearest cells below and above agree on, and says how to measure it', () => {
    const answer = answerOf([guide], 'connections=5000,active=1%,message=64');
    expect(answer).toMatchObject({ basis: 'between', outcome: 'one', among: ['io_uring'], beyond: [] });
    expect(answer.choices.map(({ workload }) => workload.id)).toEqual(['mostly-idle', 'c10k']);
    expect(answer.measure).toContain('--connections 5000 --active 50 --message 64');
    expect(answer.measure).not.toContain('select');
  });

  test('changes where the cells disagree', () => {
    const behaviours = [behaviour('poll', 5000, 2), behaviour('epoll-lt', 6000, 0)];
    const answer = answerOf([fixtureSweep({ behaviours, noise: 0.01 })], 'connections=500,active=1');
    expect(answer).toMatchObject({ basis: 'between', outcome: 'changes', among: [] });
    expect(answer.choices.map(({ among }) => among)).toEqual([['poll'], ['epoll-lt']]);
  });

  test('is a guess beyond what was measured, and says in what', () => {
    const answer = answerOf([guide], 'connections=20k,active=1%,message=4k');
    expect(answer).toMatchObject({ basis: 'beyond', outcome: 'beyond' });
    expect(answer.beyond).toEqual([
      'connections: 10,000 measured, 20,000 asked for',
      'active connections: 100 measured, 200 asked for',
      'message: 64 B measured, 4 KiB asked for',
    ]);
  });

  test('is nothing of a load of which none was measured', () => {
    const answer = answerOf([guide], 'connections=100,rate=20k');
    expect(answer).toMatchObject({ basis: 'nothing', outcome: 'nothing', choices: [] });
    expect(answer.measure).toMatch(/--rate 20000$/);
  });

  test('A row that one of two cells lacks is judged by neither', () => {
    const few = { ...sweep, record: { ...sweep.record, runId: 'few' } };
    const answer = answerOf([few], 'connections=2000,active=1');
    expect(answer.choices.map(({ workload }) => workload.id)).toEqual([
      'idle-1000-active-1',
      'idle-4000-active-1',
    ]);
    expect(answer.among).not.toContain('select');
    expect(answer.ruledOut.find(({ label }) => label === 'select')?.reason).toBe(
      'holds at most 1,016 connections',
    );
  });

  test('is kept to the models that may be recommended', () => {
    const asked = parseCase('connections=10k,active=1%');
    const { answer } = recommend([guide], { asked, wanted: (model) => model !== 'io_uring' });
    expect(answer?.among).not.toContain('io_uring');
  });
});

describe('What would change the answer', () => {
  const textsOf = (kind: string, runs: readonly RunResult[]) =>
    recommend(runs, { callCost: { id: 'x', ns: 95 } }).changes.filter((change) => change.kind === kind);

  test('A dearer system call, where the best makes more calls than a row that takes more', () => {
    const behaviours = [behaviour('poll', 5000, 0), behaviour('epoll-lt', 6000, 0)];
    const run = fixtureSweep({ behaviours, active: [1], noise: 0.005 });
    const trials = run.trials.map((trial) =>
      trial.status === 'measured'
        ? {
            ...trial,
            observation: {
              ...trial.observation,
              server: {
                ...trial.observation.server,
                syscalls: { x: (trial.model === 'poll' ? 3 : 1) * trial.observation.requests.accounted },
              },
            },
          }
        : trial,
    );
    const [change] = textsOf('call-cost', [{ ...run, trials }]);
    // 1,000 ns dearer, two calls fewer: 500 ns a call.
    expect(change?.text).toMatch(
      /^epoll-lt instead of poll \(.*\): if a system call cost (49\d|50\d) ns more than here \(here it costs 95 ns\)/,
    );
  });

  test('What was not measured, and what does not run here', () => {
    const [range] = textsOf('range', [guide]);
    expect(range?.text).toContain('1 to 10,000 connections, 1 to 200 of them active, messages of 64 B');
    const { record } = guide;
    const support = record.support.map((one) =>
      one.model === 'io_uring-sqpoll' ? { ...one, supported: false, reason: 'io_uring_setup: EPERM' } : one,
    );
    const [change] = textsOf('support', [{ ...guide, record: { ...record, support } }]);
    expect(change?.text).toBe(
      'not compared, for they do not run here: io_uring-sqpoll (io_uring_setup: EPERM)',
    );
  });
});
