import { describe, expect, test } from 'vitest';
import { EXPORTERS } from '../export/index.ts';
import { exportInput, exportText } from '../fixtures/export-input.ts';
import { fixtureFilesRun } from '../fixtures/files.ts';
import { withGuest } from '../fixtures/guest.ts';
import { withHardware } from '../fixtures/hardware.ts';
import { fixtureRun } from '../fixtures/run.ts';
import type { RunResult } from '../results/schema.ts';
import { summarize } from '../summary/summarize.ts';
import { bmfName, findMetric, gobenchUnit, METRICS, prometheusName, snakeName } from './registry.ts';

const NAME_OF = {
  csv: snakeName,
  influx: snakeName,
  bmf: bmfName,
  gobench: gobenchUnit,
  prometheus: prometheusName,
  openmetrics: prometheusName,
} as const;

test('No two metrics share an id, a name or a stem', () => {
  for (const key of ['id', 'name', 'title', 'stem'] as const)
    expect(new Set(METRICS.map((metric) => metric[key])).size).toBe(METRICS.length);
});

describe('A metric is called by one name in every format:', () => {
  /** Service times exist in open loops only. */
  const everywhere = METRICS.filter(({ quantile }) => quantile?.of !== 'service');
  const cases = Object.entries(NAME_OF).flatMap(([format, nameOf]) =>
    everywhere.map((metric) => ({ format, name: nameOf(metric) })),
  );
  test.each(cases)('$format has $name', ({ format, name }) => {
    const exporter = EXPORTERS.find(({ id }) => id === format);
    if (exporter === undefined) throw new Error(`no exporter ${format}`);
    // A guest has no times, a host no path length, a server with one loop no workers, and connections no file.
    const runs = [
      withHardware(fixtureRun()),
      withGuest(fixtureRun()),
      withWorkers(fixtureRun()),
      fixtureFilesRun(),
    ];
    expect(runs.map((run) => exportText(exporter, exportInput(run))).join('\n')).toContain(name);
  });
});

test('A row of the summary holds every metric, with the numbers that its other members have', () => {
  const [row] = summarize(fixtureRun()).workloads[0]?.rows ?? [];
  if (row?.status !== 'measured') throw new Error('the fixture begins with a measured row');
  expect(Object.keys(row.metrics)).toEqual(METRICS.map(({ id }) => id));
  expect(row.metrics).toMatchObject({
    throughputPerS: {
      value: row.throughputPerS.value,
      q1: row.throughputPerS.q1,
      q3: row.throughputPerS.q3,
    },
    responseP50Ns: { value: row.response.p50.valueNs, enough: row.response.p50.enough },
    responseP99Ns: { value: row.response.p99.valueNs, enough: row.response.p99.enough },
    responseP999Ns: { value: row.response.p999.valueNs, enough: row.response.p999.enough },
    cpuNsPerRequest: { value: row.server.cpuNsPerRequest },
    clientCpuNsPerRequest: { value: row.client.cpuNsPerRequest },
    syscallsPerRequest: { value: row.server.syscallsPerRequest },
    contextSwitchesPerRequest: { value: row.server.contextSwitchesPerRequest },
    rssMaxBytes: { value: row.server.rssMaxBytes },
    threadsMax: { value: row.server.threads },
  });
});

test('Goodput is the bytes that came back for completed requests, one way', () => {
  const [trial] = fixtureRun().trials;
  if (trial?.status !== 'measured') throw new Error('the fixture begins with a measured trial');
  const { requests, windowNs } = trial.observation;
  const goodput = METRICS.find(({ id }) => id === 'goodputBytesPerS');
  expect(goodput?.ofTrial(trial.observation)).toBeCloseTo((requests.completed * 64 * 1e9) / windowNs, 3);
});

