import type { Metric } from '../metrics/metric.ts';
import { METRICS } from '../metrics/registry.ts';
import { inOrder, type Rung, type Step } from '../models/ladder.ts';
import { findModel } from '../models/registry.ts';
import type { Entry, RunResult } from '../results/schema.ts';
import type { RowSummary, RunSummary } from '../summary/run-summary.ts';
import { summarize } from '../summary/summarize.ts';
import { connectionsOf } from '../workloads/schema.ts';
import { COMPARE_DEFAULTS, compareRuns } from './compare-runs.ts';
import { directionOf } from './judge.ts';
import type { Ladder, LadderFamily, LadderStep, LadderStop, Loss, StepChange } from './ladder-schema.ts';
import type { Change, Comparison, MetricComparison } from './result.ts';
import { rowOf } from './sides.ts';

/** In which order they are told: what it costs, what of that are calls and switches, and what comes of it. */
const ORDER: readonly Metric['movedBy'][] = ['cpu', 'load', 'wall'];

/** What is told of each rung. */
export const RUNG_METRICS: readonly Metric[] = METRICS.filter(({ ofRungs }) => ofRungs).toSorted(
  (a, b) => ORDER.indexOf(a.movedBy) - ORDER.indexOf(b.movedBy),
);

/** What a rung is chosen by: server CPU per request. */
export const DECIDING: Metric = deciding();

/** Of a gain, for all rungs together. */
const GAIN_P = 0.05;
/** A loss of less than this share is none. */
const LOSS_MIN = 0.01;
/** Nor is one that is no surer than this, after Holm: each of many rungs is asked for a loss, and tails wander. */
const LOSS_P = 0.01;

function deciding(): Metric {
  const metric = RUNG_METRICS.find(({ gate, movedBy }) => gate && movedBy === 'cpu');
  if (metric === undefined) throw new Error('no metric of CPU is told of rungs');
  return metric;
}

type Row = Rung<Step & { readonly model: string }>;

/**
 * The ladders of a run, in pairs within its blocks: what each rung adds to the nearest one below it that was measured, and
 * where to stop. Which rung comes after which is what the run says; of one that says nothing of it, what the registry says. No
 * families where there is nothing to climb.
 *
 * The rule, for each workload by itself: from the first rung on, step to a rung whose CPU per request is less than that
 * of the rung one stands on by more than the 95 % interval, with p < 0.05 for all rungs together (Bonferroni), that none
 * before it comes below, and that loses nothing elsewhere beside the one that one stands on: neither CPU under another
 * workload nor throughput or a tail under any, by more than a hundredth and with p < 0.01 among all that is judged of the
 * two. Beside the rung one stands on and not beside each: of many small steps none may show, and yet all of them do. Over
 * all workloads it is the geometric mean of their CPU.
 */
export function ladderOf(result: RunResult, summary: RunSummary = summarize(result)): Ladder {
  const { settings } = result.record;
  const rows = inOrder(stepsOf(settings.entries));
  const compare = comparer(result);
  const families = treesOf(rows).filter((tree) => tree.length > 1);
  return {
    metrics: RUNG_METRICS.map(({ id }) => id),
    workloads: settings.workloads.map((workload) => ({
      id: workload.id,
      title: workload.title,
      connections: connectionsOf(workload),
    })),
    families: [...byFamily(families)].map(([family, rungs]) => familyOf(family, rungs, { summary, compare })),
  };
}

/** Rows that stand for their model: doubles and variants are other experiments. */
function stepsOf(entries: readonly Entry[]): (Step & { readonly model: string })[] {
  const own = entries.filter(({ label, model, variant }) => label === model && variant === undefined);
  const told = own.some(({ after }) => after !== undefined);
  const labels = new Set(own.map(({ label }) => label));
  // Of a run of some rungs only, a step may span several.
  const nearest = (model: string): string | null => {
    const after = findModel(model)?.after ?? null;
    return after === null || labels.has(after) ? after : nearest(after);
  };
  return own.map(({ label, model, after }) => ({
    label,
    model,
    after: told ? (after ?? null) : nearest(model),
  }));
}

/** Each first rung with all that come after it. */
function treesOf(rows: readonly Row[]): Row[][] {
  const trees: Row[][] = [];
  for (const row of rows) {
    if (row.after === null) trees.push([]);
    trees.at(-1)?.push(row);
  }
  return trees;
}

