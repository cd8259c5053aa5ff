import { describe, expect, test } from 'vitest';
import { costInfo, costSamples, fakeBench } from '../fixtures/costs.ts';
import { GOOD_ENVIRONMENT } from '../fixtures/facts.ts';
import { EnvironmentError } from '../util/errors.ts';
import type { CostSamples, CostsBench } from './bench.ts';
import { costOf } from './cost-of.ts';
import { type CostsSettings, measureCosts } from './measure-costs.ts';

const SETTINGS: CostsSettings = {
  seed: 7,
  rounds: 8,
  budgetMs: 60_000,
  roundBudgetNs: 1e6,
  batchNs: 2e4,
  cpu: 1,
  otherCpu: 0,
};
const COSTS = [
  costInfo('core-cycle'),
  ...['syscall-noop', 'read-devnull', 'a', 'b'].map((id) => costInfo(id)),
  ...['poll-1', 'poll-10', 'poll-100'].map((id) => costInfo(id, { descriptors: 10 })),
];

function measure(
  bench: CostsBench,
  change: Partial<CostsSettings> = {},
  {
    only = null,
    signal = new AbortController().signal,
    roundMs = 0,
  }: { only?: readonly string[] | null; signal?: AbortSignal; roundMs?: number } = {},
) {
  let readings = 0;
  return measureCosts(
    { ...SETTINGS, ...change },
    only,
    {
      bench,
      environment: GOOD_ENVIRONMENT,
      tool: { name: 'iomodels-bench', version: '0' },
      monotonicMs: () => readings++ * roundMs,
      now: () => '2026-01-02T03:04:05.000Z',
      newId: () => 'id',
    },
    signal,
  );
}

const one = (): CostSamples => costSamples([1]);

describe('the rounds', () => {
  test('take every cost once each, in orders of their own, those that share open files in a row', async () => {
    const bench = fakeBench(COSTS, one);
    await measure(bench);
    const rounds = Array.from({ length: 8 }, (_, i) =>
      bench.asked.slice(i * COSTS.length, (i + 1) * COSTS.length).map(({ id }) => id),
    );
    for (const ids of rounds) {
      expect([...ids].sort()).toEqual(COSTS.map(({ id }) => id).sort());
      const sharing = ids.flatMap((id, at) => (id.startsWith('poll') ? [at] : []));
      expect((sharing.at(-1) ?? 0) - (sharing[0] ?? 0)).toBe(2);
    }
    expect(new Set(rounds.map(String)).size).toBeGreaterThan(4);
    expect(bench.calls.at(-1)).toBe('release');
  });
  test('are the same for the same seed', async () => {
    const [first, second] = [fakeBench(COSTS, one), fakeBench(COSTS, one)];
    await measure(first);
    await measure(second);
    expect(first.asked).toEqual(second.asked);
  });
  test('are fewer where the machine is too slow for them, and that is told', async () => {
    // The clock is read once for each round that is thought of.
    const result = await measure(fakeBench(COSTS, one), { rounds: 100, budgetMs: 10_000 }, { roundMs: 1000 });
    expect(result.settings.rounds).toBeGreaterThanOrEqual(6);
    expect(result.settings.rounds).toBeLessThan(12);
    expect(result.warnings).toEqual([expect.stringContaining('of 100 rounds fitted into 10 s')]);
  });
  test('take what is asked for, and the cycle', async () => {
    const result = await measure(fakeBench(COSTS, one), {}, { only: ['a'] });
    expect(result.costs.map(({ id }) => id)).toEqual(['core-cycle', 'a']);
  });
});

describe('a round that went otherwise', () => {
  test('is not asked for again where something is missing here, and the reason is told', async () => {
    const bench = fakeBench(COSTS, (id) =>
      id === 'a' ? costSamples([], { status: 'unsupported', reason: 'no a here' }) : one(),
    );
    const result = await measure(bench);
    expect(bench.asked.filter(({ id }) => id === 'a')).toHaveLength(1);
    expect(result.costs.find(({ id }) => id === 'a')).toMatchObject({
      status: 'unsupported',
      reason: 'no a here',
    });
  });
  test('is left out of those that went well', async () => {
    const bench = fakeBench(COSTS, (id, round) =>
      id === 'a' && round === 3 ? costSamples([], { status: 'failed', reason: 'EIO' }) : one(),
    );
    const cost = costOf(await measure(bench), 'a');
    expect(cost).toMatchObject({ status: 'measured', roundNs: [1, 1, 1, null, 1, 1, 1, 1] });
  });
  test('ends all where it hangs', async () => {
    const bench = fakeBench(COSTS, () => costSamples([], { status: 'stuck', reason: 'hangs' }));
    await expect(measure(bench)).rejects.toThrow(EnvironmentError);
  });
  test('is stopped by an abort, and those before it stand', async () => {
    const controller = new AbortController();
    const bench = fakeBench(COSTS, (id, round) => {
      if (round === 2 && id === 'a') controller.abort();
      return one();
    });
    const result = await measure(bench, {}, { signal: controller.signal });
    expect(bench.calls).toContain('stop');
    expect(costOf(result, 'b')).toMatchObject({ status: 'measured' });
  });
});

test('a difference is taken round by round, so that a slow round is one for both of its terms', async () => {
  const bench = fakeBench(COSTS, (id, round) => {
    const slow = 1 + round;
    return costSamples([id === 'read-devnull' ? 150 * slow : id === 'syscall-noop' ? 100 * slow : 0.25]);
  });
  const result = await measure(bench);
  expect(costOf(result, 'fd-lookup')).toMatchObject({
    status: 'derived',
    roundNs: [50, 100, 150, 200, 250, 300, 350, 400],
    ns: 225,
    lowNs: 50,
    highNs: 400,
  });
  expect(costOf(result, 'file-miss')).toMatchObject({
    status: 'none',
    reason: 'read-random-file: was not measured',
  });
});

test('nanoseconds become cycles by the chain and ticks by the TSC', async () => {
  const bench = fakeBench(COSTS, (id) => costSamples([id === 'core-cycle' ? 0.25 : 100]));
  const result = await measure(bench);
  // The fake TSC has 2.5 ticks to a nanosecond of the fake clock.
  expect(result.frequency).toEqual({ coreHz: 4e9, coreSource: 'chain', tscHz: 2.5e9 });
  expect(costOf(result, 'a')).toMatchObject({ ns: 100, cycles: 400, tscCycles: 250 });
});

test('without the chain there are no cycles', async () => {
  const bench = fakeBench(COSTS, (id) =>
    id === 'core-cycle' ? costSamples([], { status: 'unsupported', reason: 'no chain' }) : one(),
  );
  const result = await measure(bench);
  expect(result.frequency).toMatchObject({ coreHz: null, coreSource: 'none' });
  expect(costOf(result, 'a')).toMatchObject({ cycles: null });
});

test('one CPU is warned of, and a coarse clock makes longer batches', async () => {
  const bench = fakeBench(COSTS, one);
  const coarse = { ...bench, clock: () => ({ ...bench.clock(), stepNs: 4000, tsc: null }) };
  const result = await measure(coarse, { otherCpu: null });
  expect(result.warnings).toEqual([expect.stringContaining('one CPU')]);
  expect(result.settings.batchNs).toBe(4e6);
  expect(result.frequency.tscHz).toBeNull();
});
