import { median, quantile } from 'simple-statistics';
import type { Metric } from '../metrics/metric.ts';
import { cellKey, lostCells, whyNotMeasured } from '../results/cells.ts';
import type { CellName, RunResult } from '../results/schema.ts';
import { holm } from '../stats/holm.ts';
import { type LogChange, logChange, pairedLogChange } from '../stats/log-change.ts';
import { pairedRankTest, rankTest } from '../stats/rank-test.ts';
import { counted } from '../util/units.ts';
import type { Workload } from '../workloads/schema.ts';
import { decide } from './decide.ts';
import { differencesOf } from './environment.ts';
import { type HostState, hostOf, SHIFT_MAX } from './host.ts';
import { COMPARED_METRICS, whyMeaningless } from './judged-metrics.ts';
import type {
  Change,
  Comparison,
  DecidedBy,
  LeftOut,
  MetricComparison,
  MetricId,
  Missing,
  SideValues,
  Verdict,
} from './result.ts';
import { driftAllowance, logsOf, type Point, pointsOf, type SideTrial, trialsOfCell } from './series.ts';

/** Below this spread over the blocks of a run, as a share, a count is judged as a count. */
const COUNTED_SPREAD = 0.01;
/** Calibrations that differ by more have been taken on a machine of another speed. */
const CALIBRATIONS_ALIKE = 0.02;
/** How many times the movement within the runs the movement between them may be, by kind of drift. */
const DRIFT_FACTORS = { cpu: 3, wall: 6, load: 3, chance: 1 } as const;
/** The same of the quotient to the load generator; by simulation and by runs on a busy host, see the tests. */
const RELATIVE_FACTORS = { steady: 0.5, unsteady: 1.5 } as const;

export interface CompareOptions {
  readonly threshold: number;
  /** Instead of `threshold`, for single metrics. */
  readonly thresholds: Readonly<Record<MetricId, number>>;
  /** Metrics to judge; null: those that are `judged`. */
  readonly metrics: readonly MetricId[] | null;
  /** Cells that the current side may lack without being a finding; absent: none. */
  readonly mayBeMissing?: (cell: CellName) => boolean;
}

export const COMPARE_DEFAULTS: CompareOptions = { threshold: 0.05, thresholds: {}, metrics: null };

interface CellPair {
  readonly label: string;
  readonly model: string;
  readonly workload: Workload;
  readonly base: readonly SideTrial[];
  readonly current: readonly SideTrial[];
}

interface Context {
  readonly cells: readonly CellPair[];
  readonly host: HostState;
  /** Both sides are of the same runs, so that each block holds both. */
  readonly paired: boolean;
  /** Something differs that is compared: the load generator may have changed with it. */
  readonly subject: boolean;
  readonly options: CompareOptions;
}

/**
 * Compares two sides, each of one run or several pooled. Pure and deterministic.
 *
 * Every metric of every cell that both sides measured under the same workload is judged. What the base has
 * and the current side lost is in `missing`, anything else that is not judged in `leftOut`. p-values are adjusted by Holm over all cells of a metric, counts apart from times.
 * Labels are matched by name. Where both sides have the same run ids (two labels of one interleaved
 * run, renamed alike by the caller), blocks are compared in pairs and no drift is allowed for.
 */
export function compareRuns(
  base: readonly RunResult[],
  current: readonly RunResult[],
  options: CompareOptions = COMPARE_DEFAULTS,
): Comparison {
  const { cells, lost, leftOut } = matchCells(base, current);
  const idsOf = (runs: readonly RunResult[]) => runs.map(({ record }) => record.runId).join();
  const environment = differencesOf(base, current);
  const context: Context = {
    cells,
    subject: environment.some(({ effect }) => effect === 'subject'),
    host: hostOf(base, current, cells),
    paired: idsOf(base) === idsOf(current),
    options,
  };
  const metrics = COMPARED_METRICS.filter(({ id, judged }) => options.metrics?.includes(id) ?? judged);
  const unjudged: Unjudged = { lost, leftOut };
  const drafts = metrics.flatMap((metric) => draftsOf(metric, context, unjudged));
  const judged = (['counted', 'timed'] as const).flatMap((kind) =>
    metrics.flatMap((metric) =>
      judge(drafts.filter((draft) => draft.kind === kind && draft.metric === metric)),
    ),
  );
  const counts: Record<Verdict, number> = { regressed: 0, improved: 0, same: 0, inconclusive: 0 };
  for (const { verdict } of judged) counts[verdict]++;
  const missing = lost.map((one) => ({ ...one, allowed: options.mayBeMissing?.(one) ?? false }));
  return {
    base: sideOf(base),
    current: sideOf(current),
    workloads: [...new Set(cells.map(({ workload }) => workload))],
    environment,
    unsteady: context.paired ? [] : context.host.unsteady,
    calibration: context.host.shift,
    metrics: judged,
    missing,
    leftOut,
    counts,
    outcome: outcomeOf({ counts, missing }),
    warnings: [
      ...warningsOf('base', base),
      ...warningsOf('current', current),
      ...partlyLost('current', current),
    ],
  };
}

