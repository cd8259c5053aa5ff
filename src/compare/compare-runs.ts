import type { Metric } from '../metrics/metric.ts';
import { isJudgedUnder } from '../metrics/registry.ts';
import { lostCells } from '../results/cells.ts';
import type { CellName } from '../results/schema.ts';
import { holm } from '../stats/holm.ts';
import { counted } from '../util/units.ts';
import { connectionsOf } from '../workloads/schema.ts';
import { batchingOf } from './batching.ts';
import { type ComparedRun, readMetric, type UsedTrial } from './compared-run.ts';
import type { Conditions } from './conditions.ts';
import { type Draft, draftOf } from './draft.ts';
import { differencesOf } from './environment.ts';
import { judge } from './judge.ts';
import { COMPARED_METRICS, mayBeCount, whyMeaningless } from './judged-metrics.ts';
import { kindOf } from './levels.ts';
import { type CellPair, matchCells, type Unjudged } from './match-cells.ts';
import { type OverallDraft, overallDraft, overallOf, overallOfCounts } from './overall.ts';
import { pairsOf } from './pairs.ts';
import type { Comparison, MetricComparison, MetricId, Overall, Verdict } from './result.ts';
import { type CellRuns, cellRuns, type Runs } from './side.ts';
import { type Weather, weatherOf } from './weather.ts';

export interface CompareOptions {
  /** The change that is to be found, as a share. */
  readonly detect: number;
  /** Whether it was asked for, so that it holds for metrics that bring one of their own as well; absent: no. */
  readonly isDetectSaid?: boolean;
  /** Instead of `detect`, for single metrics. */
  readonly detects: Readonly<Record<MetricId, number>>;
  /** Metrics to judge, all of them for the outcome; null: those that are `judged`. */
  readonly metrics: readonly MetricId[] | null;
  /** Cells that the current side may lack without being a finding; absent: none. */
  readonly mayBeMissing?: (cell: CellName) => boolean;
  /** Other runs of the host, with the same settings: how far runs lie apart, and what its usual speed is. */
  readonly history?: readonly ComparedRun[];
  /** Of all of these runs, where several comparisons are made of them; absent: found out. */
  readonly conditions?: Conditions;
}

export const COMPARE_DEFAULTS: CompareOptions = { detect: 0.05, detects: {}, metrics: null };

interface Context {
  readonly runs: Runs;
  readonly weather: Weather;
  /** Both sides are of the same runs, so that each block holds both. */
  readonly paired: boolean;
  readonly options: CompareOptions;
}

/**
 * Compares two sides, each of one run or several. Pure and deterministic.
 *
 * Every metric of every cell that both sides measured under the same workload is judged, and every metric over all of
 * its cells. Where both sides have the same run ids (two rows of one interleaved run, under one label by the caller)
 * blocks are compared in pairs; otherwise runs are the units: each is stood for by the best or the middle of its clean
 * trials, and how far equal runs lie apart is learned from the runs of the sides and from `options.history`. Counts that
 * hardly vary are judged over blocks. What the base has and the current side lost is in `missing`, anything else that is
 * not judged in `leftOut`.
 */
export function compareRuns(
  base: readonly ComparedRun[],
  current: readonly ComparedRun[],
  options: CompareOptions = COMPARE_DEFAULTS,
): Comparison {
  const { cells, lost, leftOut } = matchCells(base, current);
  const history = otherRuns(options.history ?? [], [...base, ...current]);
  const runs = { base, current, history };
  const weather = weatherOf(base, current, history, options.conditions);
  const context: Context = { runs, weather, paired: idsOf(base) === idsOf(current), options };
  const metrics = COMPARED_METRICS.filter(({ id, judged }) => options.metrics?.includes(id) ?? judged);
  const drafts = cells.flatMap((cell) => draftsOf(cell, metrics, context, { lost, leftOut }));
  const judged = (['counted', 'timed'] as const).flatMap((kind) =>
    judge(
      metrics.flatMap((metric) => drafts.filter((draft) => draft.kind === kind && draft.metric === metric)),
      (draft) => detectOf({ ...draft, cells: [draft.cell] }, options),
    ),
  );
  const overall = overallsOf(metrics, { drafts, judged, options });
  const missing = lost.map((one) => ({ ...one, allowed: options.mayBeMissing?.(one) ?? false }));
  const unlike = context.paired ? [] : weather.unlike;
  const finding = context.paired ? null : weather.finding;
  return {
    base: sideOf(base, weather),
    current: sideOf(current, weather),
    workloads: [...new Set(cells.map(({ workload }) => workload))],
    environment: differencesOf(base, current),
    design: context.paired ? 'pairs' : 'runs',
    history: { runs: history.length, kernels: new Set(history.map(kindOf)).size },
    unlike,
    finding,
    calibration: weather.shift,
    overall,
    metrics: judged,
    missing,
    leftOut,
    counts: countsOf(judged),
    outcome: outcomeOf({ overall, metrics: judged, missing, finding }),
    warnings: [
      ...warningsOf('base', base),
      ...warningsOf('current', current),
      ...partlyLost('current', current),
    ],
  };
}

