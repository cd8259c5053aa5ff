import { describe, expect, test } from 'vitest';
import { fixtureEquals } from '../fixtures/noise.ts';
import { noiseCertificateSchema } from '../results/noise-schema.ts';
import type { RunResult } from '../results/schema.ts';
import { certifyNoise, twinsOf } from './noise.ts';
import type { Comparison, MetricComparison, Verdict } from './result.ts';

const RUN = fixtureEquals();

/** Judges each cell of both sides once, as told; keeps what it was given. */
function judge(verdictOf: (call: number) => Verdict, interval: { low: number; high: number } | null) {
  const sides: { base: RunResult; current: RunResult }[] = [];
  const compare = (base: RunResult, current: RunResult): Comparison => {
    const verdict = verdictOf(sides.length);
    sides.push({ base, current });
    const change = { ratio: 1, interval };
    const metrics = base.record.cells
      .filter((cell) => cell.skipReason === null)
      .map(
        ({ label, model, workload }) =>
          ({
            ...{ label, model, workload, verdict, change },
            metric: 'cpuNsPerRequest',
            threshold: 0.05,
          }) as MetricComparison,
      );
    const counts = { regressed: 0, improved: 0, same: 0, inconclusive: 0, [verdict]: metrics.length };
    return { metrics, counts } as unknown as Comparison;
  };
  return { compare, sides };
}

const certify = (verdictOf: (call: number) => Verdict, interval: { low: number; high: number } | null) =>
  certifyNoise(RUN, { seed: 1, splits: 4, compare: judge(verdictOf, interval).compare });

const placesOf = (side: RunResult) =>
  side.trials.map(({ label, workload, block }) => `${label} ${workload} ${block}`);

describe('the sides of an A/A run', () => {
  const { compare, sides } = judge(() => 'same', null);
  certifyNoise(RUN, { seed: 1, splits: 4, compare });

  test('hold one row per model, under its own name, and have ids of their own', () => {
    for (const { base, current } of sides) {
      expect(new Set([...base.trials, ...current.trials].map(({ label }) => label))).toEqual(
        new Set(['epoll-lt', 'io_uring']),
      );
      expect(base.record.settings.entries.map(({ label }) => label)).toEqual(['epoll-lt', 'io_uring']);
      expect(base.record.runId).not.toBe(current.record.runId);
    }
  });
  test('share out the trials of every block, each to one side, in every split', () => {
    for (const { base, current } of sides.slice(0, 4)) {
      const all = [...base.trials, ...current.trials].map(({ index }) => index);
      expect(all.toSorted((a, b) => a - b)).toEqual(
        RUN.trials.map(({ index }) => index).toSorted((a, b) => a - b),
      );
      expect(new Set(placesOf(base)).size).toBe(base.trials.length);
      expect(placesOf(current).toSorted()).toEqual(placesOf(base).toSorted());
    }
  });
  test('are dealt anew in each split, and the same way for the same seed', () => {
    const dealt = sides.slice(0, 4).map(({ base }) => base.trials.map(({ index }) => index).join());
    expect(new Set(dealt).size).toBe(4);
    const again = judge(() => 'same', null);
    certifyNoise(RUN, { seed: 1, splits: 4, compare: again.compare });
    expect(again.sides.map(({ base }) => base.trials.map(({ index }) => index).join()).slice(0, 4)).toEqual(
      dealt,
    );
  });
  test('hold both rows of the first blocks against both of the last, at the end', () => {
    const apart = sides[4];
    const blockOf = new Map(RUN.trials.map(({ index, block }) => [index, block]));
    const from = (side: RunResult | undefined) =>
      [...new Set(side?.trials.map(({ index }) => blockOf.get(index)))].toSorted();
    expect([from(apart?.base), from(apart?.current)]).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(new Set(apart?.base.trials.map(({ block }) => block))).toEqual(new Set([0, 1, 2, 3, 4, 5]));
    expect(apart?.current.calibrations.map(({ block }) => block)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe('a certificate', () => {
  test('counts what was called different of equals, and how often anything was', () => {
    const certificate = certify(
      (call) => (['same', 'regressed', 'improved', 'inconclusive'] as const)[call] ?? 'same',
      null,
    );
    expect(certificate.together).toEqual({ splits: 4, alarmed: 2 });
    expect(certificate.metrics[0]).toMatchObject({
      together: { comparisons: 16, falseAlarms: 8, inconclusive: 4 },
      apart: { comparisons: 4, falseAlarms: 0, inconclusive: 0 },
      halfWidth: null,
      detectable: null,
    });
    expect(noiseCertificateSchema.parse(certificate)).toEqual(certificate);
  });
  test.each([{ low: 0, high: Number.POSITIVE_INFINITY }, null])(
    'has no smallest change with the interval %j',
    (interval) => {
      const certificate = certify(() => 'inconclusive', interval);
      expect(certificate.cells[0]).toMatchObject({ halfWidth: null, detectable: null });
      expect(noiseCertificateSchema.parse(JSON.parse(JSON.stringify(certificate)))).toEqual(certificate);
    },
  );
  test.each([
    { title: 'is the threshold where the interval is narrow', reach: 0.01, detectable: 0.05 },
    { title: 'is more than the half-width of the interval', reach: 0.1, detectable: Math.expm1(0.14294) },
  ])('the smallest change $title', ({ reach, detectable }) => {
    const { metrics, cells } = certify(() => 'same', { low: Math.exp(-reach), high: Math.exp(reach) });
    expect(cells).toHaveLength(4);
    expect(metrics[0]?.halfWidth?.median).toBeCloseTo(Math.expm1(reach));
    expect(metrics[0]?.detectable?.max).toBeCloseTo(detectable);
  });
});

test('With blocks too few for significance among so many cells, no change can be seen', () => {
  const few = { ...RUN, trials: RUN.trials.filter(({ block }) => block < 4) };
  const { compare } = judge(() => 'same', { low: 0.99, high: 1.01 });
  const { metrics } = certifyNoise(few, { seed: 1, splits: 4, compare });
  expect(metrics[0]?.halfWidth).not.toBeNull();
  expect(metrics[0]?.detectable).toBeNull();
});

test('A run in which a model stands once, or three times, is no A/A run', () => {
  const entry = (label: string) => ({ label, model: 'poll' });
  expect(() => twinsOf([entry('poll')])).toThrow('an A/A run has every model twice; poll');
  expect(() => twinsOf(['a', 'b', 'c'].map(entry))).toThrow('an A/A run has every model twice; poll');
});