/** What the verdicts of all cells, and the cells that are gone, come to. */
export function outcomeOf({
  counts,
  missing,
}: Pick<Comparison, 'counts' | 'missing'>): Comparison['outcome'] {
  if (counts.regressed > 0) return 'regressed';
  if (missing.some(({ allowed }) => !allowed)) return 'missing';
  return counts.inconclusive > 0 ? 'inconclusive' : 'passed';
}

function sideOf(runs: readonly RunResult[]): Comparison['base'] {
  const compared = runs.map(({ record, trials }) => ({
    runId: record.runId,
    startedAt: record.startedAt,
    status: record.status,
    kernel: record.environment.kernel,
    blocks: new Set(trials.map(({ block }) => block)).size,
  }));
  return { runs: compared, blocks: compared.reduce((sum, { blocks }) => sum + blocks, 0) };
}

function warningsOf(side: string, runs: readonly RunResult[]): string[] {
  return runs.flatMap(({ record, trials, problems }) => {
    const failed = trials.filter((trial) => trial.status === 'failed').length;
    const blocks = new Set(trials.map(({ block }) => block)).size;
    const ended = {
      complete: null,
      interrupted: 'interrupted',
      broken: 'broken off',
      running: 'not finished',
    };
    const how = ended[record.status];
    return [
      ...(how
        ? [
            `${side} ${record.runId} was ${how}: ${blocks} of ${counted(record.settings.blocks, 'block')} are compared`,
          ]
        : []),
      ...(failed > 0
        ? [
            `${side} ${record.runId}: ${counted(failed, 'trial')} failed and ${failed === 1 ? 'is' : 'are'} left out`,
          ]
        : []),
      ...problems.map((problem) => `${side} ${record.runId}: ${problem}`),
    ];
  });
}

/** Cells that a side has only because others of its runs do: nothing is judged of the one that lost them. */
function partlyLost(side: string, runs: readonly RunResult[]): string[] {
  return runs.flatMap((run) =>
    lostCells(runs, [run], 'it').map(
      ({ label, workload, reason }) =>
        `${side} ${run.record.runId} lacks ${label} under ${workload}, which other runs of its side have: ${reason}`,
    ),
  );
}

/** What is not judged: gone from the current side, or no matter of it. */
interface Unjudged {
  readonly lost: Omit<Missing, 'allowed'>[];
  readonly leftOut: LeftOut[];
}

/** Cells that both sides hold under the same workload. */
function matchCells(base: readonly RunResult[], current: readonly RunResult[]) {
  const names = [...base, ...current].flatMap(({ record }) => record.cells);
  const unique = new Map(names.map((cell) => [cellKey(cell), cell]));
  const cells: CellPair[] = [];
  const unjudged: Unjudged = { lost: [], leftOut: [] };
  for (const { label, model, workload: id } of unique.values()) {
    const definitions = [...base, ...current].flatMap(({ record }) =>
      record.settings.workloads.filter((workload) => workload.id === id),
    );
    const [workload] = definitions;
    const difference = workloadDifference(definitions);
    const sides = { base: trialsOfCell(base, label, id), current: trialsOfCell(current, label, id) };
    const empty = (['base', 'current'] as const).find((side) => sides[side].length === 0);
    // Without trials in the base there is nothing to lose.
    const leave = (reason: string) =>
      unjudged[empty === 'base' ? 'leftOut' : 'lost'].push({ label, workload: id, metric: null, reason });
    if (workload === undefined || difference !== null) leave(`the workload is not the same: ${difference}`);
    else if (empty !== undefined)
      leave(whyNotMeasured(empty === 'base' ? base : current, { label, workload: id }, empty));
    else cells.push({ label, model, workload, ...sides });
  }
  return { cells, ...unjudged };
}

