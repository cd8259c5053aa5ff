import type { Metric } from '../metrics/metric.ts';
import { METRICS } from '../metrics/registry.ts';
import type {
  CountedTrial,
  MeasuredTrial,
  Observation,
  ObservedTrial,
  RunResult,
  TrialResult,
} from '../results/schema.ts';
import type { MetricId } from './result.ts';

/** What a comparison reads of a trial beside its metrics. */
type ToldOfTrial = Pick<Observation, 'saturation' | 'congestion' | 'pathLength'> & {
  readonly contamination: Pick<Observation['contamination'], 'marks'>;
  readonly server: {
    readonly syscallsPerRequest: number | null;
    readonly counters: Readonly<Record<string, number>>;
  };
};

/** What is kept of a trial for comparisons: a tenth of it, so that a hundred runs fit into little memory. */
export interface KeptTrial extends Pick<ObservedTrial, 'status' | 'block' | 'label' | 'model' | 'workload'> {
  readonly observation: ToldOfTrial;
  /** By metric, of those that it was kept for. */
  readonly values: Readonly<Record<MetricId, number | null>>;
}

/** Trials that metrics are taken from. */
export type UsedTrial = MeasuredTrial | CountedTrial | KeptTrial;

/** A run as it is compared: whole, or what `keptRun` kept of it. */
export interface ComparedRun extends Omit<RunResult, 'trials'> {
  readonly trials: readonly (TrialResult | KeptTrial)[];
}

/** A cell in one run. */
export interface CellRun<Trial extends UsedTrial = UsedTrial> {
  readonly run: ComparedRun;
  readonly trials: readonly Trial[];
  readonly clean: readonly Trial[];
  /** Whether the best of these agree in CPU: where they do not, nothing else of them was at its best either. */
  readonly agrees: boolean;
}

/** What a burst hits first: the best trials of a cell in a run agree in these, or it was not at its best. */
export const AGREEING: readonly Metric[] = METRICS.filter(({ gate, movedBy }) => gate && movedBy === 'cpu');

/** Null: could not be measured in this trial. Throws where it was not kept. */
export function readMetric(metric: Pick<Metric, 'id' | 'ofTrial'>, trial: UsedTrial): number | null {
  if (!('values' in trial)) return metric.ofTrial(trial.observation);
  const value = trial.values[metric.id];
  if (value === undefined) throw new Error(`${metric.id} was not kept of this run`);
  return value;
}

/**
 * How runs are to be read that are compared by these metrics, so that many fit into memory: a part of `HistoryOptions`.
 * @param ids null: those that are `judged`.
 */
export function keptFor(ids: readonly MetricId[] | null): {
  readonly keep: (run: RunResult) => ComparedRun;
  readonly histograms: boolean;
} {
  const metrics = METRICS.filter(
    (metric) => (ids?.includes(metric.id) ?? metric.judged) || AGREEING.includes(metric),
  );
  return {
    keep: (run) => keptRun(run, metrics),
    histograms: metrics.some(({ quantile }) => quantile !== undefined),
  };
}

/** A run of which these metrics can be compared, and nothing else. */
function keptRun(run: RunResult, metrics: readonly Metric[]): ComparedRun {
  const { record, calibrations, problems, trials } = run;
  const once = shared();
  return {
    record,
    calibrations,
    problems,
    trials: trials.map((trial) => (trial.status === 'failed' ? trial : keptTrial(trial, metrics, once))),
  };
}

/** Values that are alike, as one: by far the most of what is kept is. */
type Once = <T>(value: T) => T;

function shared(): Once {
  const known = new Map<string, unknown>();
  return <T>(value: T): T => {
    const key = JSON.stringify(value);
    if (!known.has(key)) known.set(key, value);
    return known.get(key) as T;
  };
}

function keptTrial(trial: ObservedTrial, metrics: readonly Metric[], once: Once): KeptTrial {
  const { status, block, label, model, workload, observation } = trial;
  const { saturation, congestion, pathLength, contamination, server } = observation;
  const { wakeups = 0, events = 0 } = server.counters;
  return {
    status,
    block,
    label: once(label),
    model: once(model),
    workload: once(workload),
    observation: {
      saturation: once(saturation),
      congestion: once(congestion),
      pathLength,
      contamination: once({ marks: contamination.marks }),
      server: { syscallsPerRequest: server.syscallsPerRequest, counters: { wakeups, events } },
    },
    values: Object.fromEntries(metrics.map((metric) => [metric.id, metric.ofTrial(observation)])),
  };
}
