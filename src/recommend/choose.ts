import { changeOf, furtherBlocks } from '../compare/judge.ts';
import { findModel } from '../models/registry.ts';
import type { MeasuredTrial } from '../results/schema.ts';
import { FAMILY_ERROR, trimmedBlocks, trimmedMean } from '../stats/bootstrap.ts';
import type { Estimate } from '../stats/paired.ts';
import { studentTQuantile } from '../stats/student-t.ts';
import { per, sumOf } from '../stats/sums.ts';
import { summarizeSaturation } from '../summary/summarize-row.ts';
import {
  CPU,
  comparePaired,
  type Load,
  type LoadRow,
  observationsOf,
  type PairedEstimate,
  RATE,
} from './loads.ts';
import type { Choice, ChoiceRow, Standing } from './recommendation-schema.ts';

/** How many ratios a choice among the rows of these loads compares with 1. */
export function comparisonsOf(loads: readonly Load[]): number {
  return loads.reduce((sum, { rows }) => sum + Math.max(0, rows.length - 1), 0);
}

/**
 * Which row takes the least CPU per request under a load, and which are not shown to take more.
 *
 * The best is the row with the least CPU; every other one is held against it in pairs within the blocks (`pairedEstimate`). A
 * row is worse where the 95 % interval of its ratio lies above 1 and its p-value, times the comparisons, is below 0.05. So many
 * comparisons are enough although the best is chosen by the same numbers: the one that truly is the cheapest would be called
 * worse only if one of its own comparisons were wrong (multiple comparisons with the best; Hsu (1984), Annals of Statistics 12).
 * @param comparisons of the whole answer, for one false "worse" in it is one too many.
 */
export function chooseIn(load: Load, comparisons: number): Choice {
  const best = cheapestOf(load.rows, comparisons);
  const common = { workload: load.workload, cells: [...load.cells], leftOut: [...load.leftOut] };
  if (best === null)
    return {
      ...common,
      ...{ outcome: 'undecided', among: [], plainest: null, fastest: null, rates: null, rows: [] },
    };
  const rows = load.rows
    .map((row) => rowOf(row, best, { load, comparisons }))
    .sort((a, b) => placeOf(a) - placeOf(b) || (a.ratio?.ratio ?? 1) - (b.ratio?.ratio ?? 1));
  const among = rows.filter(({ standing }) => standing !== 'worse' && standing !== 'unknown');
  const others = rows.filter(({ standing }) => standing !== 'best');
  const outcome =
    others.length === 0
      ? 'alone'
      : others.every(({ standing }) => standing === 'unknown')
        ? 'undecided'
        : among.length === 1
          ? 'one'
          : 'several';
  return {
    ...common,
    outcome,
    among: among.map(({ label }) => label),
    plainest: outcome === 'several' ? plainestOf(among.map(({ label }) => label)) : null,
    fastest: fastestOf(rows),
    rates: whyNoRates(load, [best]),
    rows,
  };
}

/** The one that the oldest kernels have; of equals the first. */
export function plainestOf(labels: readonly string[]): string | null {
  const age = (label: string) => (findModel(label)?.linuxMin ?? '999').split('.').map(Number);
  return labels.reduce<string | null>(
    (found, label) => (found === null || isOlder(age(label), age(found)) ? label : found),
    null,
  );
}

function isOlder(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < Math.max(a.length, b.length); i++)
    if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) < (b[i] ?? 0);
  return false;
}

/** Levels of runs wander, so rows are held against one that most blocks have, and not against each other's means. */
function cheapestOf(rows: readonly LoadRow[], comparisons: number): LoadRow | null {
  const blocks = ({ runs }: LoadRow) => sumOf(runs, ({ trials }) => trials.length);
  const base = rows.reduce<LoadRow | null>(
    (most, row) => (most === null || blocks(row) > blocks(most) ? row : most),
    null,
  );
  if (base === null) return null;
  const costs = rows.map((row) => ({ row, estimate: comparePaired(row, base, CPU) }));
  let best = costs.reduce(
    (least, one) =>
      one.estimate.logs.length > 0 && one.estimate.difference < least.estimate.difference ? one : least,
    { row: base, estimate: comparePaired(base, base, CPU) },
  ).row;
  // A trimmed mean of other pairs may say otherwise than those of both with a third.
  for (let turn = 0; turn < rows.length; turn++) {
    const cheaper = rows.find(
      (row) => row !== best && standingOf(comparePaired(best, row, CPU), comparisons) === 'worse',
    );
    if (cheaper === undefined) break;
    best = cheaper;
  }
  return best;
}

interface Context {
  readonly load: Load;
  readonly comparisons: number;
}

