import { changeOf } from '../compare/judge.ts';
import { formatCount } from '../document/format.ts';
import { findModel } from '../models/registry.ts';
import { expandedPercentiles, type Interval, resampledMeans } from '../stats/bootstrap.ts';
import { type LoadAxis, numbersOf } from './axes.ts';
import { isSure } from './choose.ts';
import { CPU, comparePaired, type Load, type LoadRow, type PairedEstimate } from './loads.ts';
import type { Crossing, CrossingPoint } from './recommendation-schema.ts';

/** Families between which the guide, and most who ask, choose: threads, select, poll, epoll, io_uring. */
const FAMILIES = ['blocking', 'select', 'poll', 'epoll', 'io_uring'] as const;
const PROFILES = ['quick', 'default', 'full'] as const;
/** A percentile interval of fewer blocks leaves out too much. */
const BLOCKS_MIN = 6;

/** Every two families over an axis, each by the row of it that most runs have, where both were measured at two values at least. */
export function crossingsOf(
  { axis, points }: LoadAxis,
  { seed, comparisons }: CrossingOptions,
): readonly Crossing[] {
  const loads = points.map(({ load }) => load);
  const labels = familiesOf(loads).flatMap((family) => representativeOf(family, loads) ?? []);
  return labels.flatMap((first, i) =>
    labels.slice(i + 1).flatMap((second) => {
      const compared = points.map(({ at, load }) => comparedAt({ at, load }, { first, second, comparisons }));
      const measured = compared.filter(({ estimate }) => estimate !== null && estimate.reach !== null);
      if (measured.length < 2) return [];
      return [
        {
          ...{ axis: axis.id, first, second },
          ...outcomeOf(measured, { first, second, seed }),
          points: compared.map(({ point }) => point),
          limits: limitsOf(compared),
        },
      ];
    }),
  );
}

export interface CrossingOptions {
  readonly seed: number;
  /** Of all crossings together. */
  readonly comparisons: number;
}

/** How many ratios the crossings of these axes compare with 1. */
export function crossingComparisons(axes: readonly LoadAxis[]): number {
  return axes.reduce((sum, { points }) => {
    const loads = points.map(({ load }) => load);
    const labels = familiesOf(loads).flatMap((family) => representativeOf(family, loads) ?? []);
    return (
      sum +
      loads.reduce(
        (pairs, { rows }) => pairs + pairsAmong(rows.filter(({ label }) => labels.includes(label)).length),
        0,
      )
    );
  }, 0);
}

/** Over connections those that one chooses between; over files whatever was measured. */
function familiesOf(loads: readonly Load[]): readonly string[] {
  const overSockets = loads.some(({ workload }) => numbersOf(workload).connections > 0);
  return overSockets ? FAMILIES : [...new Set(loads.flatMap(({ rows }) => rows.map(({ family }) => family)))];
}

function pairsAmong(count: number): number {
  return (count * (count - 1)) / 2;
}

/** Of the rows of a family that were measured at two values, the one of the shortest profile, then of the registry's order. */
function representativeOf(family: string, loads: readonly Load[]): string | null {
  const counts = new Map<string, number>();
  for (const { rows } of loads)
    for (const row of rows)
      if (row.family === family) counts.set(row.label, (counts.get(row.label) ?? 0) + 1);
  const profiles: readonly string[] = PROFILES;
  const rank = (label: string) => profiles.indexOf(findModel(label)?.profile ?? '');
  return (
    [...counts]
      .filter(([, count]) => count >= 2)
      .map(([label]) => label)
      .sort((a, b) => rank(a) - rank(b))[0] ?? null
  );
}

interface Compared {
  readonly at: number;
  readonly estimate: PairedEstimate | null;
  readonly point: CrossingPoint;
  /** Why one of them was skipped. */
  readonly limits: readonly string[];
}

function comparedAt(
  { at, load }: { readonly at: number; readonly load: Load },
  {
    first,
    second,
    comparisons,
  }: { readonly first: string; readonly second: string; readonly comparisons: number },
): Compared {
  const rowOf = (label: string): LoadRow | undefined => load.rows.find((row) => row.label === label);
  const [a, b] = [rowOf(first), rowOf(second)];
  const nothing = { at, workload: load.workload.id, change: null, cheaper: 'unknown' as const };
  if (a === undefined || b === undefined) {
    const missing = [first, second].filter((label) => rowOf(label) === undefined);
    const reasons = missing.map((label) => ({
      label,
      reason: load.leftOut.find((one) => one.label === label)?.reason ?? 'not in these runs',
    }));
    const why = reasons.map(({ label, reason }) => `${label}: ${reason}`).join('; ');
    const limits = missing.flatMap((label) => {
      const most = findModel(label)?.connectionsMax ?? null;
      return most === null || numbersOf(load.workload).connections <= most
        ? []
        : [`${label} holds at most ${formatCount(most)} connections`];
    });
    return { at, estimate: null, point: { ...nothing, why }, limits };
  }
  const estimate = comparePaired(a, b, CPU);
  if (estimate.logs.length === 0)
    return { at, estimate: null, point: { ...nothing, why: 'no block holds both' }, limits: [] };
  return {
    at,
    estimate,
    point: {
      ...nothing,
      change: changeOf(estimate),
      cheaper: cheaperOf(estimate, comparisons),
      why: estimate.reach === null ? 'too few blocks' : null,
    },
    limits: [],
  };
}