/** What tells definitions of a workload apart that have the same name; null: nothing that matters. */
function workloadDifference(definitions: readonly Workload[]): string | null {
  const [first, ...others] = definitions.map((definition) => new Map(Object.entries(definition)));
  if (first === undefined) return 'it is in neither side';
  for (const other of others)
    for (const key of new Set([...first.keys(), ...other.keys()])) {
      if (['title', 'description', 'profile'].includes(key)) continue;
      if (first.get(key) !== other.get(key)) return `${key} is ${first.get(key)} and ${other.get(key)}`;
    }
  return null;
}

interface Draft {
  readonly metric: Metric;
  readonly kind: MetricComparison['kind'];
  readonly cell: CellPair;
  readonly base: SideValues;
  readonly current: SideValues;
  readonly raw: LogChange;
  readonly normalised: LogChange | null;
  readonly relative: LogChange | null;
  readonly decidedBy: DecidedBy;
  readonly allowance: number;
  readonly guard: { readonly change: LogChange; readonly allowance: number } | null;
  readonly threshold: number;
  readonly tiny: boolean;
  readonly pValue: number | null;
}

type Reading = (entry: SideTrial) => number | null;

function draftsOf(metric: Metric, context: Context, { lost, leftOut }: Unjudged): Draft[] {
  return context.cells.flatMap((cell) => {
    const leave = (where: LeftOut[], reason: string): Draft[] => {
      where.push({ label: cell.label, workload: cell.workload.id, metric: metric.id, reason });
      return [];
    };
    const saturation = [cell.base, cell.current].map(mostlySaturated);
    const meaningless = whyMeaningless(metric, saturation, cell.workload);
    if (meaningless !== null) return leave(leftOut, meaningless);
    const draft = draftOf(metric, cell, context);
    if (draft !== null) return draft;
    return isLost(metric, cell)
      ? leave(lost, 'could not be measured in current')
      : leave(leftOut, 'could not be measured on both sides');
  });
}

/** Whether only the base has values; too few samples to believe a percentile are no loss of it. */
function isLost(metric: Metric, cell: CellPair): boolean {
  const values = (trials: readonly SideTrial[]) =>
    pointsOf(trials, ({ trial }) => metric.ofTrial(trial.observation), metric.resolution).length;
  return metric.samplesNeeded === null && values(cell.base) > 0 && values(cell.current) === 0;
}

function draftOf(metric: Metric, cell: CellPair, context: Context): Draft | null {
  const reading: Reading = ({ trial }) => metric.ofTrial(trial.observation);
  const sides = [cell.base, cell.current].map((trials) => pointsOf(trials, reading, metric.resolution));
  const [base = [], current = []] = sides;
  const raw = changeOf(base, current, context.paired);
  if (raw === null) return null;
  const values = sides.map((points) => points.map(({ log }) => Math.exp(log) - metric.resolution));
  const [before = [], after = []] = values;
  const { options } = context;
  const counted = metric.movedBy === 'load' && sides.every(hardlyVaries);
  const fallback = (counted ? metric.countedThreshold : null) ?? options.threshold;
  const decision = counted
    ? decidedRaw(base, current)
    : decidedFor(metric, cell, context, { base, current, raw });
  return {
    ...decision,
    metric,
    cell,
    raw,
    kind: counted ? 'counted' : 'timed',
    base: { median: median(before), blocks: before.length },
    current: { median: median(after), blocks: after.length },
    threshold: options.thresholds[metric.id] ?? fallback,
    tiny: Math.abs(median(after) - median(before)) < metric.resolution,
  };
}

function mostlySaturated(trials: readonly SideTrial[]): 'client' | 'other' {
  const client = trials.filter(({ trial }) => trial.observation.saturation === 'client').length;
  return client > trials.length / 2 ? 'client' : 'other';
}

/** Whether the middle of the values of each run, a tenth left out at each end, lies within one per cent. */
function hardlyVaries(points: readonly Point[]): boolean {
  const runs = [...new Set(points.map(({ run }) => run))];
  return runs.every((run) => {
    const logs = logsOf(points.filter((point) => point.run === run));
    return quantile(logs, 0.9) - quantile(logs, 0.1) < COUNTED_SPREAD;
  });
}

