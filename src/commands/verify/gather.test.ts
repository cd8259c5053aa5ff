import { describe, expect, test } from 'vitest';
import { needsOf } from '../../claims/verify/needs.ts';
import { observationsOf, type ProbeReading } from '../../claims/verify/observe.ts';
import { planFor } from '../../claims/verify/plan.ts';
import { CLAIMS } from '../../claims/verify/sections.ts';
import { verifyClaims } from '../../claims/verify/verify.ts';
import { fixtureCosts } from '../../fixtures/costs.ts';
import { GOOD_ENVIRONMENT } from '../../fixtures/facts.ts';
import { fixtureGuideRun } from '../../fixtures/guide.ts';
import { fixtureRun } from '../../fixtures/run.ts';
import { NothingMeasuredError } from '../../util/errors.ts';
import { type Given, gather, type VerifyDeps } from './gather.ts';

const NOTHING_GIVEN: Given = { runs: null, costs: null, probes: null };
const idsOf = (...ids: readonly string[]) => CLAIMS.filter(({ id }) => ids.includes(id));
const planOf = (...ids: readonly string[]) => planFor(needsOf(idsOf(...ids)));

function readings(ids: readonly string[], outcome: ProbeReading['outcome'], reason: string) {
  const observations = ids.map((probe): ProbeReading => ({ probe, outcome, reason, values: {} }));
  return { observations, environment: GOOD_ENVIRONMENT };
}

function fakeWorld(change: Partial<VerifyDeps> = {}) {
  const asked: string[] = [];
  const told: string[] = [];
  const deps: VerifyDeps = {
    signal: new AbortController().signal,
    readEnvironment: () => GOOD_ENVIRONMENT,
    measureCosts: async (only) => {
      asked.push(`costs ${only.join(',')}`);
      return fixtureCosts();
    },
    runProbes: async (ids) => {
      asked.push(`probes ${ids.join(',')}`);
      return readings(ids, 'unsupported', 'not here');
    },
    measureRun: async ({ settings }, kind) => {
      const { entries, workloads, blocks } = settings;
      const models = entries.map(({ model }) => model).join(',');
      asked.push(`${kind} ${models} under ${workloads.map(({ id }) => id).join(',')} ${blocks}`);
      return { result: fixtureRun(), folder: '/r' };
    },
    tell: (line) => told.push(line),
    ...change,
  };
  return { deps, asked, told };
}

describe('what claims need is measured', () => {
  test('once, whichever of them needs it, and nothing else', async () => {
    const { deps, asked } = fakeWorld();
    await gather(
      planOf('syscall-cost', 'mode-switch-200-500ns', 'freq-blocking', 'et-new-transition'),
      NOTHING_GIVEN,
      deps,
    );
    expect(asked).toEqual([
      'probes epoll-edge',
      'costs syscall-noop',
      'run blocking under ping-pong 10',
      'run blocking under many-connections 10',
    ]);
  });
  test('with the terms of costs that are differences', async () => {
    const { deps, asked } = fakeWorld();
    await gather(planOf('syscall-fd-lookup'), NOTHING_GIVEN, deps);
    expect(asked).toEqual(['costs read-devnull,syscall-noop']);
  });
  test('as a sweep where idle connections are what is asked about', async () => {
    const { deps, asked } = fakeWorld();
    await gather(planOf('epoll-o-ready'), NOTHING_GIVEN, deps);
    expect(asked[1]).toMatch(/^scale epoll-lt under idle-0-active-1,.*idle-9900-active-1 6$/);
  });
  test('not at all where documents answer', async () => {
    const { deps, asked } = fakeWorld();
    const { environment, sources } = await gather(planOf('tl-1994-poll'), NOTHING_GIVEN, deps);
    expect(asked).toEqual([]);
    expect({ environment, sources }).toEqual({ environment: GOOD_ENVIRONMENT, sources: [] });
  });
  test('and told of with the time that is left', async () => {
    const { deps, told } = fakeWorld();
    await gather(planOf('freq-blocking', 'syscall-cost'), NOTHING_GIVEN, deps);
    expect(told).toEqual([
      expect.stringMatching(/^1 of 3: 1 cost; about \d+ s left in all$/),
      expect.stringMatching(/^2 of 3: ping-pong, 1 model; about \d+ s left in all$/),
      expect.stringMatching(/^3 of 3: many-connections, 1 model; about \d+ s left in all$/),
    ]);
  });
});

