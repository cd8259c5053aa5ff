import { median } from 'simple-statistics';
import { derivedSeed, shuffled } from '../plan/order.ts';
import type { NoiseCertificate, NoiseDesign, NoiseRate } from '../results/noise-schema.ts';
import type { Entry, MeasuredTrial, RunResult } from '../results/schema.ts';
import { NOISE_SCHEMA_VERSION } from '../results/schema-id.ts';
import { groupBy } from '../stats/group-by.ts';
import { wilson } from '../stats/wilson.ts';
import { uncleanReasons, usualSpeed } from '../summary/clean-trials.ts';
import { kindOf } from './levels.ts';
import type { Comparison } from './result.ts';
import { slowed } from './slowed.ts';

/** How often blocks are drawn and the labels dealt anew. */
export const DRAWS = 100;
/** How often runs are drawn from the history: these comparisons take longer, and are worth few in any case. */
const RUN_DRAWS = 40;
/** Fewer equal runs make no two sides with a history. */
export const RUNS_MIN = 4;
const THREES_MIN = 7;
/**
 * What is found, or passes, hangs on how large the noise of these blocks is, which they share: of 17 of them, shares
 * scattered in simulation as those of a third as many independent comparisons do. False alarms hang on it much less.
 */
const BLOCKS_PER_FINDING = 3;

export interface NoiseOptions {
  readonly seed: number;
  /** What is to be found, as a share: this and twice this. */
  readonly detect: number;
  /** Stored runs of the host, with the settings of this one. */
  readonly history: readonly RunResult[];
  /** What is to be certified. */
  readonly compare: (
    base: readonly RunResult[],
    current: readonly RunResult[],
    history: readonly RunResult[],
  ) => Comparison;
}

/** Two sides that differ in nothing, and what else is known. */
interface Equals {
  readonly base: readonly RunResult[];
  readonly current: readonly RunResult[];
  readonly history: readonly RunResult[];
}

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
 * What `compare` says of equals, and of a known change, by resampling.
 *
 * - **Pairs**, of an A/A run: blocks are drawn with replacement, and in each the two rows of a model are dealt anew to the
 *   two sides. No more of these comparisons are independent than there are blocks, and of what hangs on the size of the
 *   noise than a third of them.
 * - **Runs**, of the history: two equal runs, the others as history; and three a side where enough are stored. No more are
 *   independent than there are disjoint sides of runs: the variance of a mean over all pairs is at most that over as many
 *   that share none. Hoeffding (1948), "A class of statistics with asymptotically normal distribution".
 * @param measured the A/A run; null: the history alone, of which the last run says what is certified.
 */
export function certifyNoise(measured: RunResult | null, asked: NoiseOptions): NoiseCertificate {
  const result = measured && withoutCounted(measured);
  const options = { ...asked, history: asked.history.map(withoutCounted) };
  const last = result ?? options.history.at(-1);
  if (last === undefined) throw new Error('nothing to certify: neither a run nor a history');
  const { record } = last;
  return {
    schemaVersion: NOISE_SCHEMA_VERSION,
    runId: record.runId,
    source: result === null ? 'history' : 'run',
    measuredAt: record.startedAt,
    tool: record.tool,
    environment: record.environment,
    detect: options.detect,
    blocks: blocksOf(last).length,
    durationMs: record.settings.durationMs,
    models: [...new Set(record.settings.entries.map(({ model }) => model))],
    workloads: record.settings.workloads.map((workload) => workload.id),
    pairs: result === null ? null : pairsDesign(result, options),
    runs: runsDesign(options, 1),
    threes: runsDesign(options, 3),
  };
}

/** The noise is that of times. */
function withoutCounted(run: RunResult): RunResult {
  return { ...run, trials: run.trials.filter(({ status }) => status !== 'counted') };
}

function pairsDesign(result: RunResult, options: NoiseOptions): NoiseDesign {
  const marked = withReasons(result);
  const blocks = blocksOf(result);
  const equals = Array.from({ length: DRAWS }, (_, draw) => dealt(marked, derivedSeed(options.seed, draw)));
  const independent = Math.min(DRAWS, blocks.length);
  return designOf(equals, options, { independent, findings: independent / BLOCKS_PER_FINDING, sideRuns: 0 });
}

/** Of the kind of which most runs are stored; null where these are too few. */
function runsDesign(options: NoiseOptions, size: number): NoiseDesign | null {
  const kinds = [...groupBy(options.history, kindOf).values()].sort((a, b) => b.length - a.length);
  const [own = []] = kinds;
  if (own.length < (size === 1 ? RUNS_MIN : THREES_MIN)) return null;
  const equals = Array.from({ length: RUN_DRAWS }, (_, draw): Equals => {
    const order = shuffled(own, derivedSeed(options.seed, size, draw));
    const [base, current] = [order.slice(0, size), order.slice(size, 2 * size)];
    const taken = new Set([...base, ...current]);
    return { base, current, history: options.history.filter((run) => !taken.has(run)) };
  });
  const independent = Math.floor(own.length / (2 * size));
  return designOf(equals, options, { independent, findings: independent, sideRuns: size });
}