/** Blocks in pairs where both sides are of the same runs, else two samples. */
function changeOf(base: readonly Point[], current: readonly Point[], paired: boolean): LogChange | null {
  return paired ? pairedLogChange(differences(base, current)) : logChange(logsOf(base), logsOf(current));
}

function differences(base: readonly Point[], current: readonly Point[]): number[] {
  return current.flatMap((point) => {
    const other = base.find(({ run, block }) => run === point.run && block === point.block);
    return other === undefined ? [] : [point.log - other.log];
  });
}

type Decided = Pick<Draft, 'normalised' | 'relative' | 'decidedBy' | 'allowance' | 'guard' | 'pValue'>;

function decidedRaw(base: readonly Point[], current: readonly Point[]): Decided {
  const pValue = rankTest(logsOf(base), logsOf(current));
  return { normalised: null, relative: null, decidedBy: 'raw', allowance: 0, guard: null, pValue };
}

interface RawSeries {
  readonly base: readonly Point[];
  readonly current: readonly Point[];
  readonly raw: LogChange;
}

/**
 * Which change decides, fixed before anything is compared:
 * 1. both sides of the same blocks: `paired`;
 * 2. CPU, where the host was not steady, or no kernel or setting differs: `relative` to what the load
 *    generator spent in the same trial. It is the same program in the same weather, so that the quotient
 *    hardly moves where CPU per request itself moves by a third; the measured change is a guard, for a
 *    new kernel may change both;
 * 3. the host was steady, and its calibrations alike (to 2 %): `raw`;
 * 4. it was steady at another speed: `normalised`, and as much again is allowed for, since no
 *    calibration slows down exactly as the server does.
 * Throughput, response times and counts that vary have no yardstick in the trial: of a host that was not steady they are
 * judged only where three runs a side or more say how far runs lie apart.
 */
function decidedFor(metric: Metric, cell: CellPair, context: Context, series: RawSeries): Decided {
  const { base, current, raw } = series;
  const { host, paired } = context;
  const test = (a: readonly Point[], b: readonly Point[]) =>
    paired ? pairedRankTest(differences(a, b)) : rankTest(logsOf(a), logsOf(b));
  const scaled = host.shift === null ? null : normalisedSeries(metric, cell);
  const beside = metric.movedBy === 'cpu' ? relativeSeries(metric, cell) : null;
  const normalised = scaled && changeOf(scaled.base, scaled.current, paired);
  const relative = beside && changeOf(beside.base, beside.current, paired);
  const all = { normalised, relative, guard: null };
  if (paired) return { ...all, decidedBy: 'paired', allowance: 0, pValue: test(base, current) };
  const shift = normalised === null ? 0 : Math.abs(raw.difference - normalised.difference);
  const drift = driftOf(metric, cell, context);
  const yardstick = host.unsteady.length > 0 || !context.subject;
  if (yardstick && relative !== null && beside !== null) {
    const within = driftAllowance(
      [beside.base],
      [beside.current],
      RELATIVE_FACTORS[host.unsteady.length > 0 ? 'unsteady' : 'steady'],
    );
    // With one request in flight, both sides sleep and wake for each: not a matter of the CPU's speed alone.
    const allowance = within + (isSingle(cell.workload) ? wakingShift(host) : 0);
    const guard = { change: raw, allowance: Math.max(drift, shift) };
    return { ...all, decidedBy: 'relative', allowance, guard, pValue: test(beside.base, beside.current) };
  }
  // Of an unsteady host a few runs do not say how far it moves, whatever they did within.
  const unknown =
    (metric.movedBy === 'wall' || metric.movedBy === 'load') && host.unsteady.length > 0 && !host.severalRuns;
  const allowance = unknown ? Number.POSITIVE_INFINITY : Math.max(drift, shift);
  if (scaled !== null && normalised !== null && shift > CALIBRATIONS_ALIKE)
    return { ...all, decidedBy: 'normalised', allowance, pValue: test(scaled.base, scaled.current) };
  return { ...all, decidedBy: 'raw', allowance, pValue: test(base, current) };
}

