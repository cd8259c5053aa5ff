import { mean } from 'simple-statistics';
import { describe, expect, test } from 'vitest';
import { type FakeRun, fakeRun, QUIET } from '../fixtures/compare.ts';
import { fixtureEquals } from '../fixtures/noise.ts';
import { noiseCertificateSchema } from '../results/noise-schema.ts';
import type { RunResult } from '../results/schema.ts';
import { COMPARE_DEFAULTS, compareRuns } from './compare-runs.ts';
import { certifyNoise, DRAWS, type NoiseOptions, twinsOf } from './noise.ts';
import type { Comparison } from './result.ts';

/** Over a hundred comparisons. */
const TIMEOUT_MS = 60_000;

const compare: NoiseOptions['compare'] = (base, current, history) =>
  compareRuns(base, current, { ...COMPARE_DEFAULTS, history });

/** Two rows of one model, of a simulated run. */
function equals(blocks: number, { seed = 1, ...options }: Partial<FakeRun> = {}): RunResult {
  const common = { host: QUIET, blocks, models: 1, workloads: 2, ...options };
  const [first, second] = [fakeRun({ ...common, seed }), fakeRun({ ...common, seed: seed + 1 })];
  const again = <T extends { readonly label: string }>(items: readonly T[]) =>
    items.map((item) => ({ ...item, label: `${item.label}#2` }));
  return {
    ...first,
    record: {
      ...first.record,
      settings: {
        ...first.record.settings,
        entries: ['model-0', 'model-0#2'].map((label) => ({ label, model: 'model-0' })),
      },
      cells: [...first.record.cells, ...again(first.record.cells)],
    },
    trials: [...first.trials, ...again(second.trials)],
  };
}

function history(count: number): RunResult[] {
  return Array.from({ length: count }, (_, i) =>
    fakeRun({ host: QUIET, blocks: 12, models: 1, workloads: 2, seed: 50 + i }),
  );
}

/** Judges everything alike, and keeps what it was given. */
function judge(outcome: Comparison['outcome']) {
  const asked: {
    base: readonly RunResult[];
    current: readonly RunResult[];
    history: readonly RunResult[];
  }[] = [];
  const rule: NoiseOptions['compare'] = (base, current, known) => {
    asked.push({ base, current, history: known });
    return { outcome, overall: [], metrics: [] } as unknown as Comparison;
  };
  return { rule, asked };
}

const OPTIONS = { seed: 1, detect: 0.05, history: [] };

describe('the sides of an A/A run', () => {
  const { rule, asked } = judge('passed');
  const run = fixtureEquals();
  const certificate = certifyNoise(run, { ...OPTIONS, compare: rule });
  test('are rows of one run, so that they are judged in pairs, each model under its own name', () => {
    expect(asked).toHaveLength(3 * DRAWS);
    for (const { base, current } of asked) {
      expect([base, current].map((side) => side.map(({ record }) => record.runId))).toEqual([
        [run.record.runId],
        [run.record.runId],
      ]);
      const [one] = base;
      expect(new Set(one?.trials.map(({ label }) => label))).toEqual(new Set(['epoll-lt', 'io_uring']));
      expect(one?.trials.length).toBe(current[0]?.trials.length);
    }
  });
  test('are of blocks drawn with replacement, each trial on one side', () => {
    for (const { base, current } of asked.slice(0, DRAWS)) {
      const places = (side: readonly RunResult[]) =>
        side.flatMap(({ trials }) =>
          trials.map(({ label, workload, block }) => `${label} ${workload} ${block}`),
        );
      expect(places(current).toSorted()).toEqual(places(base).toSorted());
      const sources = (side: readonly RunResult[]) =>
        side.flatMap(({ trials }) => trials.map(({ index, block }) => `${index} ${block}`));
      expect(sources(base).filter((one) => sources(current).includes(one))).toEqual([]);
    }
    const indices = asked
      .slice(0, DRAWS)
      .map(({ base }) => base.flatMap(({ trials }) => trials.map(({ index }) => index)).join());
    expect(new Set(indices).size).toBeGreaterThan(DRAWS / 2);
  });
  test('count as independent no more often than there are blocks', () => {
    expect(certificate.pairs).toMatchObject({ comparisons: DRAWS, independent: 6, sideRuns: 0 });
    const { equal, found } = certificate.pairs ?? {};
    expect(equal).toMatchObject({
      falseAlarms: { worth: 6 },
      passed: { worth: 2 },
      inconclusive: { worth: 2 },
    });
    expect(found?.map(({ regressed }) => regressed.worth)).toEqual([2, 2]);
    expect(certificate.runs).toBeNull();
    expect(noiseCertificateSchema.parse(certificate)).toEqual(certificate);
  });
});

