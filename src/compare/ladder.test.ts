import { describe, expect, test } from 'vitest';
import { type FakeRung, fakeLadder } from '../fixtures/ladder.ts';
import { DECIDING, ladderOf, RUNG_METRICS } from './ladder.ts';
import type { Ladder } from './ladder-schema.ts';
import { ladderSchema } from './ladder-schema.ts';

const CONNECTIONS = [1, 64, 1000];

function climbed(rungs: readonly FakeRung[], connections = CONNECTIONS): Ladder['families'][number] {
  const [family] = ladderOf(fakeLadder({ rungs, connections })).families;
  if (family === undefined) throw new Error('there is a ladder');
  return family;
}

/** Where to stop by workload, and over all. */
const stopsOf = (family: Ladder['families'][number]) =>
  family.stops.map(({ label, outcome }) => `${label} ${outcome}`);

const rung = (label: string, after: string | null, cells: FakeRung['cells'] = {}): FakeRung => ({
  ...{ label, after, cells },
});

describe('Where to stop on a ladder', () => {
  test('is the last rung that takes less CPU than what is below it', () => {
    const family = climbed([
      rung('plain', null),
      rung('coop', 'plain', { cpu: 0.9 }),
      rung('multi', 'coop', { cpu: 0.8 }),
      rung('dear', 'multi', { cpu: 0.95 }),
    ]);
    expect(stopsOf(family)).toEqual(Array(4).fill('multi gain'));
    for (const { change } of family.stops) {
      expect(change?.interval?.low).toBeLessThan(0.8);
      expect(change?.interval?.high).toBeGreaterThan(0.8);
    }
  });

  test('is at each number of connections another one where what is won hangs on it', () => {
    const rungs = [
      rung('plain', null),
      rung('poll', 'plain', [{ cpu: 0.9 }, {}, {}]),
      rung('multi', 'plain', [{}, { cpu: 0.9 }, { cpu: 0.8 }]),
    ];
    // Over all multi takes less than poll, which is before it, and less nowhere at a loss but beside poll with one connection.
    const family = climbed(rungs);
    expect(stopsOf(family).slice(0, 3)).toEqual(['poll gain', 'multi gain', 'multi gain']);
    const over = family.stops[3];
    expect(over).toMatchObject({ workload: null, label: 'poll', outcome: 'gain' });
    expect(over?.passedOver.map(({ label }) => label)).toEqual(['multi']);
    expect(over?.passedOver[0]?.losses).toEqual([
      expect.objectContaining({ workload: 'c1-d1-m64', metric: DECIDING.id }),
    ]);
  });

  test('is not a rung that loses throughput or a tail elsewhere, which is told', () => {
    const family = climbed([
      rung('plain', null),
      rung('direct', 'plain', { cpu: 0.95 }),
      rung('minwait', 'direct', [{ throughput: 0.66, cpu: 1.3 }, { cpu: 0.87 }, { cpu: 0.85 }]),
      rung('tail', 'direct', [{}, { cpu: 0.8 }, { cpu: 0.95, tail: 1.6 }]),
    ]);
    expect(stopsOf(family)).toEqual(Array(4).fill('direct gain'));
    const [, at64] = family.stops;
    expect(at64?.passedOver.map(({ label }) => label)).toEqual(['minwait', 'tail']);
    const [minwait, tail] = at64?.passedOver ?? [];
    expect(new Set(minwait?.losses.map(({ workload }) => workload))).toEqual(new Set(['c1-d1-m64']));
    expect(minwait?.losses.map(({ metric }) => metric)).toEqual(
      RUNG_METRICS.filter(({ movedBy, isRate }) => movedBy === 'cpu' || isRate).map(({ id }) => id),
    );
    expect(minwait?.change.ratio).toBeCloseTo(0.87 / 0.95, 1);
    expect(tail?.losses.map(({ workload }) => workload)).toContain('c1000-d1-m64');
  });

  test('is reached by small steps as well, of which none shows by itself', () => {
    const small = Array.from({ length: 8 }, (_, i) =>
      rung(`r${i}`, i === 0 ? null : `r${i - 1}`, { cpu: 1 - i / 200 }),
    );
    const family = climbed(small, [1]);
    const [{ outcome, change } = {}] = family.stops;
    expect(outcome).toBe('gain');
    expect(change?.interval?.high).toBeLessThan(1);
    const steps = family.steps[0]?.rungs.flatMap(({ changes }) => changes) ?? [];
    expect(steps.filter(({ metric, better }) => metric === DECIDING.id && better === null)).not.toEqual([]);
  });

  test('is the first rung where this run can tell no other from it', () => {
    const family = climbed([rung('lt', null), rung('et', 'lt'), rung('oneshot', 'lt')]);
    expect(stopsOf(family)).toEqual(Array(4).fill('lt no-difference'));
    expect(family.stops.every(({ change, first }) => change === null && first === 'lt')).toBe(true);
  });

  test('is the first rung where the others take more', () => {
    const family = climbed([rung('lt', null), rung('oneshot', 'lt', { cpu: 1.2 })]);
    expect(stopsOf(family)).toEqual(Array(4).fill('lt first'));
  });

  test('needs as many blocks as an interval does', () => {
    const rungs = [rung('a', null), rung('b', 'a', { cpu: 0.5 })];
    const [family] = ladderOf(fakeLadder({ rungs, connections: [1], blocks: 3 })).families;
    expect(family?.stops).toEqual([expect.objectContaining({ label: 'a', outcome: 'undecided' })]);
  });
});