function rowOf(row: LoadRow, best: LoadRow, { load, comparisons }: Context): ChoiceRow {
  const observations = observationsOf(row);
  const counting = observations.filter(({ server }) => server.syscallsPerRequest !== null);
  const estimate = comparePaired(row, best, CPU);
  const logs = observations.flatMap(({ server }) =>
    server.cpuNsPerRequest > 0 ? [Math.log(server.cpuNsPerRequest)] : [],
  );
  const standing: Standing = row === best ? 'best' : standingOf(estimate, comparisons);
  const isOpen = standing === 'no-difference' || standing === 'unclear';
  return {
    label: row.label,
    model: row.model,
    family: row.family,
    cpuNsPerRequest: logs.length === 0 ? 0 : Math.exp(trimmedMean(logs.toSorted((a, b) => a - b))),
    callsPerRequest: per(
      sumOf(counting, (o) => Object.values(o.server.syscalls).reduce((sum, count) => sum + count, 0)),
      sumOf(counting, (o) => o.requests.accounted),
    ),
    trials: observations.length,
    ratio: row === best || estimate.logs.length === 0 ? null : changeOf(estimate),
    blocks: estimate.logs.length,
    standing,
    rate: row === best ? null : rateOf(row, best, { load, comparisons }),
    furtherBlocks: isOpen
      ? furtherBlocks(
          { ...estimate, reach: guardedReach(estimate, comparisons) },
          estimate.logs.length,
          Math.abs(estimate.difference),
        )
      : null,
  };
}

/** How the first of two stands beside the second by what both cost. */
export function standingOf(estimate: Estimate, comparisons: number): Exclude<Standing, 'best'> {
  const { difference, reach } = estimate;
  if (reach === null) return 'unknown';
  if (Math.abs(difference) <= reach) return 'no-difference';
  if (!isSure(estimate, comparisons)) return 'unclear';
  return difference > 0 ? 'worse' : 'unclear';
}

/** Whether the interval leaves out no difference, also among so many comparisons. */
export function isSure({ difference, reach, pValue }: Estimate, comparisons: number): boolean {
  if (reach === null || pValue === null) return false;
  return Math.abs(difference) > reach && pValue * Math.max(1, comparisons) < FAMILY_ERROR;
}

/** The reach that the guard for so many comparisons makes of that of 95 %. */
function guardedReach({ reach, logs }: PairedEstimate, comparisons: number): number | null {
  if (reach === null) return null;
  const degrees = Math.max(1, logs.length - 2 * trimmedBlocks(logs.length) - 1);
  const quantile = (error: number) => studentTQuantile(1 - error / 2, degrees);
  return (reach * quantile(FAMILY_ERROR / Math.max(1, comparisons))) / quantile(FAMILY_ERROR);
}

function rateOf(row: LoadRow, best: LoadRow, { load, comparisons }: Context): ChoiceRow['rate'] {
  if (whyNoRates(load, [row, best]) !== null) return null;
  const estimate = comparePaired(row, best, RATE);
  if (estimate.logs.length === 0) return null;
  const change = changeOf(estimate);
  if (estimate.reach === null) return { change, standing: 'unknown' };
  if (Math.abs(estimate.difference) <= estimate.reach) return { change, standing: 'no-difference' };
  if (!isSure(estimate, comparisons)) return { change, standing: 'unclear' };
  return { change, standing: estimate.difference > 0 ? 'faster' : 'slower' };
}

/** As in the tables of a run: throughput is the servers' only where nothing else sets it. */
function whyNoRates({ workload }: Load, rows: readonly LoadRow[]): string | null {
  if (workload.mode === 'open') return 'the rate is given';
  const limited = rows.filter(
    ({ runs }) =>
      summarizeSaturation(
        runs.flatMap(({ trials }) =>
          trials.filter((trial): trial is MeasuredTrial => trial.status === 'measured'),
        ),
      ).verdict === 'client',
  );
  return limited.length === 0
    ? null
    : `the client was the limit of ${limited.map(({ label }) => label).join(', ')}`;
}

function fastestOf(rows: readonly ChoiceRow[]): string | null {
  const faster = rows.filter(({ rate }) => rate?.standing === 'faster');
  const most = faster.toSorted((a, b) => (b.rate?.change.ratio ?? 0) - (a.rate?.change.ratio ?? 0))[0];
  return most?.label ?? null;
}

const PLACES: Readonly<Record<Standing, number>> = {
  best: 0,
  'no-difference': 1,
  unclear: 1,
  worse: 2,
  unknown: 3,
};

function placeOf({ standing }: ChoiceRow): number {
  return PLACES[standing];
}