test.each([
  { outcome: 'regressed' as const, alarms: DRAWS, passed: 0, found: DRAWS },
  { outcome: 'passed' as const, alarms: 0, passed: DRAWS, found: 0 },
  { outcome: 'inconclusive' as const, alarms: 0, passed: 0, found: 0 },
])('A rule that says $outcome of everything is certified as that', ({ outcome, alarms, passed, found }) => {
  const { pairs } = certifyNoise(fixtureEquals(), { ...OPTIONS, compare: judge(outcome).rule });
  expect(pairs?.equal.falseAlarms.times).toBe(alarms);
  expect(pairs?.equal.passed.times).toBe(passed);
  expect(pairs?.found.map(({ change, regressed }) => [change, regressed.times])).toEqual([
    [0.05, found],
    [0.1, found],
  ]);
});

test(
  'What compare does is certified as it is: few false alarms, and twice the change is found',
  () => {
    const { pairs, runs, threes } = certifyNoise(equals(20), { ...OPTIONS, history: history(8), compare });
    for (const design of [pairs, runs, threes]) {
      expect(design?.equal.falseAlarms.times).toBeLessThanOrEqual(0.05 * (design?.comparisons ?? 0));
      expect(design?.found[1]?.regressed.times).toBeGreaterThan(0.9 * (design?.comparisons ?? 0));
      const { low = 1, high = 0 } = design?.equal.falseAlarms ?? {};
      expect(high - low).toBeGreaterThan(0.05);
    }
    expect(runs).toMatchObject({ independent: 4, sideRuns: 1 });
    expect(threes).toMatchObject({ independent: 1, sideRuns: 3 });
  },
  TIMEOUT_MS,
);

describe('of noise of which the rates are known', () => {
  const BLOCKS = 17;
  const JITTER = 0.05;
  /** The mean of the pairs that is called. */
  const LIMIT = 0.03;
  const host = { ...QUIET, level: 0, hit: 0, jitter: JITTER };
  /** Above it, by the normal distribution, with blocks of a difference of two trials: Phi(-1.749), Phi(1.096). */
  const TRUTH = { falseAlarms: 0.0401, found: 0.8634 };

  const cpuLogs = ([side]: readonly RunResult[]) =>
    (side?.trials ?? []).flatMap((trial) =>
      trial.status === 'measured' ? [Math.log(trial.observation.server.cpuNsPerRequest)] : [],
    );
  const overTheLimit: NoiseOptions['compare'] = (base, current) => {
    const outcome = mean(cpuLogs(current)) - mean(cpuLogs(base)) > LIMIT ? 'regressed' : 'passed';
    return { outcome, overall: [], metrics: [] } as unknown as Comparison;
  };

  test(
    'the certificates of most runs hold them, and are not far off in the mean',
    () => {
      const certificates = Array.from({ length: 20 }, (_, i) => {
        const { pairs } = certifyNoise(equals(BLOCKS, { host, workloads: 1, seed: 100 + 2 * i }), {
          ...{ ...OPTIONS, seed: i, compare: overTheLimit },
        });
        if (pairs === null) throw new Error('a run was certified');
        return { falseAlarms: pairs.equal.falseAlarms, found: pairs.found[0]?.regressed };
      });
      for (const key of ['falseAlarms', 'found'] as const) {
        const rates = certificates.flatMap((one) => one[key] ?? []);
        expect(rates).toHaveLength(20);
        const holding = rates.filter(({ low, high }) => low <= TRUTH[key] && TRUTH[key] <= high);
        expect(holding.length, key).toBeGreaterThanOrEqual(17);
        expect(Math.abs(mean(rates.map(({ times, of }) => times / of)) - TRUTH[key]), key).toBeLessThan(0.06);
      }
    },
    TIMEOUT_MS,
  );
});

describe('the history', () => {
  test('alone is certified as well, the compared runs left out of what is known', () => {
    const { rule, asked } = judge('passed');
    const known = history(5);
    const certificate = certifyNoise(null, { ...OPTIONS, history: known, compare: rule });
    expect(certificate).toMatchObject({
      source: 'history',
      pairs: null,
      threes: null,
      runId: known[4]?.record.runId,
    });
    for (const { base, current, history: others } of asked) {
      const all = [...base, ...current, ...others].map(({ record }) => record.runId);
      expect(new Set(all).size).toBe(5);
    }
  });
  test('of fewer than four equal runs certifies nothing of runs', () => {
    const { rule } = judge('passed');
    expect(certifyNoise(null, { ...OPTIONS, history: history(3), compare: rule }).runs).toBeNull();
    const mixed = [
      ...history(3),
      fakeRun({ host: QUIET, blocks: 5, models: 1, workloads: 1, seed: 9, kernel: '7.0' }),
    ];
    expect(certifyNoise(null, { ...OPTIONS, history: mixed, compare: rule }).runs).toBeNull();
  });
});

test('A run in which a model stands once, or three times, is no A/A run', () => {
  const once = [{ label: 'poll', model: 'poll' }];
  expect(() => twinsOf(once)).toThrow('every model twice');
  expect(() => twinsOf([...once, ...once, ...once])).toThrow('every model twice');
});