describe('Of what the CPU counts', () => {
  const [bare] = fixtureRun().trials;
  const countedOf = ({ trials }: RunResult) => trials.find(({ status }) => status === 'counted');
  const counting = countedOf(withHardware(fixtureRun()));
  const users = countedOf(withHardware(fixtureRun(), { instructionsKernel: null }));
  if (bare?.status !== 'measured' || counting?.status !== 'counted' || users?.status !== 'counted')
    throw new Error('the fixture has trials of both');
  const observations = [bare, counting, users].map(({ observation }) => observation);
  const of = (stem: string) => {
    const metric = METRICS.find((one) => one.stem === stem);
    return [...observations.map((o) => metric?.ofTrial(o)), metric?.ofRow(observations).value];
  };
  test.each([
    ['instructions_user', null, 1500, 1500, 1500],
    ['instructions_kernel', null, 9000, null, 9000],
    ['cycles', null, 12_000, 12_000, 12_000],
    // IPC takes both kinds of instructions.
    ['instructions_per_cycle', null, 0.875, null, 0.875],
    ['cache_misses', null, 20, 20, 20],
  ])('%s is of trials that have it, and null without', (stem, ...values) => {
    expect(of(stem)).toEqual(values);
  });
});

describe('In a guest whose clock counts instructions', () => {
  const [trial] = withGuest(fixtureRun(), { pathOf: () => 26_000 }).trials;
  if (trial?.status !== 'measured') throw new Error('the fixture begins with a measured trial');
  const { observation } = trial;
  test.each(
    METRICS.filter(({ unit }) => ['ns', 'ns-per-request', 'requests-per-second', 'bytes'].includes(unit)),
  )('$id has no value', (metric) => {
    expect(metric.ofTrial(observation)).toBeNull();
    expect(metric.ofRow([observation])).toEqual({ value: null, enough: true });
  });
  test.each([
    ['guestInstructionsPerRequest', 26_000],
    ['guestServerInstructionsPerRequest', 13_000],
    ['guestClientInstructionsPerRequest', 13_000],
    ['syscallsPerRequest', observation.server.syscallsPerRequest],
  ])('%s is %d', (id, value) => {
    expect(METRICS.find((metric) => metric.id === id)?.ofTrial(observation)).toBe(value);
  });
});

describe('A percentile of too few samples', () => {
  test.each(METRICS.filter(({ samplesNeeded }) => samplesNeeded !== null))('$id is no value', (metric) => {
    const [trial] = fixtureRun().trials;
    if (trial?.status !== 'measured') throw new Error('the fixture begins with a measured trial');
    const count = (metric.samplesNeeded ?? 0) - 1;
    const latency = { count, sumNs: 0, minNs: 1, maxNs: 1, histogram: [1, count] };
    const [job] = fixtureFilesRun().trials;
    if (job?.status !== 'measured') throw new Error('the fixture begins with a measured trial');
    const measured = metric.domains.includes('socket') ? trial.observation : job.observation;
    const file = measured.file && { ...measured.file, submit: latency };
    const observation = { ...measured, file, response: latency, service: latency };
    expect(metric.ofTrial(observation)).toBeNull();
    expect(metric.ofRow([observation])).toMatchObject({ enough: false });
    // Too many blocks to lack samples, and one too few beyond it.
    const blocks = (of: number) => Array.from({ length: of }, () => observation);
    expect(metric.ofRow(blocks(4))).toMatchObject({ enough: false });
    expect(metric.ofRow(blocks(5))).toMatchObject({ enough: true, low: 1, high: 1 });
  });
});

/** Servers of two workers, one of which accepted three times as much as the other. */
function withWorkers(run: RunResult): RunResult {
  const trials = run.trials.map((trial) =>
    trial.status === 'failed'
      ? trial
      : {
          ...trial,
          observation: {
            ...trial.observation,
            server: { ...trial.observation.server, acceptedByWorker: [1, 3] },
          },
        },
  );
  return { ...run, trials };
}

test('Connections are balanced where every worker accepted as many', () => {
  const [trial] = withWorkers(fixtureRun()).trials;
  if (trial?.status !== 'measured') throw new Error('the fixture begins with a measured trial');
  const { observation } = trial;
  const of = (acceptedByWorker: number[] | null) =>
    findMetric('connectionImbalance')?.ofTrial({
      ...observation,
      server: { ...observation.server, acceptedByWorker },
    });
  expect([[4, 4], [1, 3], [0, 0, 9], [7], [0, 0], null].map(of)).toEqual([1, 1.5, 3, 1, null, null]);
});