interface Worth extends Pick<NoiseDesign, 'independent' | 'sideRuns'> {
  /** Independent comparisons that all but false alarms are worth. */
  readonly findings: number;
}

function designOf(
  equals: readonly Equals[],
  { compare, detect }: NoiseOptions,
  { independent, findings, sideRuns }: Worth,
): NoiseDesign {
  const judged = (factor: number) =>
    equals.map(({ base, current, history }) =>
      compare(base, factor === 1 ? current : current.map((run) => slowed(run, factor)), history),
    );
  const rate = (all: readonly Comparison[], worth: number, is: (one: Comparison) => boolean): NoiseRate => {
    const times = all.filter(is).length;
    return { times, of: all.length, worth, ...wilson(times / all.length, worth) };
  };
  const same = judged(1);
  return {
    comparisons: equals.length,
    independent,
    sideRuns,
    equal: {
      falseAlarms: rate(same, independent, isAlarmed),
      passed: rate(same, findings, (one) => one.outcome === 'passed' && !isAlarmed(one)),
      inconclusive: rate(same, findings, ({ outcome }) => outcome === 'inconclusive'),
    },
    found: [1, 2].map((times) => ({
      change: times * detect,
      regressed: rate(judged(1 + times * detect), findings, ({ outcome }) => outcome === 'regressed'),
    })),
    halfWidths: halfWidthsOf(same),
  };
}

/** A change was called where there is none. */
function isAlarmed({ outcome, overall }: Comparison): boolean {
  return outcome === 'regressed' || overall.some(({ verdict, gate }) => gate && verdict === 'improved');
}

function halfWidthsOf(comparisons: readonly Comparison[]): NoiseDesign['halfWidths'] {
  const widths = comparisons.flatMap(({ overall }) =>
    overall.flatMap(({ metric, change: { interval } }) =>
      interval === null ? [] : [{ metric, width: Math.sqrt(interval.high / interval.low) - 1 }],
    ),
  );
  return [...groupBy(widths, ({ metric }) => metric)].map(([metric, own]) => ({
    metric,
    halfWidth: median(own.map(({ width }) => width)),
  }));
}

function blocksOf(result: RunResult): number[] {
  const blocks = new Set(result.trials.map((trial) => trial.block));
  return [...blocks].sort((a, b) => a - b);
}

/** Why a trial is not clean becomes its mark: a block that is drawn again stands beside other calibrations. */
function withReasons(result: RunResult): RunResult {
  const usual = usualSpeed(result.calibrations);
  const marked = (trial: MeasuredTrial): MeasuredTrial => ({
    ...trial,
    observation: {
      ...trial.observation,
      contamination: {
        ...trial.observation.contamination,
        marks: uncleanReasons(trial, result.calibrations, usual),
      },
    },
  });
  const trials = result.trials.map((trial) => (trial.status === 'measured' ? marked(trial) : trial));
  return { ...result, trials, calibrations: [] };
}

/** Both sides of one run, from blocks that are drawn with replacement, with the rows of each model dealt anew. */
function dealt(result: RunResult, seed: number): Equals {
  const blocks = blocksOf(result);
  const drawn = blocks.map((_, place) => blocks[derivedSeed(seed, 1, place) % blocks.length] ?? 0);
  const twins = twinsOf(result.record.settings.entries);
  const models = [...twins.keys()];
  const isFirst = (place: number, model: string) =>
    (derivedSeed(seed, 2, place, models.indexOf(model)) & 1) === 0;
  const byBlock = groupBy(result.trials, ({ block }) => block);
  const side = (of: 'base' | 'current'): RunResult => {
    const firsts = new Set([...twins.values()].map(([first]) => first));
    const trials = drawn.flatMap((source, place) =>
      (byBlock.get(source) ?? []).flatMap((trial) => {
        const [first = trial.label, second] = twins.get(trial.model) ?? [];
        const goesToBase = (trial.label === second) !== isFirst(place, trial.model);
        return goesToBase === (of === 'base') ? [{ ...trial, label: first, block: place }] : [];
      }),
    );
    const { record } = result;
    return {
      ...result,
      record: {
        ...record,
        cells: record.cells.filter(({ label }) => firsts.has(label)),
        settings: {
          ...record.settings,
          entries: record.settings.entries.filter(({ label }) => firsts.has(label)),
        },
      },
      trials,
    };
  };
  return { base: [side('base')], current: [side('current')], history: [] };
}
