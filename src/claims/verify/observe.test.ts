import { describe, expect, test } from 'vitest';
import { fixtureCosts } from '../../fixtures/costs.ts';
import { GOOD_ENVIRONMENT } from '../../fixtures/facts.ts';
import { fixtureGuideRun } from '../../fixtures/guide.ts';
import { fixtureSweep } from '../../fixtures/scale.ts';
import { guideRun } from '../evidence.ts';
import { cell, cost, pair, probe, sweep } from './assertions.ts';
import { type Gathered, hostFacts, observationsOf } from './observe.ts';

const gathered: Gathered = {
  costs: fixtureCosts(),
  probes: [
    { probe: 'epoll-key', outcome: 'observed', values: { secondAdd: 'ok', watchesOfNumber: 2 } },
    { probe: 'kqueue', outcome: 'unsupported', reason: 'compiled without libkqueue', values: {} },
  ],
  runs: [fixtureGuideRun(), fixtureSweep()].map(guideRun),
  gaps: {},
  host: hostFacts(GOOD_ENVIRONMENT),
};
const observations = observationsOf(gathered);

describe('numbers', () => {
  test('of a cost come with their rounds, and in cycles where the frequency is known', () => {
    expect(observations.number({ from: 'cost', id: 'syscall-noop' })).toMatchObject({
      status: 'known',
      from: 'cost syscall-noop',
      value: { value: 102.5, unit: 'ns', rounds: [100, 101, 102, 103, 104, 105] },
    });
    expect(observations.number({ from: 'cost', id: 'syscall-noop', in: 'cycles' })).toMatchObject({
      status: 'known',
      value: { unit: 'cycles', value: expect.closeTo(410, 0) as number },
    });
  });
  test('of a row come from its blocks, and say which run they are of', () => {
    expect(observations.number({ from: 'cell', model: 'epoll-lt', load: 'one', of: 'calls' })).toMatchObject({
      status: 'known',
      value: { value: 3, interval: { low: 3, high: 3 } },
      from: expect.stringMatching(/^run \S+, epoll-lt under ping-pong$/) as string,
    });
    expect(
      observations.number({ from: 'pair', model: 'io_uring', base: 'epoll-lt', load: 'many', of: 'cpu' }),
    ).toMatchObject({ status: 'known', value: { value: expect.closeTo(5000 / 6200, 1) as number } });
  });
  test.each([
    { ref: cost('uring-nop-1'), what: 'cost uring-nop-1', why: 'this kernel has no io_uring' },
    { ref: cost('no-such'), what: 'cost no-such', why: 'the cost no-such was not measured' },
    {
      ref: cell('select', 'example', 'calls'),
      what: 'run --models select --workloads c10k',
      why: /holds at most [\d,]+ connections/,
    },
    {
      ref: pair('io_uring-plain', 'epoll-lt', 'many', 'cpu'),
      what: 'run --models epoll-lt,io_uring-plain --workloads many-connections',
      why: /not in this run/,
    },
  ])('$what is missing with the reason', ({ ref, what, why }) => {
    if (ref.from === 'number' || ref.from === 'host') throw new Error('no such case');
    const answer = observations.number(ref);
    expect(answer).toMatchObject({ status: 'missing', missing: { what } });
    if (answer.status === 'missing') expect(answer.missing.why).toMatch(why);
  });
  test('that no run holds are missing for the reason why it could not be measured', () => {
    const none = observationsOf({ ...gathered, runs: [], gaps: { example: 'RLIMIT_NOFILE is 1024' } });
    expect(none.number({ from: 'cell', model: 'poll', load: 'example', of: 'cpu' })).toMatchObject({
      missing: { why: 'RLIMIT_NOFILE is 1024' },
    });
    expect(none.number({ from: 'cell', model: 'poll', load: 'one', of: 'cpu' })).toMatchObject({
      missing: { why: 'not measured' },
    });
  });
});

test('A sweep speaks for itself', () => {
  expect(observations.series(sweep('poll'))).toMatchObject({ status: 'known', value: { fit: 'O(N)' } });
  expect(observations.series(sweep('epoll-lt'))).toMatchObject({ value: { fit: 'O(1)' } });
  expect(observations.series(sweep('blocking'))).toMatchObject({
    missing: { what: 'scale --models blocking --active 1', why: 'not measured' },
  });
});

describe('a probe', () => {
  test('answers with a value, or with several in the order asked for', () => {
    expect(observations.observed(probe('epoll-key', 'secondAdd'))).toMatchObject({ value: 'ok' });
    expect(observations.observed(probe('epoll-key', ['watchesOfNumber', 'secondAdd']))).toMatchObject({
      value: [2, 'ok'],
    });
  });
  test.each([
    { ref: probe('kqueue', 'epollCalls'), why: 'compiled without libkqueue' },
    { ref: probe('herd', 'edge'), why: 'not run' },
    { ref: probe('epoll-key', 'closedLast'), why: 'closedLast cannot be shown on this host' },
  ])('$ref.id: $why', ({ ref, why }) => {
    expect(observations.observed(ref)).toMatchObject({ status: 'missing', missing: { why } });
  });
  test('that answers a word has no number', () => {
    expect(observations.number({ from: 'probe', id: 'epoll-key', value: 'secondAdd' })).toMatchObject({
      status: 'missing',
      missing: { why: 'secondAdd is no number: "ok"' },
    });
  });
});