/** Trees of one family are one ladder with several first rungs. */
function byFamily(trees: readonly Row[][]): Map<string, Row[]> {
  const families = new Map<string, Row[]>();
  for (const tree of trees) {
    const model = tree[0]?.model ?? '';
    const family = findModel(model)?.family ?? model;
    families.set(family, [...(families.get(family) ?? []), ...tree]);
  }
  return families;
}

/** @param of every metric that is told of rungs, or the deciding one alone, which takes a fifth of the time. */
type Compare = (base: string, current: string, of: 'all' | 'deciding') => Comparison;

/** Two rows of the run, judged in pairs, each two once. */
function comparer(result: RunResult): Compare {
  const sides = new Map<string, RunResult>();
  const sideOf = (label: string): RunResult => {
    const side = sides.get(label) ?? rowOf(result, label, 'rung');
    sides.set(label, side);
    return side;
  };
  const known = new Map<string, Comparison>();
  const metrics = { all: RUNG_METRICS.map(({ id }) => id), deciding: [DECIDING.id] };
  return (base, current, of) => {
    const key = JSON.stringify([base, current, of]);
    const found =
      known.get(key) ??
      compareRuns([sideOf(base)], [sideOf(current)], {
        ...COMPARE_DEFAULTS,
        ...{ detect: LOSS_MIN, isDetectSaid: true, metrics: metrics[of] },
      });
    known.set(key, found);
    return found;
  };
}

interface Context {
  readonly summary: RunSummary;
  readonly compare: Compare;
}

function familyOf(family: string, rungs: readonly Row[], context: Context): LadderFamily {
  const { summary, compare } = context;
  const workloads = summary.workloads.map(({ workload }) => workload.id);
  const measuredIn = (workload: string) =>
    rungs.filter(({ label }) => rowIn(summary, { label, workload })?.status === 'measured');
  const climbs = workloads.map((workload) => ({ workload, rungs: measuredIn(workload) }));
  const climbed = climbs.filter(({ rungs: own }) => own.length > 0);
  const everywhere =
    climbed.length === 0 ? [] : rungs.filter((rung) => climbed.every(({ rungs: own }) => own.includes(rung)));
  return {
    family,
    rungs: rungs.map((rung) => ({ ...rung, title: findModel(rung.model)?.title ?? rung.model })),
    steps: climbs.map(({ workload, rungs: measured }) => ({
      workload,
      rungs: rungs.map((rung) => stepOf(rung, { workload, rungs, measured: new Set(measured) }, context)),
    })),
    stops: [
      ...climbs.map(({ workload, rungs: measured }) => stopOf(workload, measured, compare)),
      ...(workloads.length > 1 ? [stopOf(null, everywhere, compare)] : []),
    ],
  };
}

function rowIn(
  summary: RunSummary,
  { label, workload }: { readonly label: string; readonly workload: string },
): RowSummary | undefined {
  return summary.workloads
    .find((group) => group.workload.id === workload)
    ?.rows.find((row) => row.label === label);
}

interface Place {
  readonly workload: string;
  readonly rungs: readonly Row[];
  readonly measured: ReadonlySet<Row>;
}

function stepOf(rung: Row, place: Place, { summary, compare }: Context): LadderStep {
  const row = rowIn(summary, { label: rung.label, workload: place.workload });
  const nothing = { label: rung.label, against: null, values: {}, changes: [], leftOut: [] };
  if (row === undefined) return { ...nothing, status: 'not-run', reason: 'it is not in this run' };
  if (row.status !== 'measured') return { ...nothing, status: row.status, reason: whyNot(row) };
  const against = nearestMeasured(rung, place);
  const comparison = against === null ? null : compare(against.label, rung.label, 'all');
  const isHere = (one: { readonly workload: string }) => one.workload === place.workload;
  return {
    label: rung.label,
    status: 'measured',
    reason: null,
    against: against?.label ?? null,
    values: Object.fromEntries(RUNG_METRICS.map(({ id }) => [id, row.metrics[id]?.value ?? null])),
    changes: RUNG_METRICS.flatMap((metric): StepChange[] => {
      const found = comparison?.metrics.find((one) => isHere(one) && one.metric === metric.id);
      if (found === undefined) return [];
      return [{ metric: metric.id, change: found.change, better: isBetter(found.change, metric) }];
    }),
    leftOut: [...(comparison?.leftOut ?? []), ...(comparison?.missing ?? [])].flatMap((one) =>
      isHere(one) && one.metric !== null ? [{ metric: one.metric, reason: one.reason }] : [],
    ),
  };
}

