import { max, median } from 'simple-statistics';
import { derivedSeed } from '../plan/order.ts';
import type { NoiseCertificate } from '../results/noise-schema.ts';
import { type Entry, type RunResult, SCHEMA_VERSION } from '../results/schema.ts';
import { groupBy } from '../stats/group-by.ts';
import type { Comparison, MetricComparison } from './result.ts';

/** How often the two labels are dealt anew. */
export const SPLITS = 20;
/** Blocks on each side below which halves are not compared. */
const HALF_MIN = 4;
/**
 * A change of the half-width is called in half of the runs, for its estimate has the spread of a normal
 * distribution around it. To be called in 4 of 5 it must be larger by the 80 % quantile of that:
 * 1 + 0.8416 / 1.9600 half-widths.
 */
const POWER_80 = 1 + 0.8416 / 1.96;

export interface NoiseOptions {
  readonly seed: number;
  /** Times the half-width: see `SPLITS`. */
  readonly splits?: number;
  /** What is to be certified: `compare`, on one run a side. */
  readonly compare: (base: RunResult, current: RunResult) => Comparison;
}

type Alarms = NoiseCertificate['metrics'][number]['together'];

/** The two rows of each model in an A/A run, by model. Throws where a model has not two. */
export function twinsOf(entries: readonly Entry[]): ReadonlyMap<string, readonly [string, string]> {
  const models = [...new Set(entries.map((entry) => entry.model))];
  return new Map(
    models.map((model) => {
      const [first, second, ...more] = entries.filter((entry) => entry.model === model);
      if (first === undefined || second === undefined || more.length > 0)
        throw new Error(`an A/A run has every model twice; ${model} is there otherwise`);
      return [model, [first.label, second.label]];
    }),
  );
}

/**
 * What `compare` says of an A/A run, in which every model stands twice and nothing differs.
 *
 * - **Together**: each split deals the two rows of a model to the two sides anew in every block, so that
 *   both sides have all blocks, and all drift, in common.
 * - **Apart**: the first half of the blocks against the second, each with both rows of a model, so that
 *   the sides have no time in common: as two runs, one after the other.
 */
export function certifyNoise(result: RunResult, options: NoiseOptions): NoiseCertificate {
  const { record } = result;
  const blocks = blocksOf(result);
  const together = Array.from({ length: options.splits ?? SPLITS }, (_, split) => {
    const [base, current] = dealt(result, blocks, derivedSeed(options.seed, split));
    return options.compare(base, current);
  });
  const half = Math.floor(blocks.length / 2);
  const apart =
    2 * half < HALF_MIN
      ? null
      : options.compare(
          stacked(result, 'base', blocks.slice(0, half)),
          stacked(result, 'current', blocks.slice(-half)),
        );
  return {
    schemaVersion: SCHEMA_VERSION,
    runId: record.runId,
    measuredAt: record.startedAt,
    tool: record.tool,
    environment: record.environment,
    blocks: blocks.length,
    durationMs: record.settings.durationMs,
    models: [...twinsOf(record.settings.entries).keys()],
    workloads: record.settings.workloads.map((workload) => workload.id),
    together: { splits: together.length, alarmed: together.filter(isAlarmed).length },
    apart: apart && { blocks: 2 * half, alarmed: isAlarmed(apart) },
    ...summaries(
      together.flatMap((comparison) => comparison.metrics),
      apart?.metrics ?? [],
    ),
  };
}

function isAlarmed(comparison: Comparison): boolean {
  return comparison.counts.regressed + comparison.counts.improved > 0;
}

function summaries(
  together: readonly MetricComparison[],
  apart: readonly MetricComparison[],
): Pick<NoiseCertificate, 'metrics' | 'cells'> {
  const byCell = groupBy(together, ({ label, workload, metric }) => `${label} ${workload} ${metric}`);
  const cells = [...byCell.values()].flatMap((of) => (of[0] ? [cellOf(of[0], of)] : []));
  const metrics = [...groupBy(together, ({ metric }) => metric)].map(([metric, of]) => {
    const own = cells.filter((cell) => cell.metric === metric);
    return {
      metric,
      threshold: of[0]?.detect ?? 0,
      together: alarmsOf(of),
      apart: alarmsOf(apart.filter((comparison) => comparison.metric === metric)),
      halfWidth: overCells(own.map((cell) => cell.halfWidth)),
      detectable: overCells(own.map((cell) => cell.detectable)),
    };
  });
  return { metrics, cells };
}

