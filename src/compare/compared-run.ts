import type { Metric } from '../metrics/metric.ts';
import { METRICS } from '../metrics/registry.ts';
import type { TrialsReading } from '../results/lines.ts';
import type {
  CountedTrial,
  MeasuredTrial,
  Observation,
  ObservedTrial,
  RunOf,
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

/** A run as it is compared: whole, or what was kept of it. */
export type ComparedRun = RunOf<ComparedTrial>;
export type ComparedTrial = TrialResult | KeptTrial;

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
 * How runs are to be read of which these metrics are compared and nothing else, so that many fit into memory.
 * @param ids null: those that are `judged`.
 */
export function keptFor(ids: readonly MetricId[] | null): TrialsReading<ComparedTrial> {
  const metrics = METRICS.filter(
    (metric) => (ids?.includes(metric.id) ?? metric.judged) || AGREEING.includes(metric),
  );
  const once = shared();
  return {
    keep: (trial) => (trial.status === 'failed' ? trial : keptTrial(trial, metrics, once)),
    histograms: metrics.some(({ quantile }) => quantile !== undefined),
  };
}

/** Texts and connections that are alike, as one: in nearly all trials they are. */
interface Once {
  text<T extends string>(value: T): T;
  congestion(value: Observation['congestion']): Observation['congestion'];
}

function shared(): Once {
  const texts = new Map<string, string>();
  let last: Observation['congestion'] = null;
  return {
    text: <T extends string>(value: T): T => {
      const known = texts.get(value);
      if (known !== undefined) return known as T;
      texts.set(value, value);
      return value;
    },
    congestion: (value) => {
      if (last?.server !== value?.server || last?.client !== value?.client) last = value;
      return value === null ? null : last;
    },
  };
}

const UNMARKED: Pick<Observation['contamination'], 'marks'> = { marks: [] };

function keptTrial(trial: ObservedTrial, metrics: readonly Metric[], once: Once): KeptTrial {
  const { status, block, label, model, workload, observation } = trial;
  const { saturation, congestion, pathLength, contamination, server } = observation;
  const { wakeups = 0, events = 0 } = server.counters;
  return {
    status,
    block,
    label: once.text(label),
    model: once.text(model),
    workload: once.text(workload),
    observation: {
      saturation: once.text(saturation),
      congestion: once.congestion(congestion),
      pathLength,
      contamination: contamination.marks.length === 0 ? UNMARKED : { marks: contamination.marks },
      server: { syscallsPerRequest: server.syscallsPerRequest, counters: { wakeups, events } },
    },
    values: Object.fromEntries(metrics.map((metric) => [metric.id, metric.ofTrial(observation)])),
  };
}