test('What is given is not measured', async () => {
  const { deps, asked } = fakeWorld();
  const observations = [{ probe: 'epoll-edge', outcome: 'observed', values: { newDataTcp: true } }] as const;
  const probes = { observations, environment: GOOD_ENVIRONMENT };
  const given = { runs: [fixtureGuideRun()], costs: fixtureCosts(), probes };
  const plan = planFor(needsOf(CLAIMS));
  const { gathered, sources } = await gather(plan, given, deps);
  expect(asked).toEqual([]);
  expect(sources).toHaveLength(3);
  const [verified] = verifyClaims(idsOf('freq-blocking'), observationsOf(gathered));
  expect(verified?.verdict).toMatchObject({ word: 'confirmed', basis: 'measured' });
});

test('A run in which nothing can be measured is missing with its reason; the others go on', async () => {
  const { deps } = fakeWorld({
    measureRun: async ({ settings }) => {
      if (settings.workloads.some(({ id }) => id === 'c10k'))
        throw new NothingMeasuredError(
          'nothing can be measured here:\npoll under c10k: RLIMIT_NOFILE is 1024\nepoll-lt under c10k: RLIMIT_NOFILE is 1024',
        );
      return { result: fixtureGuideRun(), folder: '/r' };
    },
  });
  const { gathered, failed } = await gather(planOf('c10k-1999', 'freq-blocking'), NOTHING_GIVEN, deps);
  expect(gathered.gaps).toEqual({ example: 'RLIMIT_NOFILE is 1024' });
  expect(gathered.runs).toHaveLength(2);
  expect(failed).toEqual([]);
});

test('In a guest nothing is timed: probes alone are run, and what else decides is missing with the reason', async () => {
  const { deps, asked, told } = fakeWorld();
  const plan = planOf('syscall-cost', 'freq-blocking', 'et-new-transition');
  const { gathered, sources, environment } = await gather(
    plan,
    { ...NOTHING_GIVEN, untimed: 'a guest has no times' },
    {
      ...deps,
      runProbes: async (ids) => ({
        ...(await deps.runProbes(ids)),
        environment: { ...GOOD_ENVIRONMENT, kernel: '6.1.0' },
      }),
    },
  );
  expect(asked).toEqual(['probes epoll-edge']);
  expect(told).toEqual([expect.stringMatching(/^1 of 1: 1 probe;/)]);
  expect([environment.kernel, gathered.host.texts.kernel]).toEqual(['6.1.0', '6.1.0']);
  expect(sources).toHaveLength(1);
  expect(gathered.costs).toBeNull();
  expect(
    observationsOf(gathered).number({ from: 'cell', model: 'blocking', load: 'one', of: 'calls' }),
  ).toMatchObject({ missing: { why: 'a guest has no times' } });
});

test('What should run here and fails is named', async () => {
  const { deps } = fakeWorld({
    runProbes: async (ids) => readings(ids, 'failed', 'it did not end'),
  });
  const { failed } = await gather(planOf('et-new-transition'), NOTHING_GIVEN, deps);
  expect(failed).toEqual(['probe epoll-edge: it did not end']);
});

test('An abort ends it between two stages', async () => {
  const controller = new AbortController();
  const { deps, asked } = fakeWorld({
    signal: controller.signal,
    measureCosts: async () => {
      controller.abort(new Error('enough'));
      return fixtureCosts();
    },
  });
  await expect(gather(planOf('syscall-cost', 'freq-blocking'), NOTHING_GIVEN, deps)).rejects.toThrow(
    'enough',
  );
  expect(asked).toEqual([]);
});

test('The whole of it takes less than five minutes, by its own plan', () => {
  const { probesSeconds, costsSeconds, runs } = planFor(needsOf(CLAIMS));
  const total = runs.reduce((sum, { seconds }) => sum + seconds, probesSeconds + costsSeconds);
  expect(total).toBeLessThan(300);
});
