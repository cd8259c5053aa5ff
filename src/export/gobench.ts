import { gobenchUnit, METRICS } from '../metrics/registry.ts';
import type { MeasuredTrial, RunRecord } from '../results/schema.ts';
import { NS_PER_S } from '../util/units.ts';
import { measuredCells } from './cells.ts';
import type { Exporter } from './exporter.ts';

/**
 * Go's benchmark format, for `benchstat -col kernel`: keys of the file, then one line per block and
 * cell. Source: golang.org/design/14313-benchmark-format and golang.org/x/perf/benchfmt.
 */
export const gobenchExporter: Exporter = {
  id: 'gobench',
  title: 'benchstat: one line per block',
  files: ['gobench.txt'],
  write: (input) => {
    const lines = measuredCells(input).flatMap(({ label, workload, trials }) =>
      trials.flatMap((trial) => lineOf(nameOf(label, workload), trial)),
    );
    return [[...keysOf(input.result.record), ...UNITS, '', ...lines, ''].join('\n')];
  },
};

/** benchstat takes lower for better unless a unit says otherwise. */
const UNITS = METRICS.filter(({ better }) => better === 'higher').map(
  (metric) => `Unit ${gobenchUnit(metric)} better=higher`,
);

/**
 * benchstat makes a table of its own for every set of keys and compares within it: what differs between
 * any two runs, such as their ids, is no key.
 */
function keysOf({ environment, tool }: RunRecord): readonly string[] {
  const keys = {
    kernel: environment.kernel,
    arch: environment.arch,
    cpu: environment.cpuModel,
    governor: environment.governor,
    tool: `${tool.name} ${tool.version}`,
  };
  return Object.entries(keys).flatMap(([key, value]) =>
    value === null ? [] : [`${key}: ${oneLine(value)}`],
  );
}

/** `ns/op` is what it is in Go: elapsed time over operations, 1e9 / (req/s). */
function lineOf(name: string, { observation }: MeasuredTrial): readonly string[] {
  const { requests } = observation;
  // The format has no room for a benchmark that did nothing.
  if (requests.completed === 0) return [];
  const values: readonly (readonly [number | null, string])[] = [
    [NS_PER_S / observation.throughputPerS, 'ns/op'],
    ...METRICS.map((metric) => [metric.ofTrial(observation), gobenchUnit(metric)] as const),
  ];
  const texts = values.flatMap(([value, unit]) =>
    value === null || !Number.isFinite(value) ? [] : [`${value} ${unit}`],
  );
  return [[name, requests.completed, ...texts].join(' ')];
}

function nameOf(label: string, workload: string): string {
  const name = `BenchmarkEcho/model=${escapeName(label)}/workload=${escapeName(workload)}`;
  // A number at the end is taken for GOMAXPROCS, and off the name: this one may be.
  return /-\d+$/.test(name) ? `${name}-1` : name;
}

/** Percent-encodes what would end the name or a part of it, so that different labels stay different. */
function escapeName(text: string): string {
  return text
    .replaceAll(/\p{Cs}/gu, '\uFFFD')
    .replaceAll(/[\s\p{C}%/=]+/gu, (found) => encodeURIComponent(found));
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