describe('What a rung adds', () => {
  const tree = [
    rung('plain', null),
    rung('coop', 'plain', { cpu: 0.9 }),
    rung('multi', 'coop', [{ cpu: 0.9 }, { skip: 'no buffer ring here' }, { cpu: 0.7 }]),
    rung('direct', 'multi', { cpu: 0.6 }),
    rung('zc', 'direct', { cpu: 0.6 }),
    rung('bundle', 'direct', { skip: 'Linux 6.10' }),
  ];
  const family = climbed(tree);

  test('is told in the order in which they are climbed, a level up where the way parts', () => {
    expect(family.rungs.map(({ label, after, level }) => [label, after, level])).toEqual([
      ['plain', null, 0],
      ['coop', 'plain', 0],
      ['multi', 'coop', 0],
      ['direct', 'multi', 0],
      ['zc', 'direct', 1],
      ['bundle', 'direct', 1],
    ]);
  });

  test('is beside the rung below it, or the nearest one that runs here', () => {
    const steps = (workload: number) =>
      family.steps[workload]?.rungs.map(({ label, against, status }) => [label, against, status]);
    expect(steps(0)).toEqual([
      ['plain', null, 'measured'],
      ['coop', 'plain', 'measured'],
      ['multi', 'coop', 'measured'],
      ['direct', 'multi', 'measured'],
      ['zc', 'direct', 'measured'],
      ['bundle', null, 'skipped'],
    ]);
    expect(steps(1)?.slice(2, 4)).toEqual([
      ['multi', null, 'skipped'],
      ['direct', 'coop', 'measured'],
    ]);
    const skipped = family.steps[1]?.rungs.find(({ label }) => label === 'multi');
    expect(skipped).toMatchObject({ reason: 'no buffer ring here', changes: [], values: {} });
  });

  test('is what was put there, with an interval around it, in every metric that is told', () => {
    const direct = family.steps[2]?.rungs.find(({ label }) => label === 'direct');
    expect(direct?.changes.map(({ metric }) => metric)).toEqual(RUNG_METRICS.map(({ id }) => id));
    const cpu = direct?.changes.find(({ metric }) => metric === DECIDING.id);
    expect(cpu?.better).toBe(true);
    expect(cpu?.change.interval?.low).toBeLessThan(0.6 / 0.7);
    expect(cpu?.change.interval?.high).toBeGreaterThan(0.6 / 0.7);
    const zc = family.steps[2]?.rungs.find(({ label }) => label === 'zc');
    expect(zc?.changes.find(({ metric }) => metric === DECIDING.id)?.better).toBeNull();
  });

  test('over all connections is of rungs that were measured with each of them', () => {
    const over = family.stops.at(-1);
    expect(over).toMatchObject({ workload: null, label: 'direct', outcome: 'gain', first: 'plain' });
  });
});

describe('The ladders of a run', () => {
  test('are as its schema says', () => {
    const rungs = [rung('a', null), rung('b', 'a', { cpu: 0.5 })];
    const ladder = ladderOf(fakeLadder({ rungs, connections: [1, 64] }));
    expect(ladderSchema.parse(JSON.parse(JSON.stringify(ladder)))).toEqual(ladder);
    expect(ladder.families[0]?.stops).toHaveLength(3);
  });

  test('have no stop over all where there is one workload', () => {
    expect(climbed([rung('a', null), rung('b', 'a')], [1]).stops).toHaveLength(1);
  });

  test('are those of the registry where the run says nothing of them, steps over rungs that it lacks included', () => {
    const rungs = ['epoll-lt', 'poll', 'epoll-et', 'io_uring'].map((label) => rung(label, null));
    const { families } = ladderOf(fakeLadder({ rungs, connections: [1], told: false }));
    expect(
      families.map(({ family, rungs: own }) => [family, own.map(({ label, after }) => [label, after])]),
    ).toEqual([
      [
        'epoll',
        [
          ['epoll-lt', null],
          ['epoll-et', 'epoll-lt'],
        ],
      ],
    ]);
  });

  test('may be none', () => {
    const rungs = ['select', 'poll'].map((label) => rung(label, null));
    expect(ladderOf(fakeLadder({ rungs, connections: [1], told: false })).families).toEqual([]);
  });

  test('may have many rungs', () => {
    const rungs = Array.from({ length: 15 }, (_, i) =>
      rung(`r${i}`, i === 0 ? null : `r${i < 5 ? i - 1 : 4}`, { cpu: 1 - i / 20 }),
    );
    const family = climbed(rungs, [1]);
    expect(family.rungs.map(({ level }) => level)).toEqual([0, 0, 0, 0, 0, ...Array(10).fill(1)]);
    expect(family.stops.at(-1)).toMatchObject({ outcome: 'gain', label: 'r14' });
  });
});