function whyNot(row: Exclude<RowSummary, { readonly status: 'measured' }>): string {
  if (row.status === 'skipped') return row.reason;
  return row.failures[0] ?? 'the run ended before it';
}

function nearestMeasured(rung: Row, { rungs, measured }: Pick<Place, 'rungs' | 'measured'>): Row | null {
  const below = rungs.find(({ label }) => label === rung.after);
  if (below === undefined || measured.has(below)) return below ?? null;
  return nearestMeasured(below, { rungs, measured });
}

function isBetter(change: Change, metric: Metric): boolean | null {
  const isWorse = directionOf(change, metric);
  return isWorse === null ? null : !isWorse;
}

/** @param workload null: over all. @param rungs that were measured, in their order. */
function stopOf(workload: string | null, rungs: readonly Row[], compare: Compare): LadderStop {
  const [first, ...others] = rungs;
  if (first === undefined)
    return { workload, label: null, outcome: 'nothing', first: null, change: null, passedOver: [] };
  const cpu = (base: Row, current: Row): Cost | null =>
    costOf(compare(base.label, current.label, 'deciding'), workload);
  const isBestYet = (rung: Row) =>
    rungs.slice(0, rungs.indexOf(rung)).every((before) => (cpu(before, rung)?.change.ratio ?? 1) < 1);
  let stop = first;
  const passedOver: { rung: Row; losses: Loss[] }[] = [];
  for (const rung of others) {
    if (!isLess(cpu(stop, rung), others.length) || !isBestYet(rung)) continue;
    const losses = lossesOf(compare(stop.label, rung.label, 'all'), workload);
    if (losses.length > 0) passedOver.push({ rung, losses });
    else stop = rung;
  }
  const changes = others.map((rung) => cpu(first, rung)?.change ?? null);
  return {
    workload,
    label: stop.label,
    outcome: stop !== first ? 'gain' : outcomeOfFirst(changes),
    first: first.label,
    change: stop === first ? null : (cpu(first, stop)?.change ?? null),
    passedOver: passedOver.flatMap(({ rung, losses }) => {
      const cost = cpu(stop, rung);
      // What a later rung reaches without the loss is not worth telling.
      return cost === null || !isLess(cost, others.length)
        ? []
        : [{ label: rung.label, change: cost.change, losses }];
    }),
  };
}

function outcomeOfFirst(changes: readonly (Change | null)[]): LadderStop['outcome'] {
  const known = changes.filter((change): change is Change => change !== null && change.interval !== null);
  if (known.length === 0 && changes.length > 0) return 'undecided';
  return known.every((change) => directionOf(change, DECIDING) === null) ? 'no-difference' : 'first';
}

/** @param rungs that are asked the same. */
function isLess(cost: Cost | null, rungs: number): boolean {
  if (cost === null || directionOf(cost.change, DECIDING) !== false) return false;
  return cost.pValue !== null && cost.pValue * rungs < GAIN_P;
}

type Cost = Pick<MetricComparison, 'change' | 'pValue'>;

/** CPU per request of a comparison. */
function costOf({ metrics, overall }: Comparison, workload: string | null): Cost | null {
  const found =
    workload === null
      ? overall.find(({ metric, cells }) => metric === DECIDING.id && cells > 0)
      : metrics.find((one) => one.metric === DECIDING.id && one.workload === workload);
  return found ?? null;
}

const LOST = RUNG_METRICS.filter(({ movedBy }) => movedBy === 'cpu' || movedBy === 'wall');

/** What a rung loses beside what it is chosen for. */
function lossesOf({ metrics }: Comparison, workload: string | null): Loss[] {
  return metrics
    .filter(({ metric, verdict }) => verdict === 'regressed' && LOST.some(({ id }) => id === metric))
    .filter(({ adjustedP }) => adjustedP !== null && adjustedP < LOSS_P)
    .filter((one) => one.metric !== DECIDING.id || one.workload !== workload)
    .map(({ workload: where, metric, change }) => ({ workload: where, metric, change }));
}