function cellOf(
  { label, workload, metric, detect }: MetricComparison,
  comparisons: readonly MetricComparison[],
): NoiseCertificate['cells'][number] {
  const middle = median(comparisons.map(({ change }) => reachOf(change)));
  const reach = Number.isFinite(middle) ? middle : null;
  return {
    label,
    workload,
    metric,
    together: alarmsOf(comparisons),
    halfWidth: reach === null ? null : Math.expm1(reach),
    detectable: reach === null ? null : Math.max(detect, Math.expm1(POWER_80 * reach)),
  };
}

/** Half of the interval as a logarithm, which is as far up as down; Infinity where there is none. */
function reachOf({ interval }: MetricComparison['change']): number {
  return interval === null ? Number.POSITIVE_INFINITY : Math.log(interval.high / interval.low) / 2;
}

function alarmsOf(comparisons: readonly MetricComparison[]): Alarms {
  const times = (...verdicts: readonly string[]) =>
    comparisons.filter(({ verdict }) => verdicts.includes(verdict)).length;
  return {
    comparisons: comparisons.length,
    falseAlarms: times('regressed', 'improved'),
    inconclusive: times('inconclusive'),
  };
}

/** Null unless every cell has one: the worst of them is then unknown. */
function overCells(values: readonly (number | null)[]): { median: number; max: number } | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0 || known.length < values.length) return null;
  return { median: median(known), max: max(known) };
}

function blocksOf(result: RunResult): number[] {
  const blocks = new Set(result.trials.map((trial) => trial.block));
  return [...blocks].sort((a, b) => a - b);
}

/** Where a trial of the A/A run goes: a block of a side; null: not to this side. */
type Place = (trial: {
  readonly block: number;
  readonly model: string;
  readonly twin: 0 | 1;
}) => number | null;

function dealt(result: RunResult, blocks: readonly number[], seed: number): [RunResult, RunResult] {
  const models = [...twinsOf(result.record.settings.entries).keys()];
  const first = (block: number, model: string) => derivedSeed(seed, block, models.indexOf(model)) & 1;
  const place =
    (side: 0 | 1): Place =>
    ({ block, model, twin }) =>
      (first(block, model) ^ side) === twin ? blocks.indexOf(block) : null;
  return [
    sideOf(result, { name: 'base', place: place(0), sources: blocks }),
    sideOf(result, { name: 'current', place: place(1), sources: blocks }),
  ];
}

/** Both rows of a model, as two blocks each. */
function stacked(result: RunResult, name: Side['name'], blocks: readonly number[]): RunResult {
  const place: Place = ({ block, twin }) =>
    blocks.includes(block) ? 2 * blocks.indexOf(block) + twin : null;
  return sideOf(result, { name, place, sources: blocks.flatMap((block) => [block, block]) });
}

interface Side {
  readonly name: 'base' | 'current';
  readonly place: Place;
  /** Which block of the A/A run each block of this side is of. */
  readonly sources: readonly number[];
}

/**
 * A run of one row per model. It has an id of its own: two labels of one run, `compare` would pair block
 * by block, which two runs cannot be.
 */
function sideOf(result: RunResult, { name, place, sources }: Side): RunResult {
  const { record } = result;
  const twins = twinsOf(record.settings.entries);
  const labels = new Set([...twins.values()].map(([first]) => first));
  const trials = result.trials.flatMap((trial) => {
    const [first = trial.label, second] = twins.get(trial.model) ?? [];
    const block = place({ block: trial.block, model: trial.model, twin: trial.label === second ? 1 : 0 });
    return block === null ? [] : [{ ...trial, label: first, block }];
  });
  return {
    record: {
      ...record,
      runId: `${record.runId}-${name}`,
      settings: {
        ...record.settings,
        entries: record.settings.entries.filter((entry) => labels.has(entry.label)),
        blocks: sources.length,
      },
      cells: record.cells.filter((cell) => labels.has(cell.label)),
      timing: record.timing && { ...record.timing, blocks: sources.length },
    },
    trials,
    calibrations: sources.flatMap((source, block) =>
      result.calibrations.filter((known) => known.block === source).map((known) => ({ ...known, block })),
    ),
    problems: [],
  };
}