function cheaperOf(estimate: PairedEstimate, comparisons: number): CrossingPoint['cheaper'] {
  if (estimate.reach === null) return 'unknown';
  if (isSure(estimate, comparisons)) return estimate.difference < 0 ? 'first' : 'second';
  return Math.abs(estimate.difference) > estimate.reach ? 'unclear' : 'neither';
}

function limitsOf(compared: readonly Compared[]): string[] {
  return [...new Set(compared.flatMap(({ limits }) => limits))];
}

type Side = 'first' | 'second' | null;

interface Names {
  readonly first: string;
  readonly second: string;
  readonly seed: number;
}

function outcomeOf(
  compared: readonly Compared[],
  { first, second, seed }: Names,
): Pick<Crossing, 'outcome' | 'cheaper' | 'between' | 'meets'> {
  const sides = compared.map(
    ({ point }): Side => (point.cheaper === 'first' || point.cheaper === 'second' ? point.cheaper : null),
  );
  const nothing = { cheaper: null, between: null, meets: null };
  const nameOf = (side: Side) => (side === 'first' ? first : side === 'second' ? second : null);
  // What stands one after the other: nobody, one of them, the other.
  const phases = sides.filter((side, i) => i === 0 || side !== sides[i - 1]);
  const decided = phases.filter((side) => side !== null);
  if (decided.length === 0) return { outcome: 'none', ...nothing };
  const atLow = sides.find((side) => side !== null) ?? null;
  const atHigh = sides.findLast((side) => side !== null) ?? null;
  const spanOf = (from: number, to: number) => ({
    low: compared[from]?.at ?? 0,
    high: compared[to]?.at ?? 0,
  });
  if (atLow !== atHigh) {
    const from = sides.lastIndexOf(atLow);
    const to = sides.indexOf(atHigh);
    // Each keeps to its end of the axis.
    if (from > to) return { outcome: 'mixed', ...nothing };
    return {
      outcome: 'crosses',
      cheaper: nameOf(atHigh),
      between: spanOf(from, to),
      meets: meetingOf(compared.slice(from, to + 1), seed),
    };
  }
  if (phases.length === 1) return { outcome: 'always', ...nothing, cheaper: nameOf(atHigh) };
  const [start, end] = [sides[0] ?? null, sides.at(-1) ?? null];
  if (start === null && end !== null && decided.length === 1)
    return {
      outcome: 'begins',
      ...nothing,
      cheaper: nameOf(end),
      between: spanOf(sides.indexOf(end) - 1, sides.indexOf(end)),
    };
  if (start !== null && end === null && decided.length === 1) {
    const last = sides.lastIndexOf(start);
    return { outcome: 'ends', ...nothing, cheaper: nameOf(start), between: spanOf(last, last + 1) };
  }
  return { outcome: 'mixed', ...nothing };
}

/**
 * Where two rows cost the same: straight lines between the ratios of neighbouring values, as costs that grow with the number are
 * straight ones. The interval is a bootstrap over the blocks of each value, expanded for few blocks as that of a ratio. Values
 * of one block are resampled apart, for who comes first within it is chance. It is as true as the lines are: what is sure is that
 * it lies between the two values at the ends.
 */
function meetingOf(compared: readonly Compared[], seed: number): Crossing['meets'] {
  const points = compared.flatMap(({ at, estimate }) => (estimate === null ? [] : [{ at, estimate }]));
  const at = meetingPoint(points.map((point) => ({ at: point.at, log: point.estimate.difference })));
  if (at === null) return null;
  const blocks = Math.min(...points.map(({ estimate }) => estimate.logs.length));
  if (blocks < BLOCKS_MIN) return { at, interval: null };
  const drawn = points.map(({ at: where, estimate }, i) => ({
    at: where,
    means: resampledMeans(
      estimate.logs.toSorted((a, b) => a - b),
      seed + i,
    ),
  }));
  const count = Math.min(...drawn.map(({ means }) => means.length));
  const meetings = Array.from({ length: count }, (_, i) =>
    meetingPoint(drawn.map(({ at: where, means }) => ({ at: where, log: means[i] ?? 0 }))),
  ).filter((meeting) => meeting !== null);
  if (meetings.length === 0) return { at, interval: null };
  const { low, high }: Interval = expandedPercentiles(meetings, blocks);
  return { at, interval: { low: Math.min(low, at), high: Math.max(high, at) } };
}

/** The first place where the ratio, straight between neighbours, is 1; null: it is nowhere. */
export function meetingPoint(
  points: readonly { readonly at: number; readonly log: number }[],
): number | null {
  for (const [i, { at, log }] of points.entries()) {
    const next = points[i + 1];
    if (log === 0) return at;
    if (next === undefined || Math.sign(log) === Math.sign(next.log)) continue;
    const [here, there] = [Math.exp(log), Math.exp(next.log)];
    return at + ((next.at - at) * (1 - here)) / (there - here);
  }
  return null;
}