function idsOf(runs: readonly ComparedRun[]): string {
  return runs.map(({ record }) => record.runId).join();
}

/** Of the history, what is not compared already. */
function otherRuns(
  history: readonly ComparedRun[],
  compared: readonly ComparedRun[],
): readonly ComparedRun[] {
  const ids = new Set(compared.map(({ record }) => record.runId));
  return history.filter(({ record }) => !ids.has(record.runId));
}

/** How often each verdict was given. */
export function countsOf(metrics: readonly MetricComparison[]): Record<Verdict, number> {
  const counts: Record<Verdict, number> = { regressed: 0, improved: 0, same: 0, inconclusive: 0 };
  for (const { verdict } of metrics) counts[verdict]++;
  return counts;
}

/** What the verdicts, and the cells that are gone, come to. */
export function outcomeOf({
  overall,
  metrics,
  missing,
  finding,
}: Pick<Comparison, 'overall' | 'metrics' | 'missing' | 'finding'>): Comparison['outcome'] {
  const regressed = [...overall, ...metrics].some(({ verdict }) => verdict === 'regressed');
  if (regressed || finding?.verdict === 'regressed') return 'regressed';
  if (missing.some(({ allowed }) => !allowed)) return 'missing';
  const gate = overall.filter((one) => one.gate);
  const passes = gate.length > 0 && gate.every(({ verdict }) => verdict === 'same' || verdict === 'improved');
  return passes ? 'passed' : 'inconclusive';
}

function sideOf(runs: readonly ComparedRun[], weather: Weather): Comparison['base'] {
  const compared = runs.map((run) => ({
    runId: run.record.runId,
    startedAt: run.record.startedAt,
    status: run.record.status,
    kernel: run.record.environment.kernel,
    blocks: new Set(run.trials.map(({ block }) => block)).size,
    trials: run.trials.filter(({ status }) => status === 'measured').length,
    clean: weather.clean(run).size,
  }));
  return { runs: compared, blocks: compared.reduce((sum, { blocks }) => sum + blocks, 0) };
}

