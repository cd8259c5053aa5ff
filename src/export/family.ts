import type { RunRecord } from '../results/schema.ts';
import type { ExportCell } from './cells.ts';
import { originOf } from './origin.ts';

/** Null and the empty text are no label. */
export type Labels = Readonly<Record<string, string | null>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** In Unix milliseconds, in a history; absent: now. */
  readonly atMs?: number;
}

/**
 * A metric with all of its samples, before it is a text in one of the two formats. There are no counters: a
 * total of one run does not go on in the next one, and Prometheus would make a growth of the two.
 */
export interface Family {
  /** Without `_info`; ends in the unit where there is one. */
  readonly name: string;
  readonly type: 'gauge' | 'info';
  readonly unit: 'seconds' | 'bytes' | null;
  /** One line. */
  readonly help: string;
  readonly samples: readonly Sample[];
}

const PREFIX = 'iomodels_bench_';

/** A gauge; values that are not there, or not finite, are no samples. */
export function gauge(
  name: string,
  help: string,
  samples: readonly (readonly [Labels, number | null | undefined])[],
): Family {
  return {
    name: `${PREFIX}${name}`,
    type: 'gauge',
    unit: name.endsWith('_seconds') ? 'seconds' : name.endsWith('_bytes') ? 'bytes' : null,
    help,
    samples: samples.flatMap(([labels, value]) =>
      typeof value === 'number' && Number.isFinite(value) ? [{ labels, value }] : [],
    ),
  };
}

/** What is told by labels alone: the value is always 1. */
export function info(name: string, help: string, labels: readonly Labels[]): Family {
  const samples = labels.map((one) => ({ labels: one, value: 1 }));
  return { name: `${PREFIX}${name}`, type: 'info', unit: null, help, samples };
}

/** What tells hosts and kernels apart, where their samples come together. */
export function originLabels(record: RunRecord): Labels {
  const { host, kernel, arch, clock, guest } = originOf(record);
  return { host, kernel, arch, ...(clock === null ? {} : { clock, guest }) };
}

/** The label `model` is the row's: `epoll-lt#2` where a model is entered again. */
export function cellLabels(
  record: RunRecord,
  { label, workload }: Pick<ExportCell, 'label' | 'workload'>,
): Labels {
  return { ...originLabels(record), model: label, workload };
}