/** Speed moves all cells of a workload together; how requests meet, and memory, are a matter of each cell. */
function driftOf(metric: Metric, cell: CellPair, { cells }: Context): number {
  const factor = DRIFT_FACTORS[metric.movedBy];
  const together =
    metric.movedBy === 'load' || metric.movedBy === 'chance'
      ? [cell]
      : cells.filter(({ workload }) => workload === cell.workload);
  const read = (trials: readonly SideTrial[]) =>
    pointsOf(trials, ({ trial }) => metric.ofTrial(trial.observation), metric.resolution);
  return driftAllowance(
    together.map(({ base }) => read(base)),
    together.map(({ current }) => read(current)),
    factor,
  );
}

/** Divided by the calibration of the block; rates are multiplied. Null where none applies. */
function normalisedSeries(metric: Metric, cell: CellPair) {
  if (metric.movedBy !== 'cpu' && metric.movedBy !== 'wall') return null;
  // A rate that is asked for does not depend on the machine's speed.
  if (metric.isRate && cell.workload.mode === 'open') return null;
  const single = isSingle(cell.workload);
  const read: Reading = ({ trial, calibration }) => {
    const value = metric.ofTrial(trial.observation);
    if (value === null || calibration === null) return null;
    // One request in flight is a round trip; with more, the CPU is what requests wait for.
    const speed = metric.movedBy === 'wall' && single ? calibration.pingNs : calibration.spinNs;
    return metric.better === 'higher' ? value * speed : value / speed;
  };
  const [base, current] = [pointsOf(cell.base, read), pointsOf(cell.current, read)];
  return base.length === 0 || current.length === 0 ? null : { base, current };
}

/** One request in flight: a ping. */
function isSingle(workload: Workload): boolean {
  return workload.mode === 'closed' && workload.active * workload.depth === 1;
}

/** How much slower or faster a wake-up was, as a logarithm; none below what is taken for steady. */
function wakingShift({ shift }: HostState): number {
  const size = shift === null ? 0 : Math.abs(Math.log(shift.ping.ratio));
  return size > SHIFT_MAX.ping ? size : 0;
}

function relativeSeries(metric: Metric, cell: CellPair) {
  const read: Reading = ({ trial }) => {
    const value = metric.ofTrial(trial.observation);
    return value === null ? null : value / trial.observation.client.cpuNsPerRequest;
  };
  const [base, current] = [pointsOf(cell.base, read), pointsOf(cell.current, read)];
  return base.length === 0 || current.length === 0 ? null : { base, current };
}

/** Verdicts of one family: a metric over all of its cells. */
function judge(family: readonly Draft[]): MetricComparison[] {
  const tested = family.filter(({ pValue }) => pValue !== null);
  const adjusted = holm(tested.map(({ pValue }) => pValue ?? 1));
  const adjustedOf = new Map(tested.map((draft, i) => [draft, adjusted[i] ?? 1]));
  return family.map((draft) => verdictOn(draft, adjustedOf.get(draft) ?? null, family.length));
}

function verdictOn(draft: Draft, adjustedP: number | null, cells: number): MetricComparison {
  const { metric, cell, kind, base, current, raw, normalised, relative, decidedBy, allowance, threshold } =
    draft;
  const deciding =
    (decidedBy === 'normalised' ? normalised : decidedBy === 'relative' ? relative : raw) ?? raw;
  const decision = decide({
    change: deciding,
    allowance,
    guard: draft.guard,
    moreIsWorse: metric.better === 'lower',
    threshold: Math.log1p(threshold),
    adjustedP,
    blocks: Math.min(base.blocks, current.blocks),
    cells,
  });
  const tiny = draft.tiny && deciding.reach !== null && decision.verdict !== 'same';
  return {
    label: cell.label,
    model: cell.model,
    workload: cell.workload.id,
    metric: metric.id,
    kind,
    base,
    current,
    raw: ratioOf(raw, 0),
    normalised: normalised && ratioOf(normalised, 0),
    relative: relative && ratioOf(relative, 0),
    decidedBy,
    change: ratioOf(deciding, allowance),
    threshold,
    pValue: draft.pValue,
    adjustedP,
    ...(tiny ? { verdict: 'same' as const, reason: 'too small to matter', furtherBlocks: null } : decision),
    confirmed: null,
  };
}

function ratioOf({ difference, reach }: LogChange, allowance: number): Change {
  const wide = reach === null ? null : reach + allowance;
  return {
    ratio: Math.exp(difference),
    interval:
      wide === null || !Number.isFinite(wide)
        ? null
        : { low: Math.exp(difference - wide), high: Math.exp(difference + wide) },
  };
}