function warningsOf(side: string, runs: readonly ComparedRun[]): string[] {
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
function partlyLost(side: string, runs: readonly ComparedRun[]): string[] {
  if (runs.length < 2) return [];
  return runs.flatMap((run) =>
    lostCells(runs, [run], 'it').map(
      ({ label, workload, reason }) =>
        `${side} ${run.record.runId} lacks ${label} under ${workload}, which other runs of its side have: ${reason}`,
    ),
  );
}

function draftsOf(
  cell: CellPair,
  metrics: readonly Metric[],
  { runs, weather, paired, options }: Context,
  { lost, leftOut }: Unjudged,
): Draft[] {
  const taken = (from: Metric['takenFrom']) => {
    const found = cellRuns(cell, { runs, conditions: weather }, from);
    return { runs: found, pairs: paired ? pairsOf(found) : null };
  };
  const own = taken('own');
  const varying = batchingOf(own.runs, own.pairs);
  // Rows of other models make other calls: that is what is compared, and no batching.
  const batching = cell.sameModel ? varying : null;
  const [unlike = null] = weather.unlike;
  const material = { cell, batching, unlike, disturbances: weather.reasons };
  const limits = [own.runs.base, own.runs.current].map(mostlySaturated);
  const judged = metrics.filter((metric) => isJudgedUnder(metric, cell.workload, paired));
  return judged.flatMap((metric) => {
    const leave = (where: Unjudged['leftOut'], reason: string): Draft[] => {
      where.push({ label: cell.label, workload: cell.workload.id, metric: metric.id, reason });
      return [];
    };
    const meaningless = whyMeaningless(metric, limits, cell.workload);
    if (meaningless !== null) return leave(leftOut, meaningless);
    const from = metric.takenFrom === 'own' ? own : taken(metric.takenFrom);
    const draft = draftOf({ ...material, ...from, metric });
    const both = [...from.runs.base, ...from.runs.current];
    if (draft === null && !has(metric, both) && (metric.optional || !isTimed(both))) return [];
    if (draft === null)
      return isLost(metric, from.runs)
        ? leave(lost, 'could not be measured in current')
        : leave(leftOut, 'could not be measured on both sides');
    // Two values may lie close by chance: what goes with the calls is no count where these vary.
    const told =
      mayBeCount(metric) &&
      (metric.takenFrom === 'cpu' ? varying !== null : batching !== null && draft.kind === 'timed');
    return told && options.metrics === null
      ? leave(leftOut, 'it varies with how requests meet: see what is said beside CPU')
      : [draft];
  });
}

/** Whether only the base has values; too few samples to believe a percentile are no loss of it. */
function isLost(metric: Metric, { base, current }: CellRuns): boolean {
  return metric.samplesNeeded === null && !metric.optional && has(metric, base) && !has(metric, current);
}

/** Whether times of some trial are times. */
function isTimed(runs: CellRuns['base']): boolean {
  return runs.some(({ trials }) => trials.some(({ observation }) => observation.pathLength === null));
}

function has(metric: Metric, runs: CellRuns['base']): boolean {
  return runs.some(({ trials }) => trials.some((trial) => isValue(readMetric(metric, trial))));
}

function isValue(value: number | null): boolean {
  return value !== null && Number.isFinite(value);
}

function mostlySaturated(side: CellRuns['base']): 'client' | 'other' {
  const trials: readonly UsedTrial[] = side.flatMap((run) => run.trials);
  const client = trials.filter(({ observation }) => observation.saturation === 'client').length;
  return client > trials.length / 2 ? 'client' : 'other';
}

/** Over several cells the largest of theirs. */
function detectOf(
  { metric, kind, cells }: Pick<Draft, 'metric' | 'kind'> & { readonly cells: readonly CellPair[] },
  options: CompareOptions,
): number {
  const own = options.isDetectSaid ? null : metric.detectable;
  const ofLoad = own === null ? [] : cells.map(({ workload }) => own(connectionsOf(workload)));
  const fallback = kind === 'counted' ? metric.countedThreshold : null;
  return options.detects[metric.id] ?? fallback ?? (ofLoad.length > 0 ? Math.max(...ofLoad) : options.detect);
}

interface Judged {
  readonly drafts: readonly Draft[];
  readonly judged: readonly MetricComparison[];
  readonly options: CompareOptions;
}

/** Every metric over all of its cells. */
function overallsOf(metrics: readonly Metric[], { drafts, judged, options }: Judged): Overall[] {
  const inputs = metrics.map((metric) => {
    const own = drafts.filter((draft) => draft.metric === metric);
    const cells = own.map(({ cell }) => cell);
    return {
      drafts: own,
      judged: judged.filter((one) => one.metric === metric.id),
      gate: metric.gate || options.metrics !== null,
      detect: detectOf({ metric, kind: 'timed', cells }, options),
      countedDetect: detectOf({ metric, kind: 'counted', cells }, options),
    };
  });
  const timed = inputs.flatMap((input) => overallDraft(input) ?? []);
  const ps = (some: readonly OverallDraft[]) => holm(some.map(({ overall }) => overall.pValue ?? 1));
  const tested = timed.filter(({ overall, barred }) => barred === null && overall.pValue !== null);
  // The gate is adjusted for itself, so that six pairs can decide it; the others are adjusted for all.
  const gate = tested.filter(({ overall }) => overall.gate);
  const [ofGate, ofAll] = [ps(gate), ps(tested)];
  const adjusted = new Map(
    tested.map((draft, i) => [draft, draft.overall.gate ? ofGate[gate.indexOf(draft)] : ofAll[i]]),
  );
  const counts = inputs.flatMap((input) => overallOfCounts({ ...input, detect: input.countedDetect }) ?? []);
  const all = [...counts, ...timed.map((draft) => overallOf(draft, adjusted.get(draft) ?? null))];
  return all.toSorted((a, b) => Number(b.gate) - Number(a.gate));
}
